package inbound

import (
	"net"
	"sync"
	"time"
)

// gate is a listener that lets in so many connections at once, and so many of one host. Others are told to come later (421, RFC 5321 §3.8).
type gate struct {
	net.Listener
	all, perHost int
	life         time.Duration // a connection has at most

	mu     sync.Mutex
	inside map[string]int
	count  int
}

// lives is how many times ServerOptions.Idle a connection may last: time for several messages, and an end to one that only drips.
const lives = 4

func newGate(l net.Listener, o ServerOptions) *gate {
	return &gate{Listener: l, all: o.Connections, perHost: o.PerHost, life: lives * o.Idle, inside: map[string]int{}}
}

// Accept gives the next connection that may come in.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
		if g.enter(host) {
			return &guest{Conn: conn, end: time.Now().Add(g.life), leave: sync.OnceFunc(func() { g.leave(host) })}, nil
		}
		_ = conn.SetDeadline(time.Now().Add(time.Second)) // short: others wait behind it, and a fresh connection has room for a line
		_, _ = conn.Write([]byte("421 4.3.2 too many connections, come later\r\n"))
		_ = conn.Close()
	}
}

func (g *gate) enter(host string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count >= g.all || g.inside[host] >= g.perHost {
		return false
	}
	g.count++
	g.inside[host]++
	return true
}

func (g *gate) leave(host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count--
	if g.inside[host]--; g.inside[host] == 0 {
		delete(g.inside, host)
	}
}

// guest is a connection whose deadlines never go beyond its end.
type guest struct {
	net.Conn
	end   time.Time
	leave func()
}

// Close gives the place back.
func (c *guest) Close() error {
	c.leave()
	return c.Conn.Close()
}

func (c *guest) until(t time.Time) time.Time {
	if t.IsZero() || t.After(c.end) {
		return c.end
	}
	return t
}

// SetDeadline bounds the deadline.
func (c *guest) SetDeadline(t time.Time) error { return c.Conn.SetDeadline(c.until(t)) }

// SetReadDeadline bounds the deadline.
func (c *guest) SetReadDeadline(t time.Time) error { return c.Conn.SetReadDeadline(c.until(t)) }

// SetWriteDeadline bounds the deadline.
func (c *guest) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.until(t)) }
