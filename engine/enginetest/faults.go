package enginetest

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"vestnik/engine"
)

// Faults makes calls of stores fail with engine.ErrDown, some before they do their work and some after, as a connection that breaks does:
// the caller cannot tell which. Which calls fail is decided by a seeded random generator.
type Faults struct {
	mu       sync.Mutex
	random   *rand.Rand
	rate     float64
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
	}
}

// SetRate changes the share of calls that fail; 0 ends the trouble.
func (f *Faults) SetRate(rate float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rate = rate
}

// Injected is how many calls have failed so far.
func (f *Faults) Injected() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.injected
}

// attempt calls do, or not, and may hide that it went well.
func attempt[T any](f *Faults, do func() (T, error)) (T, error) {
	var none T
	if f.strikes() {
		return none, fmt.Errorf("injected before the work: %w", engine.ErrDown)
	}
	answer, err := do()
	if err == nil && f.strikes() {
		return none, fmt.Errorf("injected after the work: %w", engine.ErrDown)
	}
	return answer, err
}

// attemptPage is attempt for what answers a list and where it goes on.
func attemptPage[T any](f *Faults, do func() ([]T, string, error)) (page []T, next string, err error) {
	page, err = attempt(f, func() (page []T, err error) {
		page, next, err = do()
		return page, err
	})
	if err != nil {
		next = ""
	}
	return page, next, err
}

// try is attempt for what answers nothing but an error.
func (f *Faults) try(do func() error) error {
	_, err := attempt(f, func() (struct{}, error) { return struct{}{}, do() })
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
