package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestRedisDown takes Redis away in the middle of a campaign. The API says so at once and says when to come back, readiness names the culprit, and
// when Redis is there again everything goes on by itself, without a restart.
func TestRedisDown(t *testing.T) {
	const batches, deaths = 2, 2
	w := newTown(t)
	w.env["VESTNIK_WORKER_CONCURRENCY"] = "email=2"
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(5000)
	id := w.order(c, list)
	for round := range deaths {
		enough := len(list)*(2*round+1)/(2*deaths+1) + w.chance.IntN(500)
		w.await("mail enough for the next death", func() bool { return len(w.letters()) >= enough })
		w.redis.Kill()
		for _, path := range []string{"/v1/campaigns", "/v1/campaigns/" + string(id), "/v1/campaigns/" + string(id) + "/recipients"} {
			w.wantDown(path, c.Key)
		}
		w.wantUnready("redis")
		_, err := (&client.Client{URL: w.url, Key: c.Key, Tries: 1}).CreateCampaign(t.Context(),
			client.Order{Name: "Октябрь", Kind: engine.KindBill, Template: "bill-monthly"})
		if problem, ok := err.(*client.Problem); !ok || problem.Status != http.StatusServiceUnavailable || problem.RetryAfter == 0 {
			t.Errorf("an order without a store is answered %v", err)
		}
		w.redis.Start()
		w.await("readiness", w.ready)
	}
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 5000, Delivered: 5000})
	extra := w.mailedAll(list)
	t.Logf("%d letters were sent twice", extra)
	if most := deaths * batches * engine.ChunkSize; extra > most {
		t.Errorf("%d letters too many, more than the %d that can have been in flight", extra, most)
	}
}

// wantDown checks that an address is answered soon by a 503 that says when to come back, as a problem.
func (w *town) wantDown(path, key string) {
	w.Helper()
	begin := time.Now()
	answer, err := w.get(path, key)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	var problem client.Problem
	if err != nil || json.Unmarshal(text, &problem) != nil || problem.Status != http.StatusServiceUnavailable {
		w.Errorf("%s without a store: %v\n%s", path, err, text)
	}
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Content-Type") != "application/problem+json" || seconds < 1 || err != nil {
		w.Errorf("%s without a store: %s %v", path, answer.Status, answer.Header)
	}
	if took := time.Since(begin); took > 30*time.Second {
		w.Errorf("%s without a store is answered after %v", path, took)
	}
}

// readiness tells the status of /readyz and what it says of each dependency.
func (w *town) readiness() (int, map[string]string) {
	answer, err := w.get("/readyz", "")
	if err != nil {
		return 0, nil
	}
	defer func() { _ = answer.Body.Close() }()
	var view struct {
		Checks map[string]string `json:"checks"`
	}
	_ = json.NewDecoder(answer.Body).Decode(&view) // what cannot be read names nobody
	return answer.StatusCode, view.Checks
}

func (w *town) ready() bool { status, _ := w.readiness(); return status == http.StatusOK }

// wantUnready checks that readiness blames one dependency and no other, while the process itself is well.
func (w *town) wantUnready(name string) {
	w.Helper()
	status, checks := w.readiness()
	if status != http.StatusServiceUnavailable || checks[name] != "down" {
		w.Errorf("readiness without %s: %d %v", name, status, checks)
	}
	for other, word := range checks {
		if other != name && word != "ok" {
			w.Errorf("readiness without %s blames %s", name, other)
		}
	}
	if answer, err := w.get("/healthz", ""); err != nil || answer.StatusCode != http.StatusOK || answer.Body.Close() != nil {
		w.Errorf("liveness without %s: %v", name, err)
	}
}
