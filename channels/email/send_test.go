package email

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// to makes bills to the given addresses.
func to(addresses ...string) []engine.Message {
	msgs := bills(len(addresses))
	for i, address := range addresses {
		msgs[i].Recipient.Email = address
	}
	return msgs
}

// TestRefusalsByRecipient mixes all troubles of addresses in one connection: each recipient gets its own Fault, the others their mail.
func TestRefusalsByRecipient(t *testing.T) {
	sink := startSink(t, mailtest.Options{Delay: 20 * time.Millisecond})
	channel := open(t, Config{Connections: 1}, sink.URL())
	cases := []struct {
		address string
		reason  engine.Reason
		code    string
	}{
		{"one@example.org", engine.NoReason, ""},
		{"bounce550@example.org", engine.BadAddress, "550 5.1.1"},
		{"two@example.org", engine.NoReason, ""},
		{"bounce550+b@example.org", engine.BadAddress, "550 5.1.1"},
		{"full552@example.org", engine.Unavailable, "552 5.2.2"},
		{"tempfail451@example.org", engine.Unavailable, "451 4.7.1"},
		{"spam554@example.org", engine.Refused, "554 5.7.1"},
		{"large552@example.org", engine.BadMessage, "552 5.3.4"},
		{"busy421@example.com", engine.Throttled, "421 4.7.0"},
		{"cutmid@example.org", engine.Unavailable, ""},
		{"cutafter@example.org", engine.Unavailable, ""},
		{"no address", engine.BadAddress, ""},
		{"slow@example.org", engine.NoReason, ""},
		{"three@example.org", engine.NoReason, ""},
	}
	var addresses []string
	for _, c := range cases {
		addresses = append(addresses, c.address)
	}
	for i, result := range channel.Send(t.Context(), utility, to(addresses...)) {
		if c := cases[i]; c.reason != engine.NoReason {
			wantFault(t, result, c.reason, c.code)
		} else if result.Fault != nil {
			t.Errorf("%s: %v", c.address, result.Fault)
		}
	}
	if again := channel.Send(t.Context(), utility, to("tempfail451@example.org")); again[0].Fault != nil {
		t.Errorf("the second attempt to a greylisting relay: %v", again[0].Fault)
	}
	var got []string
	for _, mail := range sink.Mails() {
		got = append(got, strings.TrimSuffix(mail.To[0], "@example.org"))
	}
	if want := []string{"one", "two", "cutafter", "slow", "three", "tempfail451"}; !slices.Equal(got, want) {
		t.Errorf("the sink has mail for %v, want %v", got, want)
	}
}

// TestEncryptedAndSignedIn sends over STARTTLS and TLS, with both mechanisms of AUTH.
func TestEncryptedAndSignedIn(t *testing.T) {
	for _, options := range []mailtest.Options{
		{TLS: mailtest.StartTLS},
		{TLS: mailtest.ImplicitTLS},
		{TLS: mailtest.StartTLS, User: "user", Password: "secret"},
		{TLS: mailtest.ImplicitTLS, User: "user", Password: "secret", LoginOnly: true},
		{User: "user", Password: "secret"}, // its address says starttls=off
	} {
		t.Run(fmt.Sprintf("%+v", options), func(t *testing.T) {
			sink := startSink(t, options)
			channel := open(t, Config{RootCAs: sink.Roots()}, sink.URL())
			for _, result := range channel.Send(t.Context(), utility, bills(20)) {
				if result.Fault != nil {
					t.Fatal(result.Fault)
				}
			}
			for _, mail := range sink.Mails() {
				if mail.TLS != (options.TLS != mailtest.NoTLS) || mail.User != options.User {
					t.Fatalf("mail came with TLS %v from user %q", mail.TLS, mail.User)
				}
			}
		})
	}
}

// TestRelayThatDoesNotFitItsSettings checks that what somebody has to mend is Misconfigured, what passes Unavailable, and that no Fault
// shows the password.
func TestRelayThatDoesNotFitItsSettings(t *testing.T) {
	plain := startSink(t, mailtest.Options{User: "user", Password: "secret"})
	secure := startSink(t, mailtest.Options{TLS: mailtest.StartTLS, User: "user", Password: "secret"})
	bare := startSink(t, mailtest.Options{})
	refusing := startSink(t, mailtest.Options{TLS: mailtest.StartTLS})
	refusing.Misbehave(mailtest.RefuseTLS)
	host := func(sink *mailtest.Sink) string {
		url := sink.URL()
		if _, after, found := strings.Cut(url, "@"); found {
			url = after
		}
		url, _, _ = strings.Cut(strings.TrimPrefix(url, "smtp://"), "?")
		return url
	}
	for _, test := range []struct {
		name, relay string
		trusted     *mailtest.Sink
		reason      engine.Reason
		codes       []string
	}{
		{"STARTTLS required, not offered", "smtp://" + host(plain) + "?starttls=required", nil, engine.Misconfigured, nil},
		{"no password without TLS", "smtp://user:secret@" + host(plain) + "?starttls=opportunistic", nil, engine.Misconfigured, nil},
		{"certificate of an unknown authority", secure.URL(), nil, engine.Misconfigured, nil},
		{"wrong password", "smtp://user:secret2@" + host(secure), secure, engine.Misconfigured, []string{"535 5.7.8"}},
		{"AUTH needed", "smtp://" + host(plain), nil, engine.Misconfigured, []string{"530 5.7.0"}},
		{"AUTH not offered", "smtp://user:secret@" + host(bare) + "?starttls=off", nil, engine.Misconfigured, nil},
		{"TLS handshake fails", refusing.URL(), refusing, engine.Unavailable, nil},
		{"TLS where there is none", "smtps://" + host(bare), nil, engine.Unavailable, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := Config{DialTimeout: time.Second}
			if test.trusted != nil {
				cfg.RootCAs = test.trusted.Roots()
			}
			for _, result := range open(t, cfg, test.relay).Send(t.Context(), utility, bills(3)) {
				wantFault(t, result, test.reason, test.codes...)
				if result.Fault != nil && strings.Contains(result.Fault.Error(), "secret") {
					t.Errorf("the password is shown: %v", result.Fault)
				}
			}
		})
	}
}

// TestOpportunisticTLS encrypts without asking whose certificate it is.
func TestOpportunisticTLS(t *testing.T) {
	sink := startSink(t, mailtest.Options{TLS: mailtest.StartTLS})
	channel := open(t, Config{}, strings.Replace(sink.URL(), "required", "opportunistic", 1))
	if fault := channel.Send(t.Context(), utility, bills(1))[0].Fault; fault != nil || !sink.Mails()[0].TLS {
		t.Errorf("fault %v", fault)
	}
}

func TestProviderWithoutSender(t *testing.T) {
	channel := open(t, Config{}, "smtp://127.0.0.1:1")
	for _, result := range channel.Send(t.Context(), engine.Sender{}, bills(2)) {
		wantFault(t, result, engine.Misconfigured)
	}
}

// TestRelayThatEndsConnections goes on over new connections when the relay ends old ones with 421, without a Fault.
func TestRelayThatEndsConnections(t *testing.T) {
	sink := startSink(t, mailtest.Options{Patience: 7})
	channel := open(t, Config{Connections: 2}, sink.URL())
	for i, result := range channel.Send(t.Context(), utility, bills(100)) {
		if result.Fault != nil {
			t.Fatalf("message %d: %v", i, result.Fault)
		}
	}
	if sink.Count() != 100 {
		t.Errorf("%d messages arrived", sink.Count())
	}
}

// TestFailover uses all relays in turns, and those that are left when one goes.
func TestFailover(t *testing.T) {
	one, two := startSink(t, mailtest.Options{}), startSink(t, mailtest.Options{})
	channel := open(t, Config{Connections: 2}, one.URL(), two.URL())
	send := func() {
		t.Helper()
		for i, result := range channel.Send(t.Context(), utility, bills(100)) {
			if result.Fault != nil {
				t.Fatalf("message %d: %v", i, result.Fault)
			}
		}
	}
	send()
	if one.Count() == 0 || two.Count() == 0 {
		t.Errorf("%d messages went over one relay and %d over the other", one.Count(), two.Count())
	}
	one.Stop()
	send()
	if one.Count()+two.Count() != 200 {
		t.Errorf("%d messages arrived, want 200", one.Count()+two.Count())
	}
}

// TestSilentRelay waits one timeout, not one for every message.
func TestSilentRelay(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	sink.Misbehave(mailtest.Silent)
	channel := open(t, Config{Timeout: 100 * time.Millisecond}, sink.URL())
	begin := time.Now()
	for _, result := range channel.Send(t.Context(), utility, bills(engine.ChunkSize)) {
		wantFault(t, result, engine.Unavailable)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("%d messages to a silent relay took %v", engine.ChunkSize, took)
	}
}

// TestListenerThatNeverGreets is bounded by the time to dial, and by ctx.
func TestListenerThatNeverGreets(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	channel := open(t, Config{DialTimeout: time.Minute}, "smtp://"+listener.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	wantFault(t, channel.Send(ctx, utility, bills(1))[0], engine.Unavailable)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("ctx ended after 50 ms and Send after %v", took)
	}
}

// TestConnectionsAreKept uses one connection for many Sends, and closes it when it has been idle or is full.
func TestConnectionsAreKept(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	channel := open(t, Config{Connections: 1, Messages: 10, Idle: 50 * time.Millisecond}, sink.URL())
	kept := func() *session {
		channel.pool.mu.Lock()
		defer channel.pool.mu.Unlock()
		if idle := channel.pool.relays[0].idle; len(idle) > 0 {
			return idle[0]
		}
		return nil
	}
	channel.Send(t.Context(), utility, bills(4))
	first := kept()
	channel.Send(t.Context(), utility, bills(4))
	if first == nil || kept() != first || first.sent != 8 {
		t.Fatal("the second Send did not take the first one's connection")
	}
	channel.Send(t.Context(), utility, bills(4))
	if second := kept(); second == nil || second == first || second.sent != 2 {
		t.Error("the connection was not replaced after 10 messages")
	}
	for begin := time.Now(); kept() != nil; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 5*time.Second {
			t.Fatal("an idle connection is not closed")
		}
	}
}

func TestClosedChannel(t *testing.T) {
	channel := open(t, Config{}, "smtp://127.0.0.1:1")
	if err := channel.Close(); err != nil {
		t.Fatal(err)
	}
	wantFault(t, channel.Send(t.Context(), utility, bills(1))[0], engine.Unavailable)
}

// TestASilencedSenderLeavesAWayForOthers has a relay that does not answer one sender: another one's messages pass meanwhile.
func TestASilencedSenderLeavesAWayForOthers(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	channel := open(t, Config{Connections: 3, Timeout: 20 * time.Second}, sink.URL())
	sink.Misbehave(mailtest.Silent)
	ctx, cancel := context.WithCancel(t.Context())
	var stuck sync.WaitGroup
	stuck.Go(func() { channel.Send(ctx, utility, bills(50)) })
	for begin := time.Now(); held(channel) < 2; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("%d connections are in use", held(channel))
		}
	}
	sink.Misbehave(mailtest.None)
	other := engine.Sender{Provider: engine.Provider{ID: "other", Name: "Водоканал", Settings: map[string]string{"email.from": "water@example.ru"}}}
	for i, result := range channel.Send(ctx, other, bills(20)) {
		if result.Fault != nil {
			t.Fatalf("message %d of the other sender: %v", i, result.Fault)
		}
	}
	cancel()
	stuck.Wait()
}

// held is how many connections are in use.
func held(c *Channel) int {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	return c.pool.relays[0].busy
}
