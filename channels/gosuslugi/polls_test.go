package gosuslugi_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// clock is a time that tests move.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time        { return time.Unix(1_790_000_000+c.seconds.Load(), 0) }
func (c *clock) move(by time.Duration) { c.seconds.Add(int64(by / time.Second)) }
func (c *clock) config() (cfg gosuslugi.Config) {
	cfg.Now, cfg.Schedule = c.now, []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}
	return cfg
}

// learned makes a channel with a clock that knows the registries.
func (c *clock) learned(t *testing.T, s *gistest.Server) *gosuslugi.Channel {
	t.Helper()
	channel := open(t, c.config())
	for tries := 0; ; tries++ {
		r := channel.Send(t.Context(), sender(s, engine.KindBill), []engine.Message{message("first", resident(s, 999))})[0]
		switch {
		case r.Fault != nil || tries > 10:
			t.Fatal(r.Fault)
		case r.Later.Receipt[0] == 'b':
			return channel
		case r.Later.Receipt != "":
			channel.Confirm(t.Context(), sender(s, engine.KindBill), []engine.Receipt{{Key: "first", Text: r.Later.Receipt}})
		}
	}
}

// waiting sends so many requests.
func waiting(t *testing.T, s *gistest.Server, channel *gosuslugi.Channel, n int) (receipts []engine.Receipt) {
	t.Helper()
	for i := range n {
		key := fmt.Sprint("request", i)
		r := channel.Send(t.Context(), sender(s, engine.KindBill), []engine.Message{message(key, resident(s, i))})[0]
		if r.Later == nil {
			t.Fatalf("%+v", r)
		}
		receipts = append(receipts, engine.Receipt{Key: key, Text: r.Later.Receipt})
	}
	return receipts
}

// confirm asks about each request by itself, as the engine does, and counts those that have their results.
func confirm(t *testing.T, s *gistest.Server, channel *gosuslugi.Channel, receipts []engine.Receipt) (settled int) {
	t.Helper()
	for i := range receipts {
		r := channel.Confirm(t.Context(), sender(s, engine.KindBill), receipts[i:i+1])[0]
		if r.Received {
			settled++
		} else if r.Later == nil {
			t.Errorf("%+v", r.Fault)
		}
		receipts[i].Polls++
	}
	return settled
}

func TestOneQuestionTellsWhichOfManyRequestsAreDone(t *testing.T) {
	const n = 7
	s := standAs(t, gistest.Options{Schemas: schemaDir, Polls: 1})
	c := &clock{}
	channel := c.learned(t, s)
	receipts := waiting(t, s, channel, n)
	before := s.Calls("getState")
	if settled := confirm(t, s, channel, receipts); settled != 0 || s.Calls("getRequestsState") != 1 || s.Calls("getState") != before {
		t.Errorf("nothing is done yet: %d are settled after %d questions about many and %d about one", settled, s.Calls("getRequestsState"), s.Calls("getState")-before)
	}
	c.move(time.Minute)
	if settled := confirm(t, s, channel, receipts); settled != n || s.Calls("getRequestsState") != 2 || s.Calls("getState") != before+n {
		t.Errorf("all are done: %d are settled after %d questions about many and %d about one", settled, s.Calls("getRequestsState"), s.Calls("getState")-before)
	}
}

func TestFewRequestsAreAskedForTheirResultsAtOnce(t *testing.T) {
	s := stand(t, gistest.Options{})
	c := &clock{}
	channel := c.learned(t, s)
	if settled := confirm(t, s, channel, waiting(t, s, channel, 1)); settled != 1 || s.Calls("getRequestsState") != 0 {
		t.Errorf("%d settled, %d questions about many", settled, s.Calls("getRequestsState"))
	}
}

func TestAQuestionAboutManyThatIsRefusedKeepsNobodyWaiting(t *testing.T) {
	s := stand(t, gistest.Options{})
	c := &clock{}
	channel := c.learned(t, s)
	receipts := waiting(t, s, channel, 5)
	s.Misbehave(gistest.Trouble{Only: "getRequestsState", Code: "AUT011009"})
	if settled := confirm(t, s, channel, receipts); settled != 5 || s.Calls("getRequestsState") != 1 {
		t.Errorf("%d settled after %d questions about many", settled, s.Calls("getRequestsState"))
	}
}

// The list of what is done says nothing of what was forgotten: that is heard only by asking for the result.
func TestOldRequestsAreAskedForTheirResultsThemselves(t *testing.T) {
	c := &clock{}
	s := stand(t, gistest.Options{Now: c.now})
	channel := c.learned(t, s)
	receipts := waiting(t, s, channel, 5)
	s.Misbehave(gistest.Trouble{Only: "getRequestsState", Code: "INT002012"})
	for polls, pause := range []time.Duration{time.Minute, 5 * time.Minute, 25 * time.Minute} {
		if settled := confirm(t, s, channel, receipts); settled != 0 || s.Calls("getRequestsState") != polls+1 {
			t.Fatalf("%d settled after %d questions about many", settled, s.Calls("getRequestsState"))
		}
		c.move(pause)
	}
	for _, r := range receipts {
		f := channel.Confirm(t.Context(), sender(s, engine.KindBill), []engine.Receipt{r})[0].Fault
		if f == nil || f.Code != "INT002013" || !f.Reason.Temporary() {
			t.Errorf("a request that was forgotten: %v", f)
		}
	}
}
