package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"vestnik/engine"
)

func TestSameRequestIsDoneOnce(t *testing.T) {
	w := newWorld(t)
	once := header(keyHeader, "order 1")
	first := w.ask("POST", "/v1/campaigns", billOrder, once).want(201)
	again := w.ask("POST", "/v1/campaigns", billOrder, once).want(201)
	if first.Body.String() != again.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s\n%s", first.Body, again.Body)
	}
	if again.Header().Get("Content-Type") != first.Header().Get("Content-Type") {
		t.Error(again.Header())
	}
	if p := read[problem](w.ask("POST", "/v1/campaigns", billOrder+" ", once).want(422)); p.codes()[0] != "Idempotency-Key idempotency_reused" {
		t.Errorf("%+v", p)
	}
	w.ask("POST", "/v1/messages", billOrder, once).want(422)
	if mine := w.ask("POST", "/v1/campaigns", billOrder, once, as(w.keys["other"])).want(201); mine.Body.String() == first.Body.String() {
		t.Error("another provider got the answer")
	}
	if mine := w.ask("POST", "/v1/campaigns", billOrder, once, as(w.keys["test"])).want(201); mine.Body.String() == first.Body.String() {
		t.Error("the test key got the live answer")
	}
	// A refusal is an answer too.
	bad := header(keyHeader, "order 2")
	w.ask("POST", "/v1/campaigns", `{}`, bad).want(422)
	if a := w.ask("POST", "/v1/campaigns", `{}`, bad).want(422); a.Header().Get("Idempotency-Replayed") != "true" || a.Header().Get("Content-Type") != "application/problem+json" {
		t.Error(a.Header())
	}
	for _, key := range []string{"", strings.Repeat("k", 256), "ключ", "a\tb"} {
		w.ask("POST", "/v1/campaigns", billOrder, header(keyHeader, key)).want(422)
	}
	w.ask("POST", "/v1/campaigns", billOrder, header(keyHeader, strings.Repeat("k", 255))).want(201)
}

func TestErrorsOfOursAreNotKept(t *testing.T) {
	w := newWorld(t)
	down := &brittle{Registry: w.config.Engine.Stores.Registry}
	w.engine.Stores.Registry = down
	w.restart()
	once := header(keyHeader, "k")
	down.fail = engine.ErrDown
	w.ask("POST", "/v1/campaigns", billOrder, once).want(503)
	down.fail = errors.New("something odd")
	w.ask("POST", "/v1/campaigns", billOrder, once).want(500)
	down.panics = true
	w.ask("POST", "/v1/campaigns", billOrder, once).want(500)
	down.fail, down.panics = nil, false
	w.ask("POST", "/v1/campaigns", billOrder, once).want(201)
	if log := w.log.String(); !strings.Contains(log, "something odd") || !strings.Contains(log, "panic of type string") || strings.Contains(log, "Ivanov") {
		t.Error(log)
	}
}

// brittle is a registry that cannot add campaigns.
type brittle struct {
	engine.Registry
	fail   error
	panics bool
}

func (b *brittle) AddCampaign(ctx context.Context, c engine.Campaign) error {
	if b.panics {
		panic("with the name of Ivanov")
	}
	if b.fail != nil {
		return b.fail
	}
	return b.Registry.AddCampaign(ctx, c)
}

func TestRunningRequests(t *testing.T) {
	w := newWorld(t)
	w.engine.Stores.Answers = running{w.engine.Stores.Answers}
	w.restart()
	w.eachRoute(func(r route, path string) {
		if r.method == http.MethodPost {
			if p := read[problem](w.ask(r.method, path, "{}", header(keyHeader, "k")).want(409)); p.Code != "idempotency_running" {
				t.Errorf("%+v", p)
			}
		}
	})
}

// running is Answers where every request is still being answered.
type running struct{ engine.Answers }

func (running) Begin(context.Context, engine.ProviderID, string, [32]byte) (engine.Asked, engine.Answer, error) {
	return engine.AskedRunning, engine.Answer{}, nil
}

func TestManyAtOnceAreDoneOnce(t *testing.T) {
	w := newWorld(t)
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			if a := w.ask("POST", "/v1/messages", oneBill, header(keyHeader, "k")); a.Code != 202 && a.Code != 409 {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		})
	}
	asking.Wait()
	w.work()
	if n := len(w.email.Taken()); n != 1 {
		t.Errorf("%d messages", n)
	}
}
