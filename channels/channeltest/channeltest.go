// Package channeltest holds what every channel must obey: the contract of engine.Channel as a test that each channel's package runs
// against its own peer. It knows nothing of any provider.
package channeltest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/engine"
)

// Peer is the far end of a channel under test: the provider's simulator.
type Peer interface {
	Sender() engine.Sender // on whose behalf the test sends
	// Resident is somebody the peer takes messages for; each number is somebody else.
	Resident(i int) engine.Recipient
	// Nobody is somebody whose messages the peer refuses for good.
	Nobody() engine.Recipient
	Taken() map[string]int // how often each Message.Key was taken
	Down()                 // from now on the peer cannot be reached
	Hang()                 // from now on the peer is reached and does not answer
	Up()                   // the peer works again
}

// soon is within what a Send has to return once ctx has ended.
const soon = 10 * time.Second

// Exercise runs the contract against channels that open makes, each with a peer of its own. open registers with t.Cleanup what it takes
// to close both; after that no goroutine may be left.
func Exercise(t *testing.T, open func(t *testing.T) (engine.Channel, Peer)) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, engine.Channel, Peer)
	}{
		{"nothing to send", nothing},
		{"one result a message, in order", order},
		{"more messages than one batch", many},
		{"many goroutines", concurrent},
		{"ctx has ended", ended},
		{"ctx ends while the peer hangs", endsWhileHanging},
		{"the peer is down and comes back", down},
		{"faults without personal data", personal},
	} {
		t.Run(test.name, func(t *testing.T) {
			leaks := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, leaks) })
			channel, peer := open(t)
			test.run(t, channel, peer)
		})
	}
}

// letter is a message of the exercise to a recipient.
func letter(key string, to engine.Recipient) engine.Message {
	return engine.Message{Key: key, Recipient: &to, Content: engine.Content{
		Subject: "Проверка", Text: "Сообщение " + key, HTML: "<!doctype html><p>Сообщение " + key + "</p>",
		Unsubscribe: "https://vestnik.example/u/" + key,
	}}
}

func letters(peer Peer, prefix string, n int) []engine.Message {
	msgs := make([]engine.Message, n)
	for i := range msgs {
		msgs[i] = letter(fmt.Sprintf("%s-%d", prefix, i), peer.Resident(i))
	}
	return msgs
}

// wantTaken checks that every message has a Result without a Fault and reached the peer once.
func wantTaken(t *testing.T, peer Peer, msgs []engine.Message, results []engine.Result) {
	t.Helper()
	if len(results) != len(msgs) {
		t.Fatalf("%d results for %d messages", len(results), len(msgs))
	}
	taken := peer.Taken()
	for i, result := range results {
		if result.Fault != nil {
			t.Fatalf("message %d: %v", i, result.Fault)
		}
		if times := taken[msgs[i].Key]; times != 1 {
			t.Fatalf("message %d was taken %d times", i, times)
		}
	}
}

// wantTemporary checks that every message has a temporary Fault.
func wantTemporary(t *testing.T, msgs []engine.Message, results []engine.Result) {
	t.Helper()
	if len(results) != len(msgs) {
		t.Fatalf("%d results for %d messages", len(results), len(msgs))
	}
	for i, result := range results {
		if result.Fault == nil {
			t.Fatalf("message %d is said to be taken", i)
		}
		if !result.Fault.Reason.Temporary() {
			t.Fatalf("message %d has a final fault: %v", i, result.Fault)
		}
	}
}

func nothing(t *testing.T, channel engine.Channel, peer Peer) {
	if results := channel.Send(t.Context(), peer.Sender(), nil); len(results) != 0 {
		t.Errorf("%d results for no message", len(results))
	}
}

func order(t *testing.T, channel engine.Channel, peer Peer) {
	msgs := letters(peer, "order", 100)
	for i := 0; i < len(msgs); i += 7 {
		nobody := peer.Nobody()
		msgs[i].Recipient = &nobody
	}
	results := channel.Send(t.Context(), peer.Sender(), msgs)
	if len(results) != len(msgs) {
		t.Fatalf("%d results for %d messages", len(results), len(msgs))
	}
	taken := peer.Taken()
	for i, result := range results {
		switch fault := result.Fault; {
		case i%7 != 0 && fault != nil:
			t.Errorf("message %d: %v", i, fault)
		case i%7 == 0 && fault == nil:
			t.Errorf("message %d to nobody was taken", i)
		case i%7 == 0 && fault.Reason.Temporary():
			t.Errorf("message %d to nobody has a temporary fault: %v", i, fault)
		case i%7 == 0 && !fault.Reason.Known():
			t.Errorf("message %d: reason %q is not in the closed set", i, fault.Reason)
		}
		if want := min(1, i%7); taken[msgs[i].Key] != want {
			t.Errorf("message %d was taken %d times, want %d", i, taken[msgs[i].Key], want)
		}
	}
}

// many sends more than a peer may want to take at once: what is throttled goes again, as the engine has it.
func many(t *testing.T, channel engine.Channel, peer Peer) {
	msgs := letters(peer, "many", 4*engine.ChunkSize+1)
	results := channel.Send(t.Context(), peer.Sender(), msgs)
	for {
		var later []int
		var rest []engine.Message
		for i, r := range results {
			if r.Fault != nil && r.Fault.Reason == engine.Throttled {
				later, rest = append(later, i), append(rest, msgs[i])
			}
		}
		if len(rest) == 0 {
			break
		}
		for k, r := range channel.Send(t.Context(), peer.Sender(), rest) {
			results[later[k]] = r
		}
	}
	wantTaken(t, peer, msgs, results)
}

func concurrent(t *testing.T, channel engine.Channel, peer Peer) {
	const senders = 16
	var sending sync.WaitGroup
	msgs, results := make([][]engine.Message, senders), make([][]engine.Result, senders)
	for i := range senders {
		msgs[i] = letters(peer, fmt.Sprintf("concurrent%d", i), 50)
		sending.Go(func() { results[i] = channel.Send(t.Context(), peer.Sender(), msgs[i]) })
	}
	sending.Wait()
	for i := range senders {
		wantTaken(t, peer, msgs[i], results[i])
	}
}

func ended(t *testing.T, channel engine.Channel, peer Peer) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	msgs := letters(peer, "ended", 20)
	wantTemporary(t, msgs, channel.Send(ctx, peer.Sender(), msgs))
	if taken := peer.Taken(); len(taken) > 0 {
		t.Errorf("%d messages were sent after ctx had ended", len(taken))
	}
}

func endsWhileHanging(t *testing.T, channel engine.Channel, peer Peer) {
	peer.Hang()
	defer peer.Up()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	msgs := letters(peer, "hanging", 100)
	begin := time.Now()
	wantTemporary(t, msgs, channel.Send(ctx, peer.Sender(), msgs))
	if took := time.Since(begin); took > soon {
		t.Errorf("Send returned %v after its ctx had ended", took)
	}
}

func down(t *testing.T, channel engine.Channel, peer Peer) {
	before := letters(peer, "before", 20)
	wantTaken(t, peer, before, channel.Send(t.Context(), peer.Sender(), before)) // so that there are connections to lose
	peer.Down()
	during := letters(peer, "during", 20)
	wantTemporary(t, during, channel.Send(t.Context(), peer.Sender(), during))
	peer.Up()
	probe := letters(peer, "probe", 1)
	for begin := time.Now(); ; {
		if channel.Send(t.Context(), peer.Sender(), probe)[0].Fault == nil {
			break
		}
		if time.Since(begin) > soon {
			t.Fatal("the channel does not find its peer again")
		}
		time.Sleep(10 * time.Millisecond)
	}
	after := append(letters(peer, "after", 20), during...)
	wantTaken(t, peer, after, channel.Send(t.Context(), peer.Sender(), after))
}

func personal(t *testing.T, channel engine.Channel, peer Peer) {
	msgs := letters(peer, "personal", 1)
	nobody := peer.Nobody()
	msgs[0].Recipient = &nobody
	check := func(result engine.Result) {
		if result.Fault == nil {
			t.Fatal("a message to nobody was taken")
		}
		to := msgs[0].Recipient
		secrets := []string{to.Account, to.Name, to.Email, to.GISAccount, strings.SplitN(to.Email, "@", 2)[0]}
		for _, ch := range engine.ChannelNames() {
			secrets = append(secrets, to.Address(ch))
		}
		for _, secret := range secrets {
			if len(secret) > 2 && strings.Contains(strings.ToLower(result.Fault.Error()+result.Fault.Code), strings.ToLower(secret)) {
				t.Errorf("the fault tells personal data: %v", result.Fault)
			}
		}
	}
	check(channel.Send(t.Context(), peer.Sender(), msgs)[0])
	peer.Down()
	check(channel.Send(t.Context(), peer.Sender(), msgs)[0])
}
