package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// drive lets a world happen: it works like workers that die, doubles and loses wakes, and does what residents, providers and operators do.
type drive struct {
	*testing.T
	dice
	memory *enginetest.Memory
	faults *enginetest.Faults
	engine *engine.Engine
	takes  time.Duration // how long a channel takes for a message
	outage outage
	orders map[engine.CampaignID]*order
	places map[engine.CampaignID]map[string]*addressee
	events []event

	mu      sync.Mutex
	byKey   map[string]place
	keys    map[place]string
	well    map[place]int  // messages taken by handlings that ended well
	slipped map[place]bool // messages that others had in hands: they died, failed or lost their lease
	wakes   int
	running sync.WaitGroup
}

// addressee is a resident and its number in its campaign.
type addressee struct {
	*resident
	ordinal engine.Ordinal
}

// event is something that the world does at a time.
type event struct {
	at time.Time
	do func()
}

// handling is one call of Engine.Handle.
type handling struct {
	taken []place // messages that a channel took
	asked []place // about which it was asked what became of them
	lost  bool    // the lease
}

type handlingKey struct{}

// watchedLedger sees that the balance holds at every moment, and who loses a lease.
type watchedLedger struct {
	engine.Ledger
	*drive
}

func (l watchedLedger) Settle(ctx context.Context, id engine.CampaignID, batch, holder string, s engine.Settlement) (engine.Balance, error) {
	balance, err := l.Ledger.Settle(ctx, id, batch, holder, s)
	if h, is := ctx.Value(handlingKey{}).(*handling); is && errors.Is(err, engine.ErrGone) {
		l.mu.Lock()
		h.lost = true
		l.mu.Unlock()
	}
	l.balanced(id, balance, err)
	return balance, err
}

func (l watchedLedger) Return(ctx context.Context, id engine.CampaignID, s engine.Settlement) (engine.Balance, error) {
	balance, err := l.Ledger.Return(ctx, id, s)
	l.balanced(id, balance, err)
	return balance, err
}

func (l watchedLedger) balanced(id engine.CampaignID, b engine.Balance, err error) {
	l.Helper()
	size := 0
	for _, chunk := range l.orders[id].chunks {
		size += len(chunk)
	}
	if err == nil && (!b.Balanced() || b.Ordered != int64(size)) {
		l.Errorf("the ledger does not balance: %+v of %d", b, size)
	}
}

func newDrive(t *testing.T, seed uint64) *drive {
	d := &drive{
		T: t, dice: dice{rand.New(rand.NewPCG(seed, 1))}, memory: enginetest.NewMemory(),
		orders: map[engine.CampaignID]*order{}, places: map[engine.CampaignID]map[string]*addressee{},
		byKey: map[string]place{}, keys: map[place]string{}, well: map[place]int{}, slipped: map[place]bool{},
	}
	stores := d.memory.Stores()
	stores.Ledger = watchedLedger{stores.Ledger, d}
	d.faults = enginetest.NewFaults(stores, seed, 0)
	d.takes = pick(d.dice, time.Millisecond, 5*time.Millisecond, 400*time.Millisecond)
	epoch := time.Now()
	configured, channels := map[engine.ChannelName]bool{}, map[engine.ChannelName]engine.Channel{}
	for _, ch := range engine.ChannelNames() {
		if configured[ch] = d.chance(92); configured[ch] {
			channels[ch] = transport{d, ch}
		}
	}
	if configured[engine.Gosuslugi] {
		channels[engine.Gosuslugi] = cabinet{transport{d, engine.Gosuslugi}}
	}
	if d.chance(25) {
		d.outage = outage{pick(d.dice, engine.ChannelNames()...), moment(epoch, 1+d.IntN(3), hourStart).Add(time.Duration(d.IntN(60)) * time.Second)}
	}
	d.engine = engine.New(engine.Config{
		Stores: d.faults.Stores(), Channels: channels, Texts: letters{}, Tokens: engine.NewTokens([]byte("secret")),
		Retry: engine.Retry{Tries: tries, Limit: tryLimit}, Lease: 10 * time.Second, Window: pick(d.dice, 1, 3, 64),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	for p := range 1 + d.IntN(2) {
		provider := d.provider(engine.ProviderID(fmt.Sprint("p", p)))
		d.check(stores.Registry.PutProvider(t.Context(), provider))
		for number := range 1 + d.IntN(2) {
			d.add(d.order(epoch, provider, number, configured, d.outage), epoch)
		}
	}
	slices.SortStableFunc(d.events, func(a, b event) int { return a.at.Compare(b.at) })
	return d
}

func (d *drive) check(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// add writes a campaign and everything that was there before it, and plans what happens to it.
func (d *drive) add(o *order, epoch time.Time) {
	ctx, stores := d.Context(), d.memory.Stores()
	clean := engine.New(engine.Config{Stores: stores})
	c, err := clean.Order(ctx, o.campaign)
	d.check(err)
	o.campaign, d.orders[c.ID], d.places[c.ID] = c, o, map[string]*addressee{}
	for n, chunk := range o.chunks {
		list := make([]engine.Recipient, len(chunk))
		for i, r := range chunk {
			list[i] = r.who
			a := &addressee{r, engine.OrdinalOf(n, i)}
			d.places[c.ID][r.who.Account] = a
			for _, h := range r.happenings {
				d.events = append(d.events, event{h.at, func() { d.happenTo(a, h, h.at.String()) }})
			}
			for ch, reason := range r.stops {
				d.check(stores.Stops.Stop(ctx, c.Provider, ch, reason, []string{r.who.Address(ch)}))
			}
			d.check(stores.Consents.Record(ctx, c.Provider, []engine.Consent{{Account: r.who.Account, Given: r.agreed, At: epoch}}))
			if r.capped {
				_, err := stores.Frequency.Claim(ctx, c.Provider, engine.KindAd, "another", []string{r.who.Account}, epoch, 31, 1)
				d.check(err)
			}
		}
		_, err := clean.Append(ctx, c, list)
		d.check(err)
	}
	d.operate(o)
}

// operate plans what the provider does with a campaign as a whole.
func (d *drive) operate(o *order) {
	id := o.campaign.ID
	order := func(do func(context.Context, engine.CampaignID) (engine.Campaign, error)) func() {
		return func() { d.insist(func(ctx context.Context) error { _, err := do(ctx, id); return err }) }
	}
	d.events = append(d.events, event{o.start.Add(-wholeDay), order(d.engine.Start)})
	if !o.pause.IsZero() {
		d.events = append(d.events, event{o.resume, order(d.engine.Resume)}, event{o.pause, func() {
			if order(d.engine.Pause)(); d.status(id) != engine.StatusPaused { // it has not begun, or is over
				o.pause, o.resume = time.Time{}, time.Time{}
			}
		}})
	}
	if !o.callBack.IsZero() {
		d.events = append(d.events, event{o.callBack, func() {
			order(d.engine.Cancel)()
			if d.status(id) == engine.StatusCancelled {
				o.cancel = o.callBack
			}
		}})
	}
}

// blip pauses a campaign for some seconds, whatever is just going on.
func (d *drive) blip(o *order, at time.Time) {
	time.Sleep(time.Until(at))
	if d.status(o.campaign.ID) == engine.StatusRunning {
		d.insist(func(ctx context.Context) error { _, err := d.engine.Pause(ctx, o.campaign.ID); return err })
		time.Sleep(time.Duration(1+at.Nanosecond()/1e6%30) * time.Second)
		d.insist(func(ctx context.Context) error { _, err := d.engine.Resume(ctx, o.campaign.ID); return err })
	}
}

func (d *drive) status(id engine.CampaignID) engine.Status {
	return must(d.memory.Stores().Registry.Campaign(d.Context(), id)).Status
}

// insist does what somebody outside does who tries again until the answer is not that a store is down. Each try may die.
func (d *drive) insist(do func(context.Context) error) {
	for done := false; !done; {
		d.mortal(d.Context(), func(ctx context.Context) {
			err := do(ctx)
			done = !errors.Is(err, engine.ErrDown)
		})
	}
}

// mortal does work that may die, and waits for it.
func (d *drive) mortal(ctx context.Context, work func(context.Context)) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		work(enginetest.Mortal(ctx))
	}()
	<-over
}

// happenTo does what a resident does, or somebody tells of it: twice. The reference is that of a payment.
func (d *drive) happenTo(a *addressee, h happening, reference string) {
	o, now := a.shared, time.Now()
	for range 2 {
		d.insist(func(ctx context.Context) error {
			switch h.fact {
			case withdrawal:
				return d.memory.Stores().Consents.Record(ctx, o.campaign.Provider, []engine.Consent{{Account: a.who.Account, At: now}})
			case engine.Paid:
				p := engine.Payment{Reference: a.who.Account + reference, DocumentID: a.who.DocumentID, Amount: 100, PaidAt: now}
				if len(a.who.Account)%2 == 0 {
					p.DocumentID, p.Account, p.Period = "", a.who.Account, a.who.Period
				}
				_, err := d.engine.Pay(ctx, o.campaign.Provider, o.campaign.Mode, []engine.Payment{p})
				return err
			}
			return d.engine.Observe(ctx, engine.Observation{
				Campaign: o.campaign.ID, Ordinal: a.ordinal, Channel: h.channel, Fact: h.fact, Reason: h.reason, At: now,
			})
		})
	}
}

// take remembers that a channel took a message, and in which handling.
func (d *drive) take(ctx context.Context, at place) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := ctx.Value(handlingKey{}).(*handling)
	h.taken = append(h.taken, at)
}

// touch remembers that a message was asked about.
func (d *drive) touch(ctx context.Context, at place) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := ctx.Value(handlingKey{}).(*handling)
	h.asked = append(h.asked, at)
}

// handle handles a wake as a worker does that may die. A queue that is careful puts back what failed; Reconcile finds the rest.
func (d *drive) handle(wake engine.Wake, careful bool) {
	h := &handling{}
	well := false
	d.mortal(context.WithValue(d.Context(), handlingKey{}, h), func(ctx context.Context) {
		err := d.engine.Handle(ctx, wake)
		well = err == nil && !enginetest.Died(ctx)
		if h.lost && enginetest.Struck(ctx) == 0 {
			d.Error("a lease was lost though nothing had failed")
		}
	})
	d.mu.Lock()
	for _, at := range h.taken {
		if well && !h.lost {
			d.well[at]++
		}
	}
	for _, at := range append(h.taken, h.asked...) {
		if !well || h.lost {
			d.slipped[at] = true
		}
	}
	d.wakes++
	d.mu.Unlock()
	if !well && careful {
		wake.At = time.Now().Add(time.Second)
		d.check(d.memory.Stores().Queue.Put(d.Context(), wake))
	}
}
