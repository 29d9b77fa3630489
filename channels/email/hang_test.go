package email

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// talk is a relay at the other end of a pipe: it answers until a message is to come, and then does as it is told.
func talk(far net.Conn, then func(in *bufio.Reader)) {
	defer far.Close()
	in := bufio.NewReader(far)
	said := "220 pipe\r\n"
	for {
		if _, err := io.WriteString(far, said); err != nil {
			return
		}
		if strings.HasPrefix(said, "354") {
			then(in)
			return
		}
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if said = "250 ok\r\n"; strings.HasPrefix(line, "DATA") {
			said = "354 go\r\n"
		}
	}
}

// TestHangInTheMessage has relays that fall silent at each place of DATA: the time of one answer frees the session, and so does the end of ctx and its
// grace. A relay that takes a long message slowly, but takes it, is waited for.
func TestHangInTheMessage(t *testing.T) {
	stuck := func(_ *bufio.Reader, end <-chan struct{}) { <-end }
	mute := func(in *bufio.Reader, _ <-chan struct{}) { _, _ = io.Copy(io.Discard, in) }
	for _, test := range []struct {
		name  string
		cut   time.Duration // when ctx ends; 0: it does not
		then  func(in *bufio.Reader, end <-chan struct{})
		takes time.Duration
		fault bool
	}{
		{"does not read", 0, stuck, time.Minute, true},
		{"reads and does not answer", 0, mute, time.Minute, true},
		{"does not read, and ctx ends", 5 * time.Second, stuck, 7 * time.Second, true},
		{"does not answer, and ctx ends", 5 * time.Second, mute, 7 * time.Second, true},
		{"drips, and ctx ends", 70 * time.Second, drip, 72 * time.Second, true},
		{"drips", 0, drip, 10 * 40 * time.Second, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				end := make(chan struct{})
				var other sync.WaitGroup
				other.Go(func() {
					talk(far, func(in *bufio.Reader) {
						test.then(in, end)
						_, _ = io.WriteString(far, "250 taken\r\n")
					})
				})
				s := &session{relay: &relay{Relay: Relay{Host: "pipe", TLS: Off}}, conn: near, timeout: time.Minute, carries: 1}
				if fault := s.greet(&Config{Hello: "us"}); fault != nil {
					t.Fatal(fault)
				}
				if test.cut > 0 {
					time.AfterFunc(test.cut, func() { s.cut(2 * time.Second) })
				}
				begun := time.Now()
				block := append(bytes.Repeat([]byte("the bill, "), piece), ".\r\n"...)
				try := s.send(envelope{"a@x.example", "b@y.example"}, block, nil)
				if took := time.Since(begun); took != test.takes || (try.fault != nil) != test.fault {
					t.Errorf("it took %v, want %v: %v", took, test.takes, try.fault)
				}
				if test.fault && (!try.silence || !s.broken || try.fault.Reason != engine.Unavailable) {
					t.Errorf("%+v %v", try, s.broken)
				}
				_ = near.Close()
				close(end)
				other.Wait()
			})
		})
	}
}

// drip takes ten pieces, each in less than the time of an answer.
func drip(in *bufio.Reader, _ <-chan struct{}) {
	for range 10 {
		time.Sleep(40 * time.Second)
		if _, err := io.CopyN(io.Discard, in, piece); err != nil {
			return
		}
	}
	_, _ = in.ReadString('\n') // the dot
}

// TestAHungBatchIsGoneWhenItsWorkerEnds has relays on the network stop reading in the middle of messages of every courier: Send returns soon after ctx
// ends, and nothing of it is left.
func TestAHungBatchIsGoneWhenItsWorkerEnds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked, never := make(chan struct{}, 8), make(chan struct{})
	var relays sync.WaitGroup
	relays.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			relays.Go(func() {
				talk(conn, func(*bufio.Reader) { asked <- struct{}{}; <-never })
			})
		}
	})
	channel := open(t, Config{Connections: 4, Timeout: time.Hour, Grace: 50 * time.Millisecond}, "smtp://"+listener.Addr().String())
	msgs := bills(20)
	for i := range msgs {
		msgs[i].Content.Files = []engine.File{{Name: "bill.pdf", Type: "application/pdf", Data: make([]byte, 16<<20)}} // more than the network holds
	}
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan []engine.Result)
	go func() { sent <- channel.Send(ctx, utility, msgs[:4]) }()
	<-asked
	cancel()
	select {
	case results := <-sent:
		for _, result := range results {
			wantFault(t, result, engine.Unavailable, "")
		}
	case <-time.After(time.Minute):
		t.Fatal("Send still waits a minute after ctx has ended")
	}
	if n := held(channel); n != 0 {
		t.Errorf("%d connections are still held", n)
	}
	close(never)
	_ = listener.Close()
	relays.Wait()
}
