package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// TestTurnsAreSharedByProcesses has two processes make requests as fast as they may on behalf of two senders: each sender's keep to the rate.
func TestTurnsAreSharedByProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := enginetest.NewMemory().Stores().Pace
		began, n := time.Now(), atomic.Int64{}
		var processes sync.WaitGroup
		for i := range 8 {
			turns := engine.NewTurns(pace, "vk", 20)
			processes.Go(func() {
				for range 50 {
					if err := turns.Wait(t.Context(), fmt.Sprint("sender", i%2)); err != nil {
						t.Error(err)
					}
					n.Add(1)
				}
			})
		}
		time.Sleep(5*time.Second - time.Millisecond)
		if got := n.Load(); got > 200 || got < 190 {
			t.Errorf("in five seconds there were %d requests, want hardly less than 200", got)
		}
		processes.Wait()
		if took := time.Since(began); took.Round(time.Second) != 10*time.Second {
			t.Errorf("they took %v", took)
		}
	})
}

// stuck is a Pace whose store is down.
type stuck struct{ engine.Pace }

func (stuck) Turn(context.Context, string, time.Duration) (time.Duration, error) {
	return time.Minute, engine.ErrDown
}

// TestTurnsLetThrough: nobody waits without a rate or without the store, and nobody longer than its ctx lasts.
func TestTurnsLetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		stores := enginetest.NewMemory().Stores()
		for _, turns := range []*engine.Turns{nil, engine.NewTurns(stores.Pace, "vk", 0), engine.NewTurns(stuck{}, "vk", 1)} {
			for range 10 {
				if err := turns.Wait(t.Context(), "s"); err != nil {
					t.Error(err)
				}
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v", took)
		}
		turns := engine.NewTurns(stores.Pace, "vk", 1)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		for i, want := range []error{nil, nil, context.DeadlineExceeded, context.DeadlineExceeded} {
			if err := turns.Wait(ctx, "s"); !errors.Is(err, want) {
				t.Errorf("turn %d: %v, want %v", i, err, want)
			}
		}
	})
}
