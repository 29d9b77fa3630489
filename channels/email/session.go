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
// Where the relay offers PIPELINING, it says MAIL, RCPT and DATA at once, and those of the next message in one write with the message before it
// (RFC 2920 §3.1 allows just that): one round trip a message. go-mail's own sending takes four at best and passes every byte through
// textproto's dot writer.
type session struct {
	relay      *relay
	client     *smtp.Client
	conn       net.Conn      // the bare connection, under TLS if there is any: deadlines are set here
	timeout    time.Duration // for one answer of the relay
	carries    int           // messages before it is to be replaced
	pipelining bool
	eightBit   bool // 8BITMIME (RFC 6152)
	utf8       bool // SMTPUTF8 (RFC 6531)

	sent   int         // transactions begun
	open   bool        // the last transaction was left open and wants RSET
	ahead  bool        // what comes before the next message has been said already
	share  *share      // of the sender who has it now
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
	silence bool          // the relay did not answer in time, nor any other connection of the sender meanwhile
	told    bool          // the relay answered for the message
	hint    hint          // what the recipient's domain says of our pace

	elsewhere bool // the relay has not seen the message and has no time for the sender: another relay may
}

// envelope is between which bare addresses a message goes.
type envelope struct{ from, to string }

// send carries one message, a block as letter.compose gives it. next is the envelope of the one that is to follow, nil if none is known: it is
// announced where that is possible (see ahead), and then the next call must be for it. The block may be appended to.
func (s *session) send(of envelope, block []byte, next *envelope) attempt {
	if !s.takes(of) {
		return attempt{fault: &engine.Fault{Reason: engine.BadAddress, Err: errNoUTF8}}
	}
	used, begun := s.sent > 0, time.Now()
	in, said, err := s.prepare(of)
	asked := err == nil && in == content && said.Code == 354
	if asked {
		said, err = s.data(block, next)
	}
	if s.share != nil && err == nil {
		s.share.heard.Store(time.Now().UnixNano())
	}
	if err != nil { // in the middle of the conversation, or of DATA: never to be used again
		s.broken = true
		silence := isTimeout(err)
		deaf := s.share == nil || s.share.heard.Load() <= begun.UnixNano()
		return attempt{fault: breakdown(in, err), again: used && in == mailFrom && !silence, silence: silence && deaf,
			elsewhere: in&(mailFrom|rcptTo) != 0}
	}
	if asked && said.Code/100 == 2 {
		return attempt{told: true}
	}
	closing := said.Code == 421 // RFC 5321 §3.8: the relay closes the connection after it
	s.broken = s.broken || closing
	return attempt{fault: refusal(in, said, of.to), again: used && in == mailFrom && closing, told: true,
		hint: hintOf(in, said), elsewhere: in == mailFrom && said.Code/100 == 4}
}

// takes reports whether the relay can be given the address at all.
func (s *session) takes(of envelope) bool { return s.utf8 || ascii(of.to) }

var errNoUTF8 = errors.New("the name of the address has letters beyond ASCII, for which the relay does not offer SMTPUTF8")

// command is one line of the envelope, in three pieces, and the stage its refusal belongs to.
type command struct {
	in                 stage
	verb, address, end string
}

// prepare says what comes before the message, unless it was said with the message before, and hears the answers. It gives the relay's first refusal
// and its stage, or the 354 that asks for the message.
func (s *session) prepare(of envelope) (stage, reply, error) {
	commands, said := s.commands(of), s.ahead
	s.ahead, s.open = false, true
	if !said {
		s.sent++
		if s.pipelining {
			if err := s.write(commands...); err != nil {
				return mailFrom, reply{}, err
			}
		}
	}
	s.extend(s.timeout)
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

func (s *session) commands(of envelope) []command {
	end := ">\r\n"
	switch {
	case !ascii(of.to):
		end = "> BODY=8BITMIME SMTPUTF8\r\n" // who offers one offers the other (RFC 6531 §3.1)
	case s.eightBit:
		end = "> BODY=8BITMIME\r\n"
	}
	commands := s.scratch[:0]
	if s.open {
		commands = append(commands, command{in: mailFrom, verb: "RSET\r\n"})
	}
	return append(commands,
		command{mailFrom, "MAIL FROM:<", of.from, end},
		command{rcptTo, "RCPT TO:<", of.to, ">\r\n"},
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

// data writes the message, and what comes before the next one, and reads what became of the first.
func (s *session) data(block []byte, next *envelope) (reply, error) {
	if next != nil && s.pipelining && s.sent < s.carries && s.takes(*next) {
		for _, c := range s.commands(*next) {
			block = append(append(append(block, c.verb...), c.address...), c.end...)
		}
		s.ahead = true
		s.sent++
	}
	out := s.client.Text.W
	for len(block) > piece { // bufio keeps the first error for Flush
		s.extend(s.timeout)
		_, _ = out.Write(block[:piece])
		block = block[piece:]
	}
	s.extend(s.timeout)
	_, _ = out.Write(block)
	if err := out.Flush(); err != nil {
		return reply{}, err
	}
	s.extend(s.timeout)
	return s.read()
}

// piece is how much of a message the relay has one timeout to take (RFC 5321 §4.5.3.2.5): a long message over a slow line is no silence.
const piece = 64 << 10

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
