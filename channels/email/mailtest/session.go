package mailtest

import (
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Trouble is a way for the whole server to misbehave.
type Trouble int32

// The troubles.
const (
	None       Trouble = iota
	Silent             // accepts connections and commands, and does not answer MAIL
	Busy               // 421 4.7.0 to every MAIL
	RefuseTLS          // fails every TLS handshake
	RefuseAuth         // 535 5.7.8 to every AUTH
)

// Misbehave changes how the whole server behaves from now on, until the next call.
func (s *Sink) Misbehave(t Trouble) { s.trouble.Store(int32(t)) }

func (s *Sink) has(t Trouble) bool { return s.trouble.Load() == int32(t) }

func (s *Sink) handshake(*tls.ClientHelloInfo) (*tls.Config, error) {
	if s.has(RefuseTLS) {
		return nil, errors.New("told to refuse")
	}
	return nil, nil
}

// session is one connection of a client.
type session struct {
	sink    *Sink
	conn    net.Conn
	tls     bool
	stopped chan struct{}
	begun   int // transactions
	user    string
	from    string
	to      []string
}

func (s *Sink) session(conn *smtp.Conn) (smtp.Session, error) {
	_, encrypted := conn.TLSConnectionState()
	s.mu.Lock()
	defer s.mu.Unlock()
	return &session{sink: s, conn: conn.Conn(), tls: encrypted, stopped: s.stopped}, nil
}

func answer(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.begun++
	switch {
	case s.sink.has(Silent):
		<-s.stopped
		return io.EOF
	case s.sink.has(Busy), s.sink.options.Patience > 0 && s.begun > s.sink.options.Patience:
		return answer(421, smtp.EnhancedCode{4, 7, 0}, "too busy, come back later")
	case s.sink.options.User != "" && s.user == "":
		return answer(530, smtp.EnhancedCode{5, 7, 0}, "authentication required")
	}
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch trick(to) {
	case "bounce550":
		return answer(550, smtp.EnhancedCode{5, 1, 1}, "<"+to+">: user unknown")
	case "full552":
		return answer(552, smtp.EnhancedCode{5, 2, 2}, "<"+to+">: mailbox full")
	case "tempfail451":
		if s.sink.fails(to) {
			return answer(451, smtp.EnhancedCode{4, 7, 1}, "<"+to+">: greylisted, try again later")
		}
	case "hurried451":
		return answer(451, smtp.EnhancedCode{4, 7, 0}, "<"+to+">: rate limit exceeded, slow down")
	case "busy421":
		return answer(421, smtp.EnhancedCode{4, 7, 0}, "too many messages for "+to)
	}
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	last := trick(s.to[len(s.to)-1])
	if last == "cutmid" {
		_, _ = io.CopyN(io.Discard, r, 64)
		return s.cut()
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch last {
	case "spam554":
		return answer(554, smtp.EnhancedCode{5, 7, 1}, "this looks like spam")
	case "closing421":
		return answer(421, smtp.EnhancedCode{4, 3, 2}, "closing down")
	case "hang":
		<-s.stopped
		return io.EOF
	case "large552":
		return answer(552, smtp.EnhancedCode{5, 3, 4}, "too large")
	case "slow":
		select {
		case <-time.After(s.sink.options.Delay):
		case <-s.stopped:
		}
	}
	s.sink.keep(Mail{From: s.from, To: s.to, Raw: raw, TLS: s.tls, User: s.user, At: time.Now()})
	if last == "cutafter" {
		return s.cut()
	}
	return nil
}

// cut ends the connection without an answer.
func (s *session) cut() error {
	_ = s.conn.Close()
	return io.EOF
}

// trick is the part of an address that says how to misbehave.
func trick(address string) string {
	name, _, _ := strings.Cut(strings.ToLower(address), "@")
	name, _, _ = strings.Cut(name, "+")
	return name
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	switch {
	case s.sink.options.User == "":
		return nil
	case s.sink.options.LoginOnly:
		return []string{sasl.Login}
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if mechanism == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error { return s.signIn(user, password) }), nil
	}
	return &login{signIn: s.signIn}, nil
}

func (s *session) signIn(user, password string) error {
	right := subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(s.sink.options.User+"\x00"+s.sink.options.Password)) == 1
	if !right || s.sink.has(RefuseAuth) {
		return smtp.ErrAuthFailed
	}
	s.user = user
	return nil
}

// login is the server's side of AUTH LOGIN: it asks for the user, then for the password.
type login struct {
	signIn func(user, password string) error
	asked  int
	user   string
}

// Next implements sasl.Server.
func (l *login) Next(response []byte) ([]byte, bool, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.signIn(l.user, string(response))
}
