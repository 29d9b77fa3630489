package mailtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Null is an SMTP server that takes every message and keeps nothing but their number: the far end of benchmarks, with as little work of
// its own as the protocol allows. It offers PIPELINING and 8BITMIME, and believes every command.
type Null struct {
	listener net.Listener
	count    atomic.Int64
	conns    sync.Map // of net.Conn
	serving  sync.WaitGroup
}

// StartNull starts a Null on a free port of the loopback interface.
func StartNull() (*Null, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &Null{listener: listener}
	n.serving.Go(n.accept)
	return n, nil
}

// URL is the address to send mail to, as email.ParseRelays reads it.
func (n *Null) URL() string { return "smtp://" + n.listener.Addr().String() + "?starttls=off" }

// Count is how many messages were taken.
func (n *Null) Count() int { return int(n.count.Load()) }

// Close ends all connections and waits for them.
func (n *Null) Close() {
	_ = n.listener.Close()
	n.conns.Range(func(conn, _ any) bool { _ = conn.(net.Conn).Close(); return true })
	n.serving.Wait()
}

func (n *Null) accept() {
	for {
		conn, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.conns.Store(conn, nil)
		n.serving.Go(func() {
			defer n.conns.Delete(conn)
			defer conn.Close()
			_ = n.serve(conn)
		})
	}
}

var endOfData = []byte("\r\n.\r\n")

// serve answers all commands of one read with one write.
func (n *Null) serve(conn net.Conn) error {
	if _, err := io.WriteString(conn, "220 null\r\n"); err != nil {
		return err
	}
	in, answers := make([]byte, 0, 32<<10), make([]byte, 0, 1024)
	data := false
	for {
		if len(in) == cap(in) {
			if !data {
				return errors.New("a line without an end")
			}
			in = in[:copy(in, in[len(in)-len(endOfData):])]
		}
		size, err := conn.Read(in[len(in):cap(in)])
		if err != nil {
			return err
		}
		in, answers = in[:len(in)+size], answers[:0]
		for {
			end := endOfData[3:]
			if data {
				end = endOfData
			}
			line, rest, found := bytes.Cut(in, end)
			if !found {
				break
			}
			if data {
				n.count.Add(1)
				line, data = nil, false
			} else {
				data = len(line) == 4 && bytes.EqualFold(line, []byte("DATA"))
			}
			answers = append(answers, reaction(line)...)
			in = in[:copy(in, rest)]
		}
		if len(answers) == 0 {
			continue
		}
		if _, err := conn.Write(answers); err != nil {
			return err
		}
	}
}

func reaction(line []byte) string {
	switch {
	case len(line) >= 4 && bytes.EqualFold(line[:4], []byte("EHLO")):
		return "250-null\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
	case bytes.EqualFold(line, []byte("DATA")):
		return "354 go\r\n"
	case bytes.EqualFold(line, []byte("QUIT")):
		return "221 bye\r\n"
	}
	return "250 ok\r\n"
}
