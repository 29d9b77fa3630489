package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"github.com/wneessen/go-mail/smtp"

	"vestnik/engine"
)

// TestClassify has the replies of the RFCs and those that big mailbox providers really give.
func TestClassify(t *testing.T) {
	for _, test := range []struct {
		in    stage
		reply string
		want  engine.Reason
	}{
		{rcptTo, "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table", engine.BadAddress},
		{rcptTo, "550 5.1.1 The email account that you tried to reach does not exist.", engine.BadAddress},
		{rcptTo, "550 5.1.2 Bad destination system", engine.BadAddress},
		{rcptTo, "553 5.1.3 Bad destination mailbox address syntax", engine.BadAddress},
		{rcptTo, "550 5.1.10 RESOLVER.ADR.RecipientNotFound", engine.BadAddress},
		{rcptTo, "550 5.1.0 Address rejected", engine.BadAddress},
		{rcptTo, "556 5.1.10 Recipient address has null MX", engine.BadAddress},
		{rcptTo, "550 5.4.1 Recipient address rejected: Access denied", engine.BadAddress},
		{rcptTo, "550 5.4.4 Host not found", engine.BadAddress},
		{rcptTo, "550 No such user here", engine.BadAddress},
		{rcptTo, "550 Message was not accepted -- invalid mailbox. Local mailbox is unavailable: user not found", engine.BadAddress},
		{rcptTo, "550", engine.BadAddress},
		{rcptTo, "551 User not local", engine.BadAddress},
		{rcptTo, "553 Mailbox name not allowed", engine.BadAddress},
		{rcptTo, "501 Bad address syntax", engine.BadAddress},
		{content, "550 5.1.1 User unknown", engine.BadAddress},
		{content, "550 5.6.7 Non-ASCII addresses are not supported", engine.BadAddress},

		{rcptTo, "550 5.7.1 Mail refused by policy", engine.Refused},
		{rcptTo, "550 5.7.606 Access denied, banned sending IP", engine.Refused},
		{rcptTo, "550 rejected by our block list", engine.Refused},
		{rcptTo, "554 5.7.1 Service unavailable; Client host blocked using zen.example", engine.Refused},
		{content, "550 spam message rejected. Please visit the postmaster's page", engine.Refused},
		{content, "554 5.7.1 Message rejected under suspicion of SPAM", engine.Refused},
		{content, "550-5.7.26 Unauthenticated email is not accepted", engine.Refused},
		{content, "554 Transaction failed", engine.Refused},
		{rcptTo, "550 5.4.6 Routing loop detected", engine.Refused},
		{rcptTo, "599 something new", engine.Refused},

		{rcptTo, "552 5.2.2 Mailbox full", engine.Unavailable},
		{rcptTo, "550 5.2.2 quota", engine.Unavailable},
		{rcptTo, "552 Mailbox is full", engine.Unavailable},
		{rcptTo, "554 user is over quota", engine.Unavailable},
		{rcptTo, "550 5.2.1 Mailbox disabled, not accepting messages", engine.Unavailable},
		{content, "554 5.3.2 Not accepting messages now", engine.Unavailable},

		{content, "552 5.3.4 Message too big for system", engine.BadMessage},
		{content, "552 Message size exceeds the limit", engine.BadMessage},
		{mailFrom, "552 5.3.4 Message size exceeds fixed limit", engine.BadMessage},
		{mailFrom, "552 too big", engine.BadMessage},
		{content, "550 5.2.3 Message length exceeds the mailbox's limit", engine.BadMessage},
		{content, "554 5.6.0 Message content is not acceptable", engine.BadMessage},

		{mailFrom, "421 4.7.0 Too many connections", engine.Throttled},
		{connecting, "421 too many connections from your host", engine.Throttled},
		{rcptTo, "421", engine.Throttled},
		{rcptTo, "451 4.7.1 Please slow down", engine.Throttled},
		{rcptTo, "450 4.7.1 Rate limit exceeded", engine.Throttled},
		{rcptTo, "451 4.5.1 The recipient has exceeded their message rate limit. Try again later.", engine.Throttled},
		{rcptTo, "452 4.5.3 Too many recipients", engine.Throttled},

		{rcptTo, "450 4.2.0 <a@b.example>: Greylisted for 5 minutes", engine.Unavailable},
		{rcptTo, "451 4.7.1 Greylisting in action, please come back later", engine.Unavailable},
		{rcptTo, "450 4.1.1 unverified address", engine.Unavailable},
		{rcptTo, "452 4.2.2 Mailbox full", engine.Unavailable},
		{content, "452 4.3.1 Insufficient system storage", engine.Unavailable},
		{content, "451 4.3.0 Queue file write error", engine.Unavailable},
		{mailFrom, "421 4.3.2 Service shutting down", engine.Unavailable},
		{mailFrom, "421 4.4.2 Connection timed out", engine.Unavailable},
		{rcptTo, "450 Mailbox busy", engine.Unavailable},
		{content, "", engine.Unavailable},

		{auth, "535 5.7.8 Authentication credentials invalid", engine.Misconfigured},
		{auth, "535 Incorrect authentication data", engine.Misconfigured},
		{auth, "534 5.7.9 Application-specific password required", engine.Misconfigured},
		{auth, "454 4.7.0 Temporary authentication failure", engine.Unavailable},
		{mailFrom, "530 5.7.0 Authentication required", engine.Misconfigured},
		{mailFrom, "530 Must issue a STARTTLS command first", engine.Misconfigured},
		{mailFrom, "553 5.7.1 Sender address rejected: not owned by user", engine.Misconfigured},
		{mailFrom, "550 5.1.8 Sender's domain not found", engine.Misconfigured},
		{rcptTo, "550 5.1.7 Bad sender's address", engine.Misconfigured},
		{rcptTo, "554 5.7.1 <a@b.example>: Relay access denied", engine.Misconfigured},
		{rcptTo, "550 relaying denied", engine.Misconfigured},
		{connecting, "554 No SMTP service here", engine.Misconfigured},
		{content, "503 5.5.1 Bad sequence of commands", engine.Misconfigured},
		{mailFrom, "555 Parameters not recognized", engine.Misconfigured},
	} {
		said := parsed(test.reply)
		if got, _ := classify(test.in, said); got != test.want {
			t.Errorf("%q after %s is %s, want %s", test.reply, stageNames[test.in], got, test.want)
		}
		if got, _ := classify(test.in, said); said.Code/100 == 4 && !got.Temporary() {
			t.Errorf("%q is temporary and became %s", test.reply, got)
		}
	}
}

// parsed reads "550-5.1.1 text" as session.read would.
func parsed(line string) reply {
	if len(line) < 3 {
		return reply{}
	}
	code := 0
	if _, err := fmt.Sscanf(line[:3], "%d", &code); err != nil {
		panic(err)
	}
	return replyOf(code, strings.TrimLeft(line[3:], " -"))
}

// TestClassifyKnowsEveryCode checks that no code falls through the rules and that 4xx stays temporary at every stage.
func TestClassifyKnowsEveryCode(t *testing.T) {
	for _, in := range []stage{connecting, auth, mailFrom, rcptTo, content} {
		for code := 400; code < 600; code++ {
			got, own := classify(in, reply{Code: code})
			if own && code != 556 {
				t.Errorf("%d alone is taken for the mailbox's own", code)
			}
			if got == engine.Unknown || !got.Known() {
				t.Errorf("%d after %s is %q", code, stageNames[in], got)
			}
			if code < 500 && !got.Temporary() {
				t.Errorf("%d after %s became final: %s", code, stageNames[in], got)
			}
		}
	}
}

func TestReplyOf(t *testing.T) {
	for _, test := range []struct {
		code    int
		message string
		want    string
	}{
		{550, "5.1.1 no such user", "550 5.1.1"},
		{550, "no such user", "550"},
		{550, "4.1.1 of another class", "550"},
		{550, "5.1 not an enhanced code", "550"},
		{421, "", "421"},
		{0, "", ""},
	} {
		if got := replyOf(test.code, test.message).code(); got != test.want {
			t.Errorf("%d %q has the code %q, want %q", test.code, test.message, got, test.want)
		}
	}
}

func TestBreakdown(t *testing.T) {
	for _, test := range []struct {
		err  error
		want engine.Reason
	}{
		{io.EOF, engine.Unavailable},
		{context.DeadlineExceeded, engine.Unavailable},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, engine.Unavailable},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, engine.Unavailable},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, engine.Misconfigured},
		{fmt.Errorf("STARTTLS: %w", errSettings), engine.Misconfigured},
		{smtp.ErrUnencrypted, engine.Misconfigured},
		{&textproto.Error{Code: 421, Msg: "4.7.0 too many connections"}, engine.Throttled},
		{&textproto.Error{Code: 554, Msg: "no"}, engine.Misconfigured},
	} {
		fault := breakdown(connecting, test.err)
		if fault.Reason != test.want {
			t.Errorf("%v is %s, want %s", test.err, fault.Reason, test.want)
		}
	}
}

func TestAnonymous(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"<Ivan.Petrov@mail.example>: User unknown", "<<address>>: User unknown"},
		{"user ivan.petrov unknown", "user <address> unknown"},
		{"see https://x.example/?to=ivan.petrov%40mail.example now", "see https:<address> now"},
		{"Ivan.Petrov\r\nis away", "<address> is away"},
		{"ivan.petrovich is somebody else", "ivan.petrovich is somebody else"},
		{"for иван@почта.рф", "for <address>"},
		{"blocked using zen.example", "blocked using zen.example"},
	} {
		if got := anonymous(test.text, "ivan.petrov@mail.example"); got != test.want {
			t.Errorf("%q became %q, want %q", test.text, got, test.want)
		}
	}
	if long := anonymous(strings.Repeat("я", 5000), ""); len([]rune(long)) > 201 {
		t.Errorf("%d letters are left of a long text", len([]rune(long)))
	}
}

// TestHints tells refusals that speak of our pace from those that speak of a mailbox, of greylisting, or of nothing.
func TestHints(t *testing.T) {
	for _, test := range []struct {
		in   stage
		said reply
		want hint
	}{
		{rcptTo, reply{451, "4.5.1", "The recipient has exceeded their message rate limit. Try again later."}, tooQuick},
		{rcptTo, reply{421, "4.7.0", "Try again later, closing connection."}, tooQuick},
		{content, reply{421, "4.7.28", "Our system has detected an unusual rate of mail"}, tooQuick},
		{content, reply{450, "", "Too many messages from your address"}, tooQuick},
		{rcptTo, reply{451, "4.4.1", "timeout"}, unwell},
		{content, reply{421, "4.3.2", "closing down"}, unwell},
		{content, reply{451, "", "local error"}, unwell},
		{rcptTo, reply{451, "4.7.1", "Greylisted, come again"}, silent},
		{rcptTo, reply{452, "4.2.2", "mailbox full"}, silent},
		{rcptTo, reply{450, "4.1.1", "address not verified yet"}, silent},
		{rcptTo, reply{550, "5.7.1", "too many complaints"}, silent},
		{mailFrom, reply{451, "4.7.0", "too many connections"}, silent}, // that is the relay
	} {
		if got := hintOf(test.in, test.said); got != test.want {
			t.Errorf("%d %s %s: %d, want %d", test.said.Code, test.said.Enhanced, test.said.Text, got, test.want)
		}
	}
}
