package redisq_test

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// work runs workers for e-mail until the test ends, and gives the wakes they were handed.
func work(t *testing.T, r *redisq.Redis, handle func(context.Context, engine.Wake) error) <-chan engine.Wake {
	t.Helper()
	wakes := make(chan engine.Wake, 1000)
	if handle == nil {
		handle = func(context.Context, engine.Wake) error { return nil }
	}
	workers := r.Workers(redisq.WorkerOptions{
		Channels: map[engine.ChannelName]int{engine.Email: 2, engine.VK: 1},
		Handle: func(ctx context.Context, w engine.Wake) error {
			wakes <- w
			return handle(ctx, w)
		},
		Drain: 2 * time.Second,
		Log:   slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- workers.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return wakes
}

func next(t *testing.T, wakes <-chan engine.Wake) engine.Wake {
	t.Helper()
	select {
	case w := <-wakes:
		return w
	case <-time.After(patience):
		t.Fatal("no wake came")
		return engine.Wake{}
	}
}

func put(t *testing.T, r *redisq.Redis, wakes ...engine.Wake) {
	t.Helper()
	if err := r.Stores().Queue.Put(t.Context(), wakes...); err != nil {
		t.Fatal(err)
	}
}

func wake(batch string, at time.Time) engine.Wake {
	return engine.Wake{Campaign: "campaign", Batch: batch, Channel: engine.Email, At: at.UTC().Truncate(time.Millisecond)}
}

func TestWorkersAreHandedEachWakeOnce(t *testing.T) {
	for _, url := range []string{redistest.Start(t).URL(), "embedded"} {
		r := open(t, redisq.Options{URL: url})
		now := time.Now()
		want := wake("first", now)
		put(t, r, want, want)
		put(t, r, want)
		wakes := work(t, r, nil)
		if got := next(t, wakes); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
		put(t, r, wake("last", now))
		if got := next(t, wakes); got.Batch != "last" {
			t.Fatalf("%s came again", got.Batch)
		}
		put(t, r, want) // it has been worked on: this is a new one
		if got := next(t, wakes); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestWakesAreNeverEarlyAndHardlyLate(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	late := make(chan time.Duration, 1)
	work(t, r, func(_ context.Context, w engine.Wake) error {
		late <- time.Since(w.At)
		return nil
	})
	put(t, r, wake("soon", time.Now().Add(1300*time.Millisecond)))
	if by := <-late; by < 0 || by > 3*time.Second {
		t.Fatalf("the wake came %v late", by)
	}
}

func TestUrgentWakesOvertake(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	now := time.Now()
	for _, batch := range []string{"a", "b", "c"} {
		put(t, r, wake(batch, now))
	}
	urgent := wake("urgent", now)
	urgent.Urgent = true
	put(t, r, urgent)
	if first := next(t, work(t, r, nil)); !first.Urgent {
		t.Fatalf("%s came first", first.Batch)
	}
}

func TestFailedWakeIsTriedAgain(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	var tries atomic.Int32
	wakes := work(t, r, func(context.Context, engine.Wake) error {
		switch tries.Add(1) {
		case 1:
			return errors.New("not yet")
		case 2:
			panic("nor now")
		}
		return nil
	})
	put(t, r, wake("stubborn", time.Now()))
	for range 3 {
		next(t, wakes)
	}
}

func TestWakePutWhileItIsWorkedOnIsNotLost(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	w := wake("again", time.Now())
	var first atomic.Bool
	wakes := work(t, r, func(ctx context.Context, w engine.Wake) error {
		if first.CompareAndSwap(false, true) {
			return r.Stores().Queue.Put(ctx, w, w)
		}
		return nil
	})
	put(t, r, w)
	next(t, wakes)
	next(t, wakes)
}

func TestRunDrains(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	ctx, stop := context.WithCancel(t.Context())
	begun, finished := make(chan struct{}), false
	workers := r.Workers(redisq.WorkerOptions{
		Channels: map[engine.ChannelName]int{engine.Email: 1},
		Handle: func(ctx context.Context, _ engine.Wake) error {
			close(begun)
			stop()
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
				finished = true
			}
			return nil
		},
		Log: slog.New(slog.DiscardHandler),
	})
	put(t, r, wake("slow", time.Now()))
	if err := workers.Run(ctx); err != nil {
		t.Fatal(err)
	}
	<-begun
	if !finished {
		t.Fatal("running work was not waited for")
	}
}

// TestRunWaitsForWhatItHasStopped lets work that does not end by itself write down what it has done.
func TestRunWaitsForWhatItHasStopped(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	ctx, stop := context.WithCancel(t.Context())
	written := false
	workers := r.Workers(redisq.WorkerOptions{
		Channels: map[engine.ChannelName]int{engine.Email: 1},
		Drain:    3 * time.Second,
		Handle: func(ctx context.Context, _ engine.Wake) error {
			stop()
			<-ctx.Done()
			time.Sleep(300 * time.Millisecond) // writing takes a while
			written = true
			return nil
		},
		Log: slog.New(slog.DiscardHandler),
	})
	put(t, r, wake("endless", time.Now()))
	if err := workers.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if !written {
		t.Fatal("Run returned before the work it stopped had written down what it did")
	}
}

func TestWakeSurvivesARestartOfRedis(t *testing.T) {
	server := redistest.Start(t)
	r := open(t, redisq.Options{URL: server.URL()})
	now := time.Now()
	put(t, r, wake("due", now), wake("scheduled", now.Add(2*time.Second)))
	server.Kill()
	if err := r.Stores().Queue.Put(t.Context(), wake("nowhere", now)); !errors.Is(err, engine.ErrDown) {
		t.Fatalf("error is %v, want ErrDown", err)
	}
	wakes := work(t, r, nil) // they start while Redis is away
	server.Start()
	if w := next(t, wakes); w.Batch != "due" {
		t.Fatalf("%s came first", w.Batch)
	}
	if w := next(t, wakes); w.Batch != "scheduled" {
		t.Fatalf("%s came second", w.Batch)
	}
}

func TestKilledWorkersWakeIsPutAgain(t *testing.T) {
	server := redistest.Start(t)
	r := open(t, redisq.Options{URL: server.URL()})
	put(t, r, wake("orphan", time.Now()))

	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childURL+"="+server.URL())
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "working on orphan\n" {
		t.Fatalf("the child says %q: %v", line, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()

	wakes := work(t, r, nil)
	again := wake("orphan", time.Now().Truncate(time.Second))
	begin := time.Now()
	put(t, r, again)
	if w := next(t, wakes); w != again {
		t.Fatalf("got %v", w)
	}
	if took := time.Since(begin); took > time.Second {
		t.Fatalf("it took %v", took)
	}
}

func TestDepths(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	now := time.Now()
	put(t, r, wake("a", now), wake("b", now), wake("c", now.Add(time.Hour)))
	if err := r.Stores().Journal.Record(t.Context(), engine.Entry{Fact: engine.Sent}); err != nil {
		t.Fatal(err)
	}
	d, err := r.Depths(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range d.Queues {
		want := redisq.Depth{Channel: q.Channel, Urgent: q.Urgent}
		if q.Channel == engine.Email && !q.Urgent {
			want.Pending, want.Scheduled = 2, 1
		}
		if q != want {
			t.Errorf("got %+v, want %+v", q, want)
		}
	}
	if len(d.Queues) != 2*len(engine.ChannelNames()) || d.Journal != 1 {
		t.Errorf("got %d queues and a journal of %d", len(d.Queues), d.Journal)
	}
}
