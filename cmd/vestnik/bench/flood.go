package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"sync/atomic"
)

// lineMessages is how many messages one bare connection carries before it is replaced: as many as the e-mail channel's (see email.Config).
const lineMessages = 150

// flood sends one message n times over bare connections, with as little work as SMTP allows: this is what the machine and the server can do.
func (p *post) flood(n int, block []byte, send func(l *line, envelope string, block []byte) error) error {
	var next atomic.Int64
	return together(p.lines, func() (err error) {
		var l *line
		defer func() { l.close() }()
		for sent := 0; next.Add(1) <= int64(n); sent++ {
			if sent%lineMessages == 0 {
				l.close()
				if l, err = dial(p.relay.Address()); err != nil {
					return err
				}
			}
			if err := send(l, p.envelope(), block); err != nil {
				return err
			}
		}
		return nil
	})
}

// envelope is what comes before the message, in one piece (RFC 2920).
func (p *post) envelope() string {
	return "MAIL FROM:<schet@merilo.example> BODY=8BITMIME\r\nRCPT TO:<resident0000000@mail.example>\r\nDATA\r\n"
}

// line is one bare connection to an SMTP server.
type line struct {
	conn  net.Conn
	in    *bufio.Reader
	ahead []byte // of follow: a message and the envelope of the next one; nil: no envelope was said yet
}

func dial(address string) (*line, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	l := &line{conn: conn, in: bufio.NewReader(conn)}
	if err := l.expect('2'); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "EHLO bench\r\n"); err != nil {
		return nil, err
	}
	return l, l.expect('2')
}

// send carries one message.
func (l *line) send(envelope string, block []byte) error {
	if _, err := io.WriteString(l.conn, envelope); err != nil {
		return err
	}
	for _, class := range []byte{'2', '2', '3'} {
		if err := l.expect(class); err != nil {
			return err
		}
	}
	if _, err := l.conn.Write(block); err != nil {
		return err
	}
	return l.expect('2')
}

// follow carries one message and announces the next one in the same write (RFC 2920 §3.1), as the e-mail channel does.
func (l *line) follow(envelope string, block []byte) error {
	classes := []byte{'2', '2', '2', '3'}
	if l.ahead == nil {
		l.ahead = append(append(l.ahead, block...), envelope...)
		if _, err := io.WriteString(l.conn, envelope); err != nil {
			return err
		}
		for _, class := range classes[1:] {
			if err := l.expect(class); err != nil {
				return err
			}
		}
	}
	if _, err := l.conn.Write(l.ahead); err != nil {
		return err
	}
	for _, class := range classes {
		if err := l.expect(class); err != nil {
			return err
		}
	}
	return nil
}

// expect reads a reply of a class (RFC 5321 §4.2.1).
func (l *line) expect(class byte) error {
	for {
		text, err := l.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(text) < 4 || text[0] != class {
			return fmt.Errorf("the server answers %q", text)
		}
		if text[3] != '-' {
			return nil
		}
	}
}

// close says goodbye; it may be called on none.
func (l *line) close() {
	if l != nil {
		_, _ = io.WriteString(l.conn, "QUIT\r\n")
		_ = l.conn.Close()
	}
}
