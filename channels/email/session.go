package email

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"vestnik/engine"
)

// session is one open connection to a relay, ready for a message. One goroutine uses it at a time; only cut may come from another.
//
// It says MAIL, RCPT and DATA at once where the relay offers PIPELINING (RFC 2920), and writes the message as one block. go-mail's own
// sending takes four round trips a message at best and passes every byte through textproto's dot writer.
type session struct {
	relay      *relay
	client     *smtp.Client
	conn       net.Conn      // the bare connection, under TLS if there is any: deadlines are set here
	timeout    time.Duration // for one answer of the relay
	pipelining bool
	eightBit   bool // 8BITMIME (RFC 6152)
	utf8       bool // SMTPUTF8 (RFC 6531)

	sent   int         // transactions begun
	open   bool        // the last transaction was left open and wants RSET
	broken bool        // the conversation is lost: only Close remains
	idle   *time.Timer // closes the session while it lies in the pool

	scratch [4]command

	mu  sync.Mutex
	end time.Time // set by cut: no deadline goes beyond it
}

// attempt is what became of one message in one session.
type attempt struct {
	fault   *engine.Fault // nil: the relay took it
	again   bool          // the connection had gone before the relay looked at the message: another may try at once
	silence bool          // the relay did not answer in time
}

// send carries one message, a block as letter.compose gives it, between bare addresses.
func (s *session) send(from, to string, block []byte) attempt {
	if !s.utf8 && !ascii(to) {
		return attempt{fault: &engine.Fault{Reason: engine.BadAddress, Err: errNoUTF8}}
	}
	used := s.sent > 0
	s.sent++
	in, said, err := s.envelope(from, to)
	asked := err == nil && in == content && said.Code == 354
	if asked {
		said, err = s.data(block)
	}
	if err != nil { // in the middle of the conversation, or of DATA: never to be used again
		s.broken = true
		silence := isTimeout(err)
		return attempt{fault: breakdown(in, err), again: used && in == mailFrom && !silence, silence: silence}
	}
	if asked && said.Code/100 == 2 {
		return attempt{}
	}
	closing := said.Code == 421 // RFC 5321 §3.8: the relay closes the connection after it
	s.broken = s.broken || closing
	return attempt{fault: refusal(in, said, to), again: used && in == mailFrom && closing}
}

var errNoUTF8 = errors.New("the name of the address has letters beyond ASCII, for which the relay does not offer SMTPUTF8")

// command is one line of the envelope, in three pieces, and the stage its refusal belongs to.
type command struct {
	in                 stage
	verb, address, end string
}

// envelope says what comes before the message. It gives the relay's first refusal and its stage, or the 354 that asks for the message.
func (s *session) envelope(from, to string) (stage, reply, error) {
	commands := s.commands(from, to)
	s.open = true
	if s.pipelining {
		if err := s.write(commands...); err != nil {
			return mailFrom, reply{}, err
		}
	}
	for i, c := range commands {
		if !s.pipelining {
			if err := s.write(c); err != nil {
				return c.in, reply{}, err
			}
		}
		said, err := s.read()
		if err != nil {
			return c.in, reply{}, err
		}
		if c.in == content && said.Code == 354 {
			s.open = false
			return c.in, said, nil
		}
		if said.Code/100 != 2 || c.in == content {
			if s.pipelining {
				s.overhear(commands[i+1:])
			}
			return c.in, said, nil
		}
	}
	return content, reply{}, nil // not reached: DATA is last and always returns
}

func (s *session) commands(from, to string) []command {
	end := ">\r\n"
	switch {
	case !ascii(to):
		end = "> BODY=8BITMIME SMTPUTF8\r\n" // who offers one offers the other (RFC 6531 §3.1)
	case s.eightBit:
		end = "> BODY=8BITMIME\r\n"
	}
	commands := s.scratch[:0]
	if s.open {
		commands = append(commands, command{in: mailFrom, verb: "RSET\r\n"})
	}
	return append(commands,
		command{mailFrom, "MAIL FROM:<", from, end},
		command{rcptTo, "RCPT TO:<", to, ">\r\n"},
		command{in: content, verb: "DATA\r\n"})
}

// overhear reads the answers to commands that had been sent along before one was refused. A relay that asks for the message although it
// refused its only recipient gets an empty one, which it must refuse (RFC 2920 §3.1). An answer that is missing breaks the session
// and leaves the refusal as it is.
func (s *session) overhear(commands []command) {
	for _, c := range commands {
		said, err := s.read()
		if err == nil && c.in == content && said.Code == 354 {
			if err = s.write(command{verb: ".\r\n"}); err == nil {
				_, err = s.read()
			}
		}
		if err != nil {
			s.broken = true
			return
		}
	}
}

// data writes the message and reads what became of it.
func (s *session) data(block []byte) (reply, error) {
	s.extend(s.timeout)
	_, _ = s.client.Text.W.Write(block)
	if err := s.client.Text.W.Flush(); err != nil {
		return reply{}, err
	}
	return s.read()
}

func (s *session) write(commands ...command) error {
	s.extend(s.timeout)
	out := s.client.Text.W
	for _, c := range commands { // bufio keeps the first error for Flush
		_, _ = out.WriteString(c.verb)
		_, _ = out.WriteString(c.address)
		_, _ = out.WriteString(c.end)
	}
	return out.Flush()
}

// read takes one reply (RFC 5321 §4.2.1). The words of a good one are left out: nobody reads them.
func (s *session) read() (reply, error) {
	var text []byte
	for range 100 { // a relay that has more to say than that is none
		line, err := s.client.Text.R.ReadSlice('\n')
		if err != nil {
			return reply{}, err
		}
		line = bytes.TrimRight(line, "\r\n")
		code, more, ok := replyCode(line)
		if !ok {
			break
		}
		if code >= 400 && len(line) > 4 {
			text = append(append(text, line[4:]...), ' ')
		}
		if !more {
			return replyOf(code, string(text)), nil
		}
	}
	return reply{}, errReply
}

// replyCode takes "250-" or "250 " off a line; more tells that the reply goes on.
func replyCode(line []byte) (code int, more, ok bool) {
	if len(line) < 3 || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
		return 0, false, false
	}
	for _, digit := range line[:3] {
		if digit < '0' || digit > '9' {
			return 0, false, false
		}
		code = code*10 + int(digit-'0')
	}
	return code, len(line) > 3 && line[3] == '-', code >= 200 && code < 600
}

var errReply = errors.New("the relay said something that is no reply")

// extend gives the relay another timeout to answer, but never beyond the end that cut has set.
func (s *session) extend(timeout time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(timeout)
	if !s.end.IsZero() && s.end.Before(until) {
		until = s.end
	}
	_ = s.conn.SetDeadline(until) // fails on a closed connection only, and so does what follows
}

// cut ends the conversation after the grace, whatever it is waiting for then.
func (s *session) cut(grace time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = time.Now().Add(grace)
	_ = s.conn.SetDeadline(s.end)
}

// goodbye is how long a relay is waited for after QUIT.
const goodbye = time.Second

// close says QUIT, where that still makes sense, and closes the connection.
func (s *session) close() {
	if !s.broken {
		s.timeout = goodbye
		if s.write(command{verb: "QUIT\r\n"}) == nil {
			_, _ = s.read()
		}
	}
	_ = s.client.Close()
}
