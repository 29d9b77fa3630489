package email

import (
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// count tells how many messages were taken and how many were not for each reason.
func count(results []engine.Result) map[engine.Reason]int {
	got := map[engine.Reason]int{}
	for _, r := range results {
		if r.Fault == nil {
			got[engine.NoReason]++
			continue
		}
		got[r.Fault.Reason]++
	}
	return got
}

// TestHangAfterTheMessage has a relay not answer for one message: that one's end is unknown, and all others go on meanwhile.
func TestHangAfterTheMessage(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	channel := open(t, Config{Connections: 3, Timeout: time.Second}, sink.URL())
	msgs := bills(200)
	msgs[20].Recipient.Email = "hang@example.com"
	sending := make(chan []engine.Result)
	go func() { sending <- channel.Send(t.Context(), utility, msgs) }()
	for i, result := range <-sending {
		if i == 20 {
			wantFault(t, result, engine.Unavailable, "")
		} else if result.Fault != nil {
			t.Fatalf("message %d: %v", i, result.Fault)
		}
	}
	if fault := channel.Send(t.Context(), utility, bills(1))[0].Fault; fault != nil {
		t.Errorf("the next one: %v", fault)
	}
}

// TestUnknownEnd has a relay take a message and cut instead of answering: the next attempt carries the same Message-ID.
func TestUnknownEnd(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	channel := open(t, Config{}, sink.URL())
	for range 2 {
		wantFault(t, channel.Send(t.Context(), utility, to("cutafter@example.org"))[0], engine.Unavailable, "")
	}
	var ids []string
	for _, m := range sink.Mails() {
		parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, parsed.Header.Get("Message-ID"))
	}
	if len(ids) != 2 || ids[0] != ids[1] || ids[0] == "" {
		t.Errorf("the copies have the identities %q", ids)
	}
}

// TestClosingAfterTheMessage has a relay refuse a message with 421 and close the connection, while the next one was announced already.
func TestClosingAfterTheMessage(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	channel := open(t, Config{Connections: 1}, sink.URL())
	msgs := bills(30)
	for i := range msgs {
		if i%10 == 5 {
			msgs[i].Recipient.Email = fmt.Sprintf("closing421+%d@example.org", i)
		}
	}
	for i, result := range channel.Send(t.Context(), utility, msgs) {
		if i%10 == 5 {
			wantFault(t, result, engine.Unavailable, "421 4.3.2")
		} else if result.Fault != nil {
			t.Errorf("message %d: %v", i, result.Fault)
		}
	}
	if sink.Count() != 27 {
		t.Errorf("%d messages arrived, want 27", sink.Count())
	}
}

// TestExpiredCertificate sends nothing where a certificate must be valid, and encrypts with it where none is asked for.
func TestExpiredCertificate(t *testing.T) {
	for _, mode := range []mailtest.TLS{mailtest.StartTLS, mailtest.ImplicitTLS} {
		sink := startSink(t, mailtest.Options{TLS: mode, Expired: true})
		results := open(t, Config{RootCAs: sink.Roots()}, sink.URL()).Send(t.Context(), utility, bills(3))
		for _, result := range results {
			wantFault(t, result, engine.Misconfigured)
			if result.Fault != nil && (!strings.Contains(result.Fault.Error(), "expired") || !result.Fault.Whole) {
				t.Errorf("nobody can tell what is wrong from %v", result.Fault)
			}
		}
		if mode == mailtest.ImplicitTLS {
			continue
		}
		lax := open(t, Config{}, strings.Replace(sink.URL(), "required", "opportunistic", 1))
		if fault := lax.Send(t.Context(), utility, bills(1))[0].Fault; fault != nil || !sink.Mails()[0].TLS {
			t.Errorf("a certificate that nobody asks for: %v", fault)
		}
	}
}

// TestTooLarge takes 552 after the message for what it is, and goes on.
func TestTooLarge(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	results := open(t, Config{Connections: 1}, sink.URL()).Send(t.Context(), utility, to("a@example.org", "large552@example.org", "b@example.org"))
	wantFault(t, results[1], engine.BadMessage, "552 5.3.4")
	if results[0].Fault != nil || results[2].Fault != nil {
		t.Errorf("the others: %v, %v", results[0].Fault, results[2].Fault)
	}
}

// TestDomainThatIsHurried has one domain answer 451: a few of its messages are tried, the others come again later, and no other domain notices.
func TestDomainThatIsHurried(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	channel := open(t, Config{}, sink.URL())
	var addresses []string
	for i := range 200 {
		addresses = append(addresses, fmt.Sprintf("hurried451+%d@busy.example", i), fmt.Sprintf("r%d@well.example", i))
	}
	tried := 0
	for i, result := range channel.Send(t.Context(), utility, to(addresses...)) {
		if i%2 == 1 {
			if result.Fault != nil {
				t.Errorf("%s: %v", addresses[i], result.Fault)
			}
			continue
		}
		wantFault(t, result, engine.Throttled)
		if result.Fault != nil && result.Fault.Code != "" {
			tried++
		}
		if result.Fault != nil && result.Fault.RetryAfter <= 0 {
			t.Errorf("%s: nobody says when to come again", addresses[i])
		}
	}
	if tried == 0 || tried > channel.pool.lines() {
		t.Errorf("%d messages for the busy domain were tried", tried)
	}
	for i, result := range channel.Send(t.Context(), utility, to("x@busy.example", "y@well.example")) {
		if i == 1 && result.Fault != nil {
			t.Errorf("the other domain: %v", result.Fault)
		} else if i == 0 {
			wantFault(t, result, engine.Throttled, "")
		}
	}
}

// TestWeights has three times as many messages go over the relay of weight 3.
func TestWeights(t *testing.T) {
	heavy, light := startSink(t, mailtest.Options{}), startSink(t, mailtest.Options{})
	channel := open(t, Config{Connections: 3, Messages: 5}, heavy.URL()+"&weight=3", light.URL())
	for range 4 {
		for left := 500; left > 0; { // what a slow machine's domain has no time for comes again
			got := count(channel.Send(t.Context(), utility, bills(left)))
			if left -= got[engine.NoReason]; left != got[engine.Throttled] {
				t.Fatalf("not all were taken: %v", got)
			}
		}
	}
	if part := float64(heavy.Count()) / 2000; heavy.Count()+light.Count() != 2000 || part < 0.6 || part > 0.9 {
		t.Errorf("%d messages went over the heavy relay, %d over the other", heavy.Count(), light.Count())
	}
}

// TestBusyRelay has one relay refuse all mail for now: the other one takes everything, and the first is used again when it is well.
func TestBusyRelay(t *testing.T) {
	busy, well := startSink(t, mailtest.Options{}), startSink(t, mailtest.Options{})
	channel := open(t, Config{Connections: 2, Messages: 10}, busy.URL(), well.URL())
	busy.Misbehave(mailtest.Busy)
	if got := count(channel.Send(t.Context(), utility, bills(100))); got[engine.NoReason] != 100 || well.Count() != 100 {
		t.Errorf("one relay is busy: %v", got)
	}
	busy.Misbehave(mailtest.None)
	for begin := time.Now(); busy.Count() == 0; time.Sleep(10 * time.Millisecond) {
		if got := count(channel.Send(t.Context(), utility, bills(50))); got[engine.NoReason] != 50 {
			t.Fatalf("afterwards: %v", got)
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatal("the relay is not used again")
		}
	}
}

// TestDeadRelayIsProbedByOne has a relay stop and come back: no message fails while another relay works, and it is used again.
func TestDeadRelayIsProbedByOne(t *testing.T) {
	dying, well := startSink(t, mailtest.Options{}), startSink(t, mailtest.Options{})
	channel := open(t, Config{Connections: 2, Messages: 10}, dying.URL(), well.URL())
	dying.Stop()
	for range 3 {
		if got := count(channel.Send(t.Context(), utility, bills(100))); got[engine.NoReason] != 100 {
			t.Fatalf("one relay is dead: %v", got)
		}
	}
	if err := dying.Resume(); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); dying.Count() == 0; time.Sleep(10 * time.Millisecond) {
		if got := count(channel.Send(t.Context(), utility, bills(50))); got[engine.NoReason] != 50 {
			t.Fatalf("afterwards: %v", got)
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatal("the relay is not used again")
		}
	}
}

// TestStalledSenderIsSentAway has a relay keep all messages of a sender waiting: more of its batches do not wait for connections for long, and
// then not at all, and lose no attempt.
func TestStalledSenderIsSentAway(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	sink.Misbehave(mailtest.Silent)
	channel := open(t, Config{Connections: 2, Timeout: time.Minute}, sink.URL())
	ctx, cancel := context.WithCancel(t.Context())
	var stuck sync.WaitGroup
	stuck.Go(func() { channel.Send(ctx, utility, to("a@one.example")) })
	for begin := time.Now(); held(channel) == 0; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("nothing is sent")
		}
	}
	for round := range 2 {
		begin := time.Now()
		for _, result := range channel.Send(ctx, utility, to("b@two.example", "c@three.example")) {
			wantFault(t, result, engine.Throttled, "")
		}
		if took := time.Since(begin); round == 1 && took > stalled {
			t.Errorf("the sender's next batch waits for %v", took)
		}
	}
	cancel()
	stuck.Wait()
}
