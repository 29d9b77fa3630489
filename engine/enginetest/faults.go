package enginetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"vestnik/engine"
)

// Faults makes calls of stores fail with engine.ErrDown, some before they do their work and some after, as a connection that breaks does:
// the caller cannot tell which. It may make them slow, too, and let the caller die instead (see Mortal). Which calls fail is decided by a
// seeded random generator.
type Faults struct {
	mu       sync.Mutex
	random   *rand.Rand
	rate     float64
	deaths   float64
	slow     time.Duration
	injected int
	stores   engine.Stores
}

// NewFaults wraps stores so that a share of all calls fails: rate is between 0 (none) and 1 (all), half of them after their work.
func NewFaults(stores engine.Stores, seed uint64, rate float64) *Faults {
	return &Faults{random: rand.New(rand.NewPCG(seed, seed)), rate: rate, stores: stores}
}

// Stores gives the stores that fail.
func (f *Faults) Stores() engine.Stores {
	s := f.stores
	return engine.Stores{
		Registry: faultyRegistry{f, s.Registry}, Audience: faultyAudience{f, s.Audience}, Ledger: faultyLedger{f, s.Ledger},
		Marks: faultyMarks{f, s.Marks}, Cashbook: faultyCashbook{f, s.Cashbook}, Stops: faultyStops{f, s.Stops},
		Journal: faultyJournal{f, s.Journal}, Queue: faultyQueue{f, s.Queue},
		Answers: faultyAnswers{f, s.Answers}, Consents: faultyConsents{f, s.Consents}, Frequency: faultyFrequency{f, s.Frequency},
		Claims: faultyClaims{f, s.Claims}, Pace: faultyPace{f, s.Pace}, Breakers: faultyBreakers{f, s.Breakers}, Tally: faultyTally{f, s.Tally},
		Chats:   faultyChats{f, s.Chats},
		Inbox:   faultyInbox{f, s.Inbox},
		Notes:   faultyNotes{f, s.Notes},
		Dialogs: faultyDialogs{f, s.Dialogs}, Documents: faultyDocuments{f, s.Documents}, Declarations: faultyDeclarations{f, s.Declarations},
	}
}

// SetRate changes the share of calls that fail; 0 ends the trouble.
func (f *Faults) SetRate(rate float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rate = rate
}

// SetDeaths sets the share of the failing calls of Mortal work that end it: between 0 (none, as in the beginning) and 1 (all).
func (f *Faults) SetDeaths(share float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deaths = share
}

// SetSlow makes calls take up to most, so that calls of several goroutines come in another order each time; 0, as in the beginning, is no time.
func (f *Faults) SetSlow(most time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = most
}

// Injected is how many calls have failed so far.
func (f *Faults) Injected() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.injected
}

// attempt calls do, or not, and may hide that it went well.
func attempt[T any](ctx context.Context, f *Faults, do func() (T, error)) (T, error) {
	var none T
	if Died(ctx) {
		return none, fmt.Errorf("the caller is dead: %w", engine.ErrDown)
	}
	f.linger()
	if f.strikes() {
		f.mayKill(ctx)
		return none, fmt.Errorf("injected before the work: %w", engine.ErrDown)
	}
	answer, err := do()
	if err == nil && f.strikes() {
		f.mayKill(ctx)
		return none, fmt.Errorf("injected after the work: %w", engine.ErrDown)
	}
	return answer, err
}

// attemptPage is attempt for what answers a list and where it goes on.
func attemptPage[T any](ctx context.Context, f *Faults, do func() ([]T, string, error)) (page []T, next string, err error) {
	page, err = attempt(ctx, f, func() (page []T, err error) {
		page, next, err = do()
		return page, err
	})
	if err != nil {
		next = ""
	}
	return page, next, err
}

// try is attempt for what answers nothing but an error.
func (f *Faults) try(ctx context.Context, do func() error) error {
	_, err := attempt(ctx, f, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

func (f *Faults) strikes() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.random.Float64() >= f.rate/2 {
		return false
	}
	f.injected++
	return true
}

func (f *Faults) linger() {
	f.mu.Lock()
	var pause time.Duration
	if f.slow > 0 {
		pause = time.Duration(f.random.Int64N(int64(f.slow)))
	}
	f.mu.Unlock()
	time.Sleep(pause)
}
