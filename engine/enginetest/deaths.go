package enginetest

import (
	"context"
	"runtime"
	"sync/atomic"
)

// mortality is the key of a context's value that says how its work fares.
type mortality struct{}

type fortune struct {
	dead   atomic.Bool
	struck atomic.Int64
}

func fortuneOf(ctx context.Context) *fortune {
	if f, mortal := ctx.Value(mortality{}).(*fortune); mortal {
		return f
	}
	return new(fortune)
}

// Mortal gives a context for one piece of work that may die in the middle, as the work of a process does that is killed: its goroutine ends
// (with runtime.Goexit, so that it has to be one of its own), and whatever else goes on under the context reaches no store any more.
func Mortal(ctx context.Context) context.Context {
	return context.WithValue(ctx, mortality{}, new(fortune))
}

// Died reports whether the Mortal work that ctx belongs to has died.
func Died(ctx context.Context) bool { return fortuneOf(ctx).dead.Load() }

// Struck is how many calls of the Mortal work that ctx belongs to have failed.
func Struck(ctx context.Context) int { return int(fortuneOf(ctx).struck.Load()) }

// Strike lets the Mortal work that ctx belongs to die with the rate and the share of deaths of the stores' faults: for channels and whatever
// else a worker may die in.
func (f *Faults) Strike(ctx context.Context) {
	if f.strikes() {
		f.mayKill(ctx)
	}
}

// mayKill ends the work that ctx belongs to, or lets it live on with the failure.
func (f *Faults) mayKill(ctx context.Context) {
	_, mortal := ctx.Value(mortality{}).(*fortune)
	f.mu.Lock()
	kills := mortal && f.random.Float64() < f.deaths
	f.mu.Unlock()
	fortuneOf(ctx).struck.Add(1)
	if kills {
		fortuneOf(ctx).dead.Store(true)
		runtime.Goexit()
	}
}
