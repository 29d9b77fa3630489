package inbound

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// listening starts a Server that ends with the test.
func (o *office) listening(options ServerOptions) string {
	o.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		o.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	server := NewServer(o.desk, options)
	go func() { ended <- server.Serve(ctx, l, 10*time.Second) }()
	o.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			o.Error(err)
		}
	})
	return l.Addr().String()
}

// caller speaks SMTP by hand.
type caller struct {
	*office
	net.Conn
	in *bufio.Reader
}

func (o *office) call(address string) *caller {
	o.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		o.Fatal(err)
	}
	return &caller{o, conn, bufio.NewReader(conn)}
}

// hears reads an answer, which must begin so.
func (c *caller) hears(want string) string {
	c.Helper()
	var all strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		all.WriteString(line)
		if err != nil || len(line) > 3 && line[3] == ' ' {
			if !strings.HasPrefix(line, want) {
				c.Fatalf("the answer is %q (%v), want %s", all.String(), err, want)
			}
			return all.String()
		}
	}
}

func (c *caller) says(line, want string) string {
	c.Helper()
	if _, err := io.WriteString(c.Conn, line+"\r\n"); err != nil {
		c.Fatal(err)
	}
	return c.hears(want)
}

// brings hands over a message without a sender.
func (c *caller) brings(to string, raw []byte, want string) {
	c.Helper()
	c.says("MAIL FROM:<>", "250")
	c.says("RCPT TO:<"+to+">", "250")
	c.says("DATA", "354")
	c.says(string(bytes.ReplaceAll(raw, []byte("\n."), []byte("\n..")))+"\r\n.", want)
}

func TestServerTakesWhatIsOurs(t *testing.T) {
	o := newOffice(t)
	about := o.letter(o.campaign, 5)
	to := "b+" + about + "@bounces.example"
	c := o.call(o.listening(ServerOptions{Name: "bounces.example"}))
	c.hears("220 bounces.example")
	if hello := c.says("EHLO mx.example.org", "250"); strings.Contains(hello, "AUTH") || strings.Contains(hello, "STARTTLS") {
		t.Errorf("it offers %q", hello)
	}
	c.brings(to, o.mail("postfix.hard", about), "250")
	c.brings(to, o.mail("postfix.hard", about), "250") // the same again: the engine counts it once
	c.brings("fbl@bounces.example", o.mail("mailru.complaint", about), "250")
	c.brings("Abuse@bounces.example", o.mail("mailru.complaint", "NAME"), "250")           // about a letter of somebody else, and without a sender
	c.brings("u+"+about+"@bounces.example", []byte("Subject: unsubscribe\r\n\r\n"), "250") // without a sender: no person's
	c.brings(to, o.mail("own.loop", about), "554 5.4.6")
	c.brings(to, o.mail("hops.loop", about), "554 5.4.6")
	c.says("MAIL FROM:<resident@example.org>", "250")
	for _, stranger := range []string{"resident@mail.ru", "postmaster+x@bounces.example", "b+@bounces.example", "b+" + about[1:] + "@bounces.example", about + "@bounces.example"} {
		c.says("RCPT TO:<"+stranger+">", "550 5.1.1")
	}
	c.says("DATA", "502")
	c.says("RCPT TO:<u+"+about+"@bounces.example>", "250")
	c.says("RCPT TO:<"+to+">", "452") // each letter apart
	c.says("DATA", "354")
	c.says("Subject: unsubscribe\r\n\r\n.", "250")
	c.says("AUTH PLAIN AGEAYg==", "5")
	c.says("QUIT", "221")

	facts := map[engine.Fact]int{}
	for _, seen := range o.observed() {
		facts[seen.Fact]++
	}
	if fmt.Sprint(facts) != "map[bounced:2 complained:1 unsubscribed:1]" {
		t.Errorf("observed %v", facts)
	}
	if fmt.Sprint(o.counts()) != "map[auto_reply:1 complaint:1 forged:1 hard:2 loop:2 rejected:5 unsubscribed:1]" {
		t.Errorf("counted %v", o.counts())
	}
}

func TestServerHasSendersComeAgainWhileStoresAreDown(t *testing.T) {
	o := newOffice(t)
	about := o.letter(o.campaign, 5)
	c := o.call(o.listening(ServerOptions{}))
	c.hears("220")
	c.says("HELO mx.example.org", "250")
	o.fail(engine.ErrDown)
	c.brings("b+"+about+"@bounces.example", o.mail("postfix.hard", about), "451 4.3.0")
	o.fail(nil)
	c.brings("b+"+about+"@bounces.example", o.mail("postfix.hard", about), "250")
}

// pours hands over a report followed by so many bytes of the letter.
func (c *caller) pours(about string, size int, want string) {
	c.Helper()
	head := c.mail("postfix.hard", about)
	head = head[:bytes.LastIndex(head, []byte("--3C1A71C09"))]
	c.says("MAIL FROM:<>", "250")
	c.says("RCPT TO:<b+"+about+"@bounces.example>", "250")
	c.says("DATA", "354")
	out, line := bufio.NewWriterSize(c, 1<<20), append(bytes.Repeat([]byte("the bill, "), 100), '\r', '\n')
	_, err := out.Write(head)
	for n := len(head); n < size && err == nil; n += len(line) {
		_, err = out.Write(line)
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		c.Fatal(err)
	}
	c.says(".", want)
}

// TestLargeBounces has 50 MB come back, which is read as far as it needs to be, and more than may come, which is not taken.
func TestLargeBounces(t *testing.T) {
	o := newOffice(t)
	about := o.letter(o.campaign, 5)
	c := o.call(o.listening(ServerOptions{}))
	c.hears("220")
	c.says("HELO mx.example.org", "250")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.pours(about, 50<<20, "250")
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 8 {
		t.Errorf("50 MB took %d MB of memory", got)
	}
	if list := o.observed(); len(list) != 1 || list[0].Fact != engine.Bounced {
		t.Errorf("observed %+v", list)
	}
	c.says("MAIL FROM:<> SIZE=90000000", "552")

	c = o.call(o.listening(ServerOptions{Most: 1 << 20}))
	c.hears("220")
	c.says("HELO mx.example.org", "250")
	c.pours(about, 2<<20, "552")
	c.brings("b+"+about+"@bounces.example", c.mail("postfix.hard", about), "250") // the conversation goes on
	if list := o.observed(); len(list) != 1 || o.counts()[Rejected] != 1 {
		t.Errorf("observed %+v, counted %v", list, o.counts())
	}
}

// TestServerBoundsConnections has hosts come too often, stay silent, drip, and leave in the middle.
func TestServerBoundsConnections(t *testing.T) {
	o := newOffice(t)
	about := o.letter(o.campaign, 5)
	address := o.listening(ServerOptions{PerHost: 2, Idle: 300 * time.Millisecond})
	first, second := o.call(address), o.call(address)
	first.hears("220")
	second.hears("220")
	o.call(address).hears("421 4.3.2")
	first.hears("421 4.4.2") // silent too long
	second.hears("421 4.4.2")
	free := func() *caller { // once their places are given back
		for {
			c := o.call(address)
			if line, _ := c.in.ReadString('\n'); strings.HasPrefix(line, "220") {
				return c
			}
		}
	}
	c := free()
	dripping := time.NewTicker(50 * time.Millisecond)
	defer dripping.Stop()
	for err := error(nil); err == nil; <-dripping.C { // until the connection's time is over
		_, err = io.WriteString(c.Conn, "NOOP\r\n")
	}
	c = free()
	c.says("HELO mx.example.org", "250")
	c.says("MAIL FROM:<>", "250")
	c.says("RCPT TO:<b+"+about+"@bounces.example>", "250")
	c.says("DATA", "354")
	if _, err := c.Write(o.mail("postfix.hard", about)); err != nil {
		t.Fatal(err)
	}
	_ = c.Close() // without the final dot
	free()
	if list := o.observed(); len(list) != 0 {
		t.Errorf("a message that did not end was observed: %+v", list)
	}
}

func TestServerEncrypts(t *testing.T) {
	o := newOffice(t)
	about := o.letter(o.campaign, 5)
	pair, roots, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	c := o.call(o.listening(ServerOptions{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}))
	c.hears("220")
	if hello := c.says("EHLO mx.example.org", "250"); !strings.Contains(hello, "STARTTLS") {
		t.Errorf("it offers %q", hello)
	}
	c.says("STARTTLS", "220")
	secure := tls.Client(c.Conn, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	c.Conn, c.in = secure, bufio.NewReader(secure)
	c.says("EHLO mx.example.org", "250")
	c.brings("b+"+about+"@bounces.example", o.mail("postfix.hard", about), "250")
	if len(o.observed()) != 1 {
		t.Error("nothing was observed")
	}
}
