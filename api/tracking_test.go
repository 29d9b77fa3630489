package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/engine"
)

// token signs a pass of a campaign's recipient.
func (w *world) token(id string, o engine.Ordinal, act engine.Act, link int) string {
	w.t.Helper()
	token, err := w.engine.Tokens.Sign(engine.Pass{Act: act, Campaign: engine.CampaignID(id), Ordinal: o, Channel: engine.Email, Link: link})
	w.must(err)
	return token
}

// facts counts the facts of the journal.
func (w *world) facts() map[engine.Fact]int {
	found := map[engine.Fact]int{}
	for _, e := range w.memory.Entries() {
		found[e.Fact] += len(e.Ordinals)
	}
	return found
}

func TestDoorsOfTracking(t *testing.T) {
	w := newWorld(t)
	id := w.sendAds(3)
	open, click, stop := "/t/o/"+w.token(id, 1, engine.ActOpen, 0), "/t/c/"+w.token(id, 1, engine.ActClick, 0), "/u/"+w.token(id, 1, engine.ActUnsubscribe, 0)

	for _, path := range []string{open, stop} {
		w.ask("HEAD", path, "").want(200)
	}
	where := w.ask("HEAD", click, "").want(302).Header().Get("Location")
	if page := w.ask("GET", stop, "").want(200).Body.String(); !strings.Contains(page, "<form method=\"post\">") || !strings.Contains(page, "ООО «Ромашка»") || !strings.Contains(page, "Отписаться") {
		t.Error(page)
	}
	if page := w.ask("GET", stop, "", header("Accept-Language", "en")).want(200).Body.String(); !strings.Contains(page, "Unsubscribe") {
		t.Error(page)
	}
	if f := w.facts(); f[engine.Opened]+f[engine.Clicked]+f[engine.Unsubscribed] > 0 {
		t.Errorf("looking counted: %v", f)
	}
	for range 2 {
		a := w.ask("GET", open, "").want(200)
		if a.Header().Get("Content-Type") != "image/gif" || a.Header().Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.Body.String(), "GIF89a") {
			t.Error(a.Header())
		}
		if got := w.ask("GET", click, "").want(302).Header().Get("Location"); got != where || got != "https://shop.example.ru/?a=1&b=2" {
			t.Errorf("leads to %q", got)
		}
		oneClick := w.ask("POST", stop, "List-Unsubscribe=One-Click", header("Content-Type", "application/x-www-form-urlencoded"), as(""))
		if page := oneClick.want(200).Body.String(); !strings.Contains(page, "Вы отписаны") {
			t.Error(page)
		}
	}
	if f := w.facts(); f[engine.Opened] != 1 || f[engine.Clicked] != 1 || f[engine.Unsubscribed] != 1 {
		t.Errorf("%v", f)
	}
}

func TestBadTokensLeadNowhere(t *testing.T) {
	w := newWorld(t)
	id := w.sendAds(2)
	good := w.token(id, 1, engine.ActClick, 0)
	tokens := []string{
		"x", strings.Repeat("A", 60), strings.Repeat("A", 5000), good[:len(good)-1], good + "A", w.token(id, 1, engine.ActOpen+1, 0), "https:%2F%2Fevil.example%2F", "..%2F..%2Fetc",
		w.token(id, 1, engine.ActClick, 9), w.token(engine.NewID(), 1, engine.ActClick, 0), w.token(id, 99, engine.ActClick, 0),
	}
	flipped := []byte(good)
	flipped[10] ^= 1
	tokens = append(tokens, string(flipped))
	for _, token := range tokens {
		for _, method := range []string{"GET", "HEAD"} {
			if a := w.ask(method, "/t/c/"+token, "").want(404); a.Header().Get("Location") != "" || method == "GET" && !strings.Contains(a.Body.String(), "Ссылка не работает") {
				t.Errorf("%s %s", method, token)
			}
		}
	}
	for _, path := range []string{"/t/o/" + good, "/u/" + good, "/t/o/" + w.token(engine.NewID(), 0, engine.ActOpen, 0), "/u/" + w.token(engine.NewID(), 0, engine.ActUnsubscribe, 0)} {
		w.ask("GET", path, "").want(404)
	}
	w.ask("HEAD", "/t/o/"+good, "").want(404)
	w.ask("HEAD", "/u/"+good, "").want(404)
	w.ask("POST", "/u/"+good, "").want(404)
}

// TestTrackingWhileTheStoreIsDown: a resident is told to come back, and nothing is taken that was not written.
func TestTrackingWhileTheStoreIsDown(t *testing.T) {
	w := newWorld(t)
	id := w.sendAds(2)
	w.faults.SetRate(2)
	for _, ask := range []struct {
		method, path string
	}{
		{"HEAD", "/t/o/" + w.token(id, 1, engine.ActOpen, 0)},
		{"GET", "/t/o/" + w.token(id, 1, engine.ActOpen, 0)}, {"GET", "/t/c/" + w.token(id, 1, engine.ActClick, 0)}, {"HEAD", "/t/c/" + w.token(id, 1, engine.ActClick, 0)},
		{"GET", "/d/" + w.token(id, 1, engine.ActDocument, 0)}, {"HEAD", "/d/" + w.token(id, 1, engine.ActDocument, 0)},
		{"GET", "/u/" + w.token(id, 1, engine.ActUnsubscribe, 0)}, {"HEAD", "/u/" + w.token(id, 1, engine.ActUnsubscribe, 0)}, {"POST", "/u/" + w.token(id, 1, engine.ActUnsubscribe, 0)},
	} {
		if a := w.ask(ask.method, ask.path, "").want(503); a.Header().Get("Retry-After") == "" {
			t.Errorf("%s %s: no Retry-After", ask.method, ask.path)
		}
	}
	w.faults.SetRate(0)
	w.ask("GET", "/t/o/"+w.token(id, 1, engine.ActOpen, 0), "").want(200)
}

// sendAds orders advertising with a link.
func (w *world) sendAds(n int) string {
	w.t.Helper()
	body := `{"name":"n","kind":"ad","template":"ad-offer","route":{"lanes":[[{"channel":"email"}]]},
		"vars":{"offer":"Скидка","advertiser":"ООО","erid":"2Vtz","link":"https://shop.example.ru/?a=1&b=2"}}`
	id := read[campaignView](w.ask("POST", "/v1/campaigns", body).want(201)).id()
	w.put(id, rows(n)).want(200)
	agreed := make([]engine.Consent, n)
	for i := range agreed {
		agreed[i] = engine.Consent{Account: fmt.Sprintf("%06d", i), Given: true, At: time.Now(), How: "test"}
	}
	w.must(w.memory.Stores().Consents.Record(w.t.Context(), w.owner, agreed))
	w.ask("POST", "/v1/campaigns/"+id+"/start", "").want(202)
	w.work()
	return id
}

// witness is an observer that remembers its calls.
type witness struct {
	mu    sync.Mutex
	calls [][]engine.Observation
	gone  engine.CampaignID
	began chan struct{} // told of every call, if not nil
	goOn  chan struct{} // waited for, if not nil
}

func (w *witness) Observe(_ context.Context, list ...engine.Observation) error {
	w.mu.Lock()
	w.calls = append(w.calls, slices.Clone(list))
	w.mu.Unlock()
	if w.began != nil {
		w.began <- struct{}{}
		<-w.goOn
	}
	for _, o := range list {
		if w.gone != "" && o.Campaign == w.gone {
			return fmt.Errorf("campaign: %w", engine.ErrNotFound)
		}
	}
	return nil
}

func TestCollectorSharesCalls(t *testing.T) {
	seen := &witness{}
	c := newCollector(seen)
	defer c.close()
	const n = 1000
	var asking sync.WaitGroup
	for i := range n {
		asking.Go(func() {
			if err := c.observe(t.Context(), engine.Observation{Ordinal: engine.Ordinal(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	found := 0
	for _, call := range seen.calls {
		found += len(call)
	}
	if found != n || len(seen.calls) > n/4 {
		t.Errorf("%d facts in %d calls", found, len(seen.calls))
	}
}

func TestCollectorKeepsCampaignsApart(t *testing.T) {
	seen := &witness{gone: "gone"}
	c := newCollector(seen)
	defer c.close()
	answers := make([]error, 100)
	var asking sync.WaitGroup
	for i := range answers {
		asking.Go(func() {
			id := engine.CampaignID("here")
			if i%10 == 0 {
				id = "gone"
			}
			answers[i] = c.observe(t.Context(), engine.Observation{Campaign: id})
		})
	}
	asking.Wait()
	for i, err := range answers {
		if gone := errors.Is(err, engine.ErrNotFound); gone != (i%10 == 0) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestCollectorIsBoundedAndEnds(t *testing.T) {
	seen := &witness{began: make(chan struct{}, roundsAtOnce), goOn: make(chan struct{})}
	c := newCollector(seen)
	gone, leave := context.WithCancel(t.Context())
	leave()
	full := false
	for i := 0; !full && i < queueLength+roundsAtOnce*roundSize*2; i++ {
		err := c.observe(gone, engine.Observation{Ordinal: engine.Ordinal(i)})
		full = errors.Is(err, engine.ErrDown)
	}
	if !full {
		t.Error("it takes without bound")
	}
	close(seen.goOn)
	go func() {
		for range seen.began {
		}
	}()
	c.close()
	close(seen.began)
	if err := c.observe(t.Context(), engine.Observation{}); !errors.Is(err, engine.ErrDown) {
		t.Errorf("after its end: %v", err)
	}
}
