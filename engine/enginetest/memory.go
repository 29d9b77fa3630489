package enginetest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"vestnik/engine"
)

// Memory keeps everything in plain maps under one mutex. It works in bubbles of testing/synctest: it starts no goroutines and reads the
// time only where it must forget or is not told it.
type Memory struct {
	mu sync.Mutex

	providers map[engine.ProviderID]engine.Provider
	keys      map[string]engine.Key
	campaigns map[engine.CampaignID]engine.Campaign
	audiences map[engine.CampaignID]*audienceOf
	ledgers   map[engine.CampaignID]*ledgerOf
	marks     map[mark]bool
	payments  map[engine.ProviderID][]engine.Payment
	credits   map[reference]engine.Credit
	annulled  map[reference]engine.Credit
	stops     map[stop]engine.StoppedAddress
	entries   []engine.Entry
	wakes     map[wakeName]engine.Wake
	answers   map[asked]remembered

	consents  map[resident][]engine.Consent
	frequency map[audienceKind][]campaignDay
	claims    map[doorbell]claimed
	spent     map[window]int
	turns     map[string]time.Time            // when the next comes
	places    map[string]map[string]time.Time // by name: who is in, until when
	breakers  map[senderChannel]engine.Breaker
	tally     map[hourly]int64
	chats     map[chatName]string                 // JSON
	threads   map[threadName]string               // JSON
	inboxes   map[engine.ProviderID][]engine.Kept // newest first
	notes     map[noteName]note
	dialogs   map[stop]*dialogOf
	signals   map[signal]time.Time // until when they are known
	bookmarks map[senderChannel]string
	documents map[recipientOf]string
	declared  map[engine.ProviderID]*declarationsOf
	found     map[givenTo]engine.Ordinal
}

// NewMemory makes an empty Memory.
func NewMemory() *Memory {
	return &Memory{
		providers: map[engine.ProviderID]engine.Provider{},
		keys:      map[string]engine.Key{},
		campaigns: map[engine.CampaignID]engine.Campaign{},
		audiences: map[engine.CampaignID]*audienceOf{},
		ledgers:   map[engine.CampaignID]*ledgerOf{},
		marks:     map[mark]bool{},
		payments:  map[engine.ProviderID][]engine.Payment{},
		credits:   map[reference]engine.Credit{},
		annulled:  map[reference]engine.Credit{},
		stops:     map[stop]engine.StoppedAddress{},
		wakes:     map[wakeName]engine.Wake{},
		answers:   map[asked]remembered{},

		consents:  map[resident][]engine.Consent{},
		frequency: map[audienceKind][]campaignDay{},
		claims:    map[doorbell]claimed{},
		spent:     map[window]int{},
		turns:     map[string]time.Time{},
		places:    map[string]map[string]time.Time{},
		breakers:  map[senderChannel]engine.Breaker{},
		tally:     map[hourly]int64{},
		chats:     map[chatName]string{},
		threads:   map[threadName]string{},
		inboxes:   map[engine.ProviderID][]engine.Kept{},
		notes:     map[noteName]note{},
		dialogs:   map[stop]*dialogOf{},
		signals:   map[signal]time.Time{},
		bookmarks: map[senderChannel]string{},
		documents: map[recipientOf]string{},
		declared:  map[engine.ProviderID]*declarationsOf{},
		found:     map[givenTo]engine.Ordinal{},
	}
}

// Stores gives the stores; all of them are this Memory.
func (m *Memory) Stores() engine.Stores {
	return engine.Stores{
		Registry: registry{m}, Audience: audience{m}, Ledger: ledger{m}, Marks: marks{m},
		Cashbook: cashbook{m}, Stops: stops{m}, Journal: journal{m}, Queue: queue{m},
		Answers: answers{m}, Consents: consents{m}, Frequency: frequency{m}, Claims: claims{m},
		Pace: pace{m}, Breakers: breakers{m}, Tally: tally{m}, Chats: chats{m}, Inbox: inbox{m},
		Notes: notes{m}, Dialogs: dialogs{m}, Documents: documents{m}, Declarations: declarations{m},
	}
}

// enter begins a call: it locks the memory unless the caller has given up.
func (m *Memory) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	return m.mu.Unlock, nil
}

// journal is the Journal of a Memory.
type journal struct{ *Memory }

func (j journal) Record(ctx context.Context, entries ...engine.Entry) error {
	leave, err := j.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, e := range entries {
		copied, err := clone(e)
		if err != nil {
			return err
		}
		j.entries = append(j.entries, copied)
	}
	return nil
}

// Entries gives what the journal has, in the order it was recorded.
func (m *Memory) Entries() []engine.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.entries)
}

// queue is the Queue of a Memory.
type queue struct{ *Memory }

type wakeName struct {
	campaign engine.CampaignID
	batch    string
	at       int64
}

func nameOf(w engine.Wake) wakeName { return wakeName{w.Campaign, w.Batch, w.At.UnixMilli()} }

func (q queue) Put(ctx context.Context, wakes ...engine.Wake) error {
	leave, err := q.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, w := range wakes {
		w.At = millis(w.At)
		q.wakes[nameOf(w)] = w
	}
	return nil
}

// Wakes lists the wakes nobody has taken yet, earliest first, urgent ones before others of the same moment.
func (m *Memory) Wakes() []engine.Wake {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sortedWakes()
}

func (m *Memory) sortedWakes() []engine.Wake {
	list := make([]engine.Wake, 0, len(m.wakes))
	for _, w := range m.wakes {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b engine.Wake) int {
		return cmp.Or(a.At.Compare(b.At), -compareBools(a.Urgent, b.Urgent),
			cmp.Compare(a.Campaign, b.Campaign), cmp.Compare(a.Batch, b.Batch))
	})
	return list
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Next takes a wake that is due at now: an urgent one if there is any, else the earliest; false if none is due.
func (m *Memory) Next(now time.Time) (engine.Wake, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := slices.DeleteFunc(m.sortedWakes(), func(w engine.Wake) bool { return w.At.After(now) })
	if len(due) == 0 {
		return engine.Wake{}, false
	}
	next := due[max(0, slices.IndexFunc(due, func(w engine.Wake) bool { return w.Urgent }))]
	delete(m.wakes, nameOf(next))
	return next, true
}

// Run works like one worker: it sleeps until the next wake is due, handles it, puts it back a second later if handle fails, and ends
// when no wakes are left (nil) or ctx has ended. In a synctest bubble days pass at once.
func (m *Memory) Run(ctx context.Context, handle func(context.Context, engine.Wake) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		waiting := m.Wakes()
		if len(waiting) == 0 {
			return nil
		}
		if pause := time.Until(waiting[0].At); pause > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
		}
		w, ok := m.Next(time.Now())
		if !ok {
			continue
		}
		if err := handle(ctx, w); err != nil {
			w.At = time.Now().Add(time.Second)
			if err := (queue{m}).Put(ctx, w); err != nil {
				return err
			}
		}
	}
}

// clone copies a value as a real store would: by writing it down and reading it.
func clone[T any](v T) (T, error) {
	var copied T
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	return copied, err
}

// millis is the precision at which the stores keep times.
func millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
