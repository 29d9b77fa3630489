package engine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// town is a provider with an engine on memory stores and scripted channels.
type town struct {
	*testing.T
	memory   *enginetest.Memory
	engine   *engine.Engine
	texts    *plainTexts
	channels map[engine.ChannelName]*enginetest.Channel
}

// plainTexts renders every message as the recipient's account, and remembers which templates were asked for.
type plainTexts struct {
	mu   sync.Mutex
	refs map[engine.TemplateRef]int
}

func (p *plainTexts) Open(_ context.Context, ref engine.TemplateRef) (engine.Text, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refs[ref]++
	if ref.Name == "reminder" {
		return reminder{p}, nil
	}
	return p, nil
}

// reminder is a text of debts wherever it stands.
type reminder struct{ *plainTexts }

func (reminder) Kind() engine.Kind { return engine.KindDebt }

func (p *plainTexts) opened() map[engine.TemplateRef]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.refs)
}

func (*plainTexts) Render(_ engine.ChannelName, l *engine.Letter) (engine.Content, error) {
	if l.Recipient.Name == "unwritable" {
		return engine.Content{}, errors.New(`variable "period" is missing`)
	}
	return engine.Content{Subject: "s", Text: l.Recipient.Account, Links: []string{"https://example.ru/pay"}}, nil
}

// down fails for one recipient and is tried again.
var down = enginetest.Refuse(engine.Unavailable, "451")

func newTown(t *testing.T, stores engine.Stores, memory *enginetest.Memory, names ...engine.ChannelName) *town {
	t.Helper()
	w := &town{T: t, memory: memory, texts: &plainTexts{refs: map[engine.TemplateRef]int{}}, channels: map[engine.ChannelName]*enginetest.Channel{}}
	channels := map[engine.ChannelName]engine.Channel{}
	for _, name := range names {
		w.channels[name] = enginetest.NewChannel(enginetest.Accept())
		channels[name] = w.channels[name]
	}
	w.engine = engine.New(engine.Config{
		Stores: stores, Channels: channels, Texts: w.texts, Tokens: engine.NewTokens([]byte("secret")), PublicURL: "https://v.example.ru",
	})
	if err := memory.Stores().Registry.PutProvider(t.Context(), engine.Provider{ID: "p", Name: "УК", Settings: map[string]string{engine.SettingQuiet: "off"}}); err != nil {
		t.Fatal(err)
	}
	return w
}

func simpleTown(t *testing.T, names ...engine.ChannelName) *town {
	memory := enginetest.NewMemory()
	return newTown(t, memory.Stores(), memory, names...)
}

// account is the account of the i-th recipient of every campaign.
func account(i int) string { return fmt.Sprint("A", i) }

// neighbour is a second provider, q.
func (w *town) neighbour() engine.ProviderID {
	w.Helper()
	err := w.memory.Stores().Registry.PutProvider(w.Context(), engine.Provider{ID: "q", Name: "ТСЖ", Settings: map[string]string{engine.SettingQuiet: "off"}})
	if err != nil {
		w.Fatal(err)
	}
	return "q"
}

// order writes a campaign of n recipients who have every address; change may alter each. It is the provider p's unless it names another.
func (w *town) order(c engine.Campaign, n int, change func(int, *engine.Recipient)) engine.Campaign {
	w.Helper()
	c.Provider, c.Template = cmp.Or(c.Provider, "p"), cmp.Or(c.Template, engine.TemplateRef{Name: "t", Version: 1})
	c, err := w.engine.Order(w.Context(), c)
	if err != nil {
		w.Fatal(err)
	}
	for first := 0; first < n; first += engine.ChunkSize {
		var chunk []engine.Recipient
		for i := first; i < min(n, first+engine.ChunkSize); i++ {
			r := engine.Recipient{Account: account(i), Email: fmt.Sprint(i, "@example.ru"), VKID: int64(i + 1), GISAccount: "g", House: "h"}
			if change != nil {
				change(i, &r)
			}
			chunk = append(chunk, r)
		}
		if _, err := w.engine.Append(w.Context(), c, chunk); err != nil {
			w.Fatal(err)
		}
	}
	return c
}

func (w *town) start(c engine.Campaign) {
	w.Helper()
	if _, err := w.engine.Start(w.Context(), c.ID); err != nil {
		w.Fatal(err)
	}
}

// run works until nothing is due any more within d.
func (w *town) run(d time.Duration) {
	ctx, cancel := context.WithTimeout(w.Context(), d)
	defer cancel()
	if err := w.memory.Run(ctx, w.engine.Handle); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		w.Fatal(err)
	}
}

// reconciled works for d and reconciles every few seconds, as the workers of an installation do.
func (w *town) reconciled(d time.Duration) {
	w.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := w.engine.Reconcile(w.Context()); err != nil {
			w.Fatal(err)
		}
		next := time.Now().Add(2 * time.Second)
		w.run(2 * time.Second)
		time.Sleep(time.Until(next))
	}
}

func (w *town) expect(c engine.Campaign, status engine.Status, want engine.Balance) {
	w.Helper()
	got, err := w.memory.Stores().Ledger.Balance(w.Context(), c.ID)
	if err != nil || got != want {
		w.Errorf("balance %+v (%v), want %+v", got, err, want)
	}
	if now, err := w.memory.Stores().Registry.Campaign(w.Context(), c.ID); err != nil || now.Status != status {
		w.Errorf("the campaign is %s (%v), want %s", now.Status, err, status)
	}
}

// told counts the recipients of each fact in the journal.
func (w *town) told(c engine.Campaign) map[string]int {
	seen := map[string]map[engine.Ordinal]bool{}
	for _, e := range w.memory.Entries() {
		key := string(e.Fact)
		if e.Payment != nil {
			key = "payment"
		}
		if e.Channel != engine.NoChannel {
			key += "/" + string(e.Channel)
		}
		if e.Campaign != c.ID {
			continue
		}
		if seen[key] == nil {
			seen[key] = map[engine.Ordinal]bool{}
		}
		for _, o := range e.Ordinals {
			seen[key][o] = true
		}
	}
	counts := map[string]int{}
	for key, set := range seen {
		counts[key] = len(set)
	}
	return counts
}

func (w *town) expectTold(c engine.Campaign, want map[string]int) {
	w.Helper()
	if got := w.told(c); !maps.Equal(got, want) {
		w.Errorf("the journal tells %v, want %v", got, want)
	}
}

func (w *town) observe(c engine.Campaign, f engine.Fact, ch engine.ChannelName, ordinals ...engine.Ordinal) {
	w.Helper()
	for _, o := range ordinals {
		if err := w.engine.Observe(w.Context(), engine.Observation{Campaign: c.ID, Ordinal: o, Channel: ch, Fact: f, At: time.Now()}); err != nil {
			w.Fatal(err)
		}
	}
}

// set changes settings of provider p, key after value.
func (w *town) set(pairs ...string) {
	w.Helper()
	_, err := w.memory.Stores().Registry.ChangeProvider(w.Context(), "p", func(p *engine.Provider) error {
		for i := 0; i < len(pairs); i += 2 {
			p.Settings[pairs[i]] = pairs[i+1]
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

// alongside has n workers work, however long a channel takes, until finish is called.
func (w *town) alongside(n int) (finish func()) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	for range n {
		go func() {
			defer func() { done <- struct{}{} }()
			for ctx.Err() == nil {
				if wake, due := w.memory.Next(time.Now()); due {
					if err := w.engine.Handle(ctx, wake); err != nil && !errors.Is(err, context.Canceled) {
						w.Error(err)
					}
					continue
				}
				select {
				case <-ctx.Done():
				case <-time.After(100 * time.Millisecond):
				}
			}
		}()
	}
	return func() {
		cancel()
		for range n {
			<-done
		}
	}
}

// balance is the campaign's now.
func (w *town) balance(c engine.Campaign) engine.Balance {
	w.Helper()
	b, err := w.memory.Stores().Ledger.Balance(w.Context(), c.ID)
	if err != nil {
		w.Fatal(err)
	}
	return b
}

// now is the campaign as it is now.
func (w *town) now(c engine.Campaign) engine.Campaign {
	w.Helper()
	c, err := w.memory.Stores().Registry.Campaign(w.Context(), c.ID)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// reasons counts the recipients by outcome and reason, as "undelivered bad_address".
func (w *town) reasons(c engine.Campaign) map[string]int {
	w.Helper()
	people, _, _, err := w.engine.People(w.Context(), w.now(c), engine.Filter{}, 0, 1<<30)
	if err != nil {
		w.Fatal(err)
	}
	counts := map[string]int{}
	for _, p := range people {
		key := string(p.State.Outcome)
		if p.State.Reason != engine.NoReason {
			key += " " + string(p.State.Reason)
		}
		counts[key]++
	}
	return counts
}

func (w *town) expectReasons(c engine.Campaign, want map[string]int) {
	w.Helper()
	if got := w.reasons(c); !maps.Equal(got, want) {
		w.Errorf("they ended %v, want %v", got, want)
	}
}

// holds tells what the campaign waits for, as "send/vk quiet": how many.
func (w *town) holds(c engine.Campaign) map[string]int {
	w.Helper()
	list, err := w.engine.Waiting(w.Context(), w.now(c))
	if err != nil {
		w.Fatal(err)
	}
	counts := map[string]int{}
	for _, waiting := range list {
		key := fmt.Sprintf("%s/%s", waiting.Phase, waiting.Channel)
		if waiting.Hold != engine.NoHold {
			key += " " + string(waiting.Hold)
		}
		counts[key] = waiting.Recipients
	}
	return counts
}

func (w *town) expectHolds(c engine.Campaign, want map[string]int) {
	w.Helper()
	if got := w.holds(c); !maps.Equal(got, want) {
		w.Errorf("it waits for %v, want %v", got, want)
	}
}

// accounts lists the accounts whose message a channel took, in order.
func accounts(ch *enginetest.Channel) []string {
	var list []string
	for _, msg := range ch.Taken() {
		list = append(list, msg.Recipient.Account)
	}
	slices.Sort(list)
	return list
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
