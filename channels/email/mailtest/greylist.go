package mailtest

import (
	"bufio"
	"net"
	"strings"
	"sync"
)

// greylist is a policy server as Postfix asks one (SMTPD_POLICY_README): it has whoever writes to a greylisted address come again once.
type greylist struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool
	known map[string]bool // recipients that were sent away already
}

// greylisted begins the addresses that are refused once: greylisted+42@example.org.
const greylisted = "greylisted"

func startGreylist() (*greylist, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &greylist{listener: listener, open: map[net.Conn]bool{}, known: map[string]bool{}}
	g.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			g.mu.Lock()
			g.open[conn] = true
			g.mu.Unlock()
			g.serving.Go(func() { g.serve(conn) })
		}
	})
	return g, nil
}

// close ends all connections and waits until nobody is served.
func (g *greylist) close() {
	_ = g.listener.Close()
	g.mu.Lock()
	for conn := range g.open {
		_ = conn.Close()
	}
	g.mu.Unlock()
	g.serving.Wait()
}

// serve answers one Postfix process: requests are lines of name=value that end with an empty one.
func (g *greylist) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	recipient := ""
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if name == "recipient" {
			recipient = strings.ToLower(value)
		}
		if lines.Text() != "" {
			continue
		}
		if _, err := conn.Write([]byte("action=" + g.action(recipient) + "\n\n")); err != nil {
			return
		}
	}
}

func (g *greylist) action(recipient string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if trick(recipient) != greylisted || g.known[recipient] {
		return "DUNNO"
	}
	g.known[recipient] = true
	return "451 4.7.1 greylisted, try again later"
}
