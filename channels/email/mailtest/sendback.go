package mailtest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// Certificate makes a certificate for 127.0.0.1 and localhost, and the authority it is checked against: itself.
func Certificate() (tls.Certificate, *x509.CertPool, error) { return certificate(false) }

// Report is a report of non-delivery (RFC 3464) of a mail, as a mail server called mailtest.example writes it: with the mail's header and not
// with the mail. enhanced is why (RFC 3463), words the same for people.
func Report(m Mail, enhanced, words string) []byte {
	header, _, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
	to := strings.Join(m.To, ", ")
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: Mail Delivery System <MAILER-DAEMON@mailtest.example>")
	line("To: <%s>", m.From)
	line("Subject: Undelivered Mail Returned to Sender")
	line("Date: %s", time.Now().Format(time.RFC1123Z))
	line("Auto-Submitted: auto-replied")
	line("MIME-Version: 1.0")
	line("Content-Type: multipart/report; report-type=delivery-status; boundary=\"=_report\"")
	line("\r\n--=_report\r\nContent-Type: text/plain; charset=utf-8\r\n")
	line("The mail could not be delivered to %s: %s", to, words)
	line("\r\n--=_report\r\nContent-Type: message/delivery-status\r\n")
	line("Reporting-MTA: dns; mailtest.example\r\n")
	line("Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: %s", to, enhanced)
	line("Diagnostic-Code: smtp; 550 %s %s", enhanced, words)
	line("\r\n--=_report\r\nContent-Type: text/rfc822-headers\r\n")
	line("Return-Path: <%s>\r\n%s", m.From, header)
	line("\r\n--=_report--")
	return b.Bytes()
}

// SendBack hands Report to the server where returned mail is taken, in the name of nobody. A server that wants it later is a *Later.
func SendBack(address string, m Mail, enhanced, words string) error {
	return deliver(address, m.From, Report(m, enhanced, words))
}

// patience is how long a server that takes returned mail may take to answer.
const patience = 30 * time.Second

func deliver(address, to string, raw []byte) error {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return fmt.Errorf("send mail back: %w", &Later{err})
	}
	c := smtp.NewClient(conn)
	c.CommandTimeout, c.SubmissionTimeout = patience, patience
	defer c.Close()
	if err = c.SendMail("", []string{to}, bytes.NewReader(raw)); err == nil {
		err = c.Quit()
	}
	if said, ok := errors.AsType[*smtp.SMTPError](err); err != nil && (!ok || said.Temporary()) {
		err = &Later{err}
	}
	if err != nil {
		return fmt.Errorf("send mail back: %w", err)
	}
	return nil
}

// Later is a message that was not taken now, and may be another time.
type Later struct{ Err error }

// Error tells why.
func (l *Later) Error() string { return "not now: " + l.Err.Error() }

// Unwrap gives the cause.
func (l *Later) Unwrap() error { return l.Err }
