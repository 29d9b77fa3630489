package enginetest

import (
	"context"
	"runtime"
	"sync/atomic"
)

// mortality is the key of a context's value that says whether its work is dead.
type mortality struct{}

// Mortal gives a context for one piece of work that may die in the middle, as the work of a process does that is killed: its goroutine ends
// (with runtime.Goexit, so that it has to be one of its own), and whatever else goes on under the context reaches no store any more.
func Mortal(ctx context.Context) context.Context {
	return context.WithValue(ctx, mortality{}, new(atomic.Bool))
}

// Died reports whether the Mortal work that ctx belongs to has died.
func Died(ctx context.Context) bool {
	dead, mortal := ctx.Value(mortality{}).(*atomic.Bool)
	return mortal && dead.Load()
}

// Strike lets the Mortal work that ctx belongs to die with the rate and the share of deaths of the stores' faults: for channels and whatever
// else a worker may die in.
func (f *Faults) Strike(ctx context.Context) {
	if f.strikes() {
		f.mayKill(ctx)
	}
}

func (f *Faults) mayKill(ctx context.Context) {
	dead, mortal := ctx.Value(mortality{}).(*atomic.Bool)
	f.mu.Lock()
	kills := mortal && f.random.Float64() < f.deaths
	f.mu.Unlock()
	if kills {
		dead.Store(true)
		runtime.Goexit()
	}
}
