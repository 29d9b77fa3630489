package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"vestnik/api/intake"
	"vestnik/engine"
)

// expired is an audience whose time is over.
type expired struct{ engine.Audience }

func (expired) Chunk(context.Context, engine.CampaignID, int) ([]engine.Recipient, error) {
	return nil, engine.ErrNotFound
}

// waitingWorld is a world with a running campaign whose members wait for everything there is.
func waitingWorld(t *testing.T) (*world, string) {
	w := newWorld(t)
	id := w.draft()
	w.put(id, rows(12)).want(200)
	w.ask("POST", "/v1/campaigns/"+id+"/start", "").want(202)
	ctx, stores := t.Context(), w.memory.Stores()
	campaign := engine.CampaignID(id)
	w.must(stores.Ledger.Open(ctx, campaign, 12, 1))
	due := time.Date(2100, 1, 2, 4, 0, 0, 0, time.UTC) // nine in the morning at the provider's
	var batches []engine.Batch
	put := func(b engine.Batch) {
		i := len(batches)
		b.Campaign, b.Due, b.Since = campaign, due, due
		b.Members.Add(i)
		batches = append(batches, b)
	}
	for _, hold := range []engine.Hold{engine.NoHold, engine.HeldRetry, engine.HeldQuiet, engine.HeldPace, engine.HeldQuota, engine.HeldBreaker, engine.HeldReputation, engine.HeldShared} {
		put(engine.Batch{Phase: engine.Sending, Hold: hold})
	}
	put(engine.Batch{Phase: engine.Confirming, Receipt: "r"})
	put(engine.Batch{Phase: engine.Waiting})
	w.must(stores.Ledger.Feed(ctx, campaign, 0, 1, batches))
	w.breakEmail(w.owner)
	return w, id
}

// breakEmail opens the breaker of a provider's e-mail.
func (w *world) breakEmail(owner engine.ProviderID) {
	w.t.Helper()
	_, err := w.memory.Stores().Breakers.ChangeBreaker(w.t.Context(), owner, engine.Email, func(b *engine.Breaker) {
		b.Failures, b.Reason, b.Code, b.Since, b.Until = 3, engine.Unavailable, "421 4.3.2", time.Now(), time.Now().Add(time.Hour)
	})
	w.must(err)
}

func TestWaitingInWords(t *testing.T) {
	w, id := waitingWorld(t)
	for language, want := range map[string]map[string]string{
		"ru": {
			"send": "отправка: электронная почта", "retry": "повторная попытка: электронная почта", "wait": "ждём реакции: электронная почта",
			"confirm": "ждём, пока канал подтвердит доставку: электронная почта",
			"quiet":   "ночь у получателей, продолжим 2 января в 09:00 (UTC+05:00): электронная почта",
			"quota":   "квота поставщика исчерпана, продолжим 2 января в 09:00 (UTC+05:00): электронная почта",
			"breaker": "ждёт, пока заработает канал «электронная почта»: канал недоступен (421 4.3.2)",
		},
		"en": {
			"quiet":   "it is night at the recipients’, resuming on 2 January at 09:00 (UTC+05:00): e-mail",
			"breaker": "waiting for the channel to work again: e-mail: the channel is out of reach (421 4.3.2)",
		},
	} {
		c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "", header("Accept-Language", language)).want(200))
		if len(c.WaitingFor) != 10 {
			t.Fatalf("%+v", c.WaitingFor)
		}
		for _, v := range c.WaitingFor {
			if text, there := want[v.Phase]; there && v.Text != text || strings.Contains(v.Text, "%!") || v.Recipients != 1 || v.Next.IsZero() {
				t.Errorf("%s: %+v, want %q", language, v, text)
			}
			if broken := v.Phase == "breaker" || v.Phase == "reputation"; (v.Reason == engine.Unavailable && v.Code == "421 4.3.2") != broken {
				t.Errorf("%+v", v)
			}
			delete(want, v.Phase)
		}
		if len(want) > 0 {
			t.Errorf("in %s nothing waits for %v", language, want)
		}
	}
}

func TestClock(t *testing.T) {
	zone := time.FixedZone("", 5*3600)
	now := time.Date(2026, 11, 5, 1, 0, 0, 0, zone)
	for _, c := range []struct {
		language intake.Language
		at       time.Time
		want     string
	}{
		{intake.Russian, now.Add(8 * time.Hour), "в 09:00 (UTC+05:00)"},
		{intake.Russian, now.Add(32 * time.Hour), "6 ноября в 09:00 (UTC+05:00)"},
		{intake.English, now.Add(8 * time.Hour), "at 09:00 (UTC+05:00)"},
		{intake.English, now.Add(32 * time.Hour), "on 6 November at 09:00 (UTC+05:00)"},
	} {
		if got := clock(c.language, c.at, now); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestReputationIsTold(t *testing.T) {
	w := newWorld(t)
	tally := func(f engine.Fact, n int) {
		w.must(w.memory.Stores().Tally.Add(t.Context(), w.owner, engine.Email, f, time.Now(), n))
	}
	warnings := func(id string) string {
		t.Helper()
		var list []string
		for _, p := range read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "").want(200)).Warnings {
			list = append(list, p.Code+": "+p.Message)
		}
		return strings.Join(list, "\n")
	}
	id := w.draft()
	if got := warnings(id); got != "" {
		t.Error(got)
	}
	tally(engine.Sent, 1900)
	tally(engine.Bounced, 100)
	if got := warnings(id); !strings.HasPrefix(got, "reputation_warned: За сутки вернулось 100 писем из 1900, жалоб 0. При 10 % возвратов") {
		t.Error(got)
	}
	tally(engine.Complained, 6)
	if got := warnings(id); !strings.HasPrefix(got, "reputation_stopped: ") {
		t.Error(got)
	}
	if got := warnings(w.draft(as(w.keys["test"]))); got != "" {
		t.Errorf("a test is warned: %s", got)
	}
}

func TestOpenBreakersAreTold(t *testing.T) {
	w := newWorld(t)
	w.breakEmail(w.owner)
	w.breakEmail("another")
	a := w.ask("GET", "/readyz", "", as("")).want(200)
	if got, want := strings.TrimSpace(a.Body.String()), `{"breakers":[{"channel":"email","reason":"unavailable","providers":2}],"checks":{},"status":"ready"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.engine.Meter.Held(engine.VK, engine.HeldQuiet, 7)
	text := w.ask("GET", "/metrics", "", as("")).want(200).Body.String()
	for _, want := range []string{`vestnik_breakers_open{channel="email"} 2`, `vestnik_breakers_open{channel="vk"} 0`, `vestnik_held_total{channel="vk",why="quiet"} 7`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(a.Body.String()+text, string(w.owner)) {
		t.Error("a provider is named")
	}
}

func TestEveryKeyIsBounded(t *testing.T) {
	w := newWorld(t)
	w.config.RequestsPerSecond = 1
	w.restart()
	w.eachRoute(func(r route, path string) {
		clear(w.server.rates.buckets)
		empty := rate.NewLimiter(1, 1)
		empty.AllowN(time.Now().Add(time.Minute), 1)
		w.server.rates.buckets[strings.Split(w.keys["provider"], "_")[2]] = empty
		a := w.ask(r.method, path, "").want(http.StatusTooManyRequests)
		if seconds, err := strconv.Atoi(a.Header().Get("Retry-After")); err != nil || seconds < 1 {
			t.Errorf("%s %s: Retry-After is %q", r.method, r.path, a.Header().Get("Retry-After"))
		}
		if a := w.ask("GET", "/v1/campaigns", "", as(w.keys["viewer"])); a.Code != http.StatusOK {
			t.Errorf("another key is answered %d", a.Code)
		}
	})
}

func TestRates(t *testing.T) {
	r, now := newRates(10), time.Now()
	for i := range 20 {
		if _, ok := r.take("a", now); !ok {
			t.Fatalf("request %d is refused", i)
		}
	}
	if wait, ok := r.take("a", now); ok || wait < 99*time.Millisecond || wait > 101*time.Millisecond {
		t.Errorf("%v %v", wait, ok)
	}
	if _, ok := r.take("b", now); !ok {
		t.Error("another key pays for it")
	}
	if _, ok := r.take("a", now.Add(101*time.Millisecond)); !ok {
		t.Error("the bucket does not fill")
	}
	for i := range maxKeys {
		r.take(strconv.Itoa(i), now.Add(time.Hour))
	}
	if len(r.buckets) > maxKeys {
		t.Errorf("%d buckets", len(r.buckets))
	}
	if _, ok := newRates(-1).take("a", now); !ok {
		t.Error("what is not bounded is refused")
	}
}
