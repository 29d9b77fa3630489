package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"vestnik/engine"
)

// address fills a route's path with things that exist.
func (w *world) address(r route, campaign, message string) string {
	id := campaign
	if strings.HasPrefix(r.path, "/v1/messages") {
		id = message
	}
	path := strings.NewReplacer("{id}", id, "{name}", "bill-monthly", "{account}", "000001").Replace(r.path)
	if r.method == http.MethodGet && path == "/v1/consents" {
		path += "?account=000001"
	}
	return path
}

func (w *world) message() string {
	w.t.Helper()
	return read[struct{ ID string }](w.ask("POST", "/v1/messages", oneBill).want(202)).ID
}

const oneBill = `{"kind":"bill","template":"bill-monthly","route":{"lanes":[[{"channel":"email"}]]},
	"recipient":{"account":"000001","email":"a@example.ru","name":"Иванов Иван Иванович","period":"2026-10","amount":"100.00","due_date":"2026-11-10","document_id":"M-1"}}`

// eachRoute calls test for every route that needs a key.
func (w *world) eachRoute(test func(r route, path string)) {
	campaign, message := w.draft(), w.message()
	for _, r := range w.server.table {
		if r.role != public {
			test(r, w.address(r, campaign, message))
		}
	}
}

func TestEveryRouteNeedsAKey(t *testing.T) {
	w := newWorld(t)
	revoked, key := NewKey(secret, w.owner, engine.RoleOperator, engine.Live)
	revoked.RevokedAt = revoked.CreatedAt
	w.must(w.memory.Stores().Registry.PutKey(t.Context(), revoked))
	good := w.keys["operator"]
	wrong := []string{"", "nonsense", "vst_live_x_y", "vst_live_../../etc_y", key, good + "x", good[:len(good)-1], strings.Replace(good, "vst_live", "vst_test", 1)}
	w.eachRoute(func(r route, path string) {
		for _, text := range wrong {
			a := w.ask(r.method, path, "", as(text)).want(http.StatusUnauthorized)
			if a.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s: no WWW-Authenticate", r.method, r.path)
			}
		}
		if scheme := w.ask(r.method, path, "", header("Authorization", "Basic "+good)); scheme.Code != http.StatusUnauthorized {
			t.Errorf("%s %s takes Basic", r.method, r.path)
		}
	})
}

func TestViewersDoNotWrite(t *testing.T) {
	w := newWorld(t)
	w.eachRoute(func(r route, path string) {
		writes := r.method != http.MethodGet
		if writes != (r.role == provider) {
			t.Errorf("%s %s is for %s", r.method, r.path, r.role)
		}
		if writes {
			w.ask(r.method, path, "", as(w.keys["viewer"])).want(http.StatusForbidden)
			return
		}
		w.ask(r.method, path, "", as(w.keys["viewer"])).want(http.StatusOK)
		w.ask(r.method, path, "", as(w.keys["operator"])).want(http.StatusOK)
	})
}

func TestAnotherProviderFindsNothing(t *testing.T) {
	w := newWorld(t)
	w.eachRoute(func(r route, path string) {
		if strings.Contains(r.path, "{id}") {
			w.ask(r.method, path, "", as(w.keys["other"])).want(http.StatusNotFound)
		}
	})
	w.send(3)
	for _, path := range []string{"/v1/campaigns", "/v1/accounts/000001/timeline"} {
		if found := read[page[any]](w.ask("GET", path, "", as(w.keys["other"])).want(200)); len(found.Items) > 0 {
			t.Errorf("%s shows another provider's %v", path, found.Items)
		}
	}
	for _, path := range []string{"/v1/analytics/funnel"} {
		if found := read[reportView](w.ask("GET", path, "", as(w.keys["other"])).want(200)); found.Funnel[0].Count > 0 {
			t.Errorf("%s counts another provider's recipients", path)
		}
	}
	events := `[{"type":"opened","document_id":"DOC-1","at":"2026-10-05T10:00:00Z"}]`
	if got := read[eventsReport](w.ask("POST", "/v1/events", events, as(w.keys["other"])).want(200)); got.Unknown != 1 {
		t.Errorf("another provider's event was taken: %+v", got)
	}
}

func TestNothingIsFoundUnderWrongNames(t *testing.T) {
	w := newWorld(t)
	campaign, message := w.draft(), w.message()
	for _, r := range w.server.table {
		for _, name := range []string{"0123456789abcdef", "Nope", "%2e%2e%2fkeys", "bill-monthly@99", strings.Repeat("a", 100)} {
			makes := r.method == http.MethodPut && r.path == "/v1/routes/{name}"
			if strings.Contains(r.path, "{id}") || strings.Contains(r.path, "{name}") && !makes {
				w.ask(r.method, strings.NewReplacer("{id}", name, "{name}", name).Replace(r.path), "").want(http.StatusNotFound)
			}
		}
	}
	w.ask("GET", "/v1/campaigns/"+message, "").want(404)
	w.ask("GET", "/v1/messages/"+campaign, "").want(404)
	for _, path := range []string{"/", "/v1", "/v1/nothing", "/v2/campaigns", "/v1/webhooks", "/v1/campaigns/" + campaign + "/archive"} {
		if p := read[problem](w.ask("POST", path, "{}").want(404)); p.Code != "no_route" {
			t.Errorf("%s: %+v", path, p)
		}
	}
	if a := w.ask("DELETE", "/v1/campaigns", "").want(405); !strings.Contains(a.Header().Get("Allow"), "GET") {
		t.Errorf("Allow is %q", a.Header().Get("Allow"))
	}
}

// TestStoresDown is "Redis down: 503 with Retry-After and recovery by itself".
func TestStoresDown(t *testing.T) {
	w := newWorld(t)
	w.eachRoute(func(r route, path string) {
		w.restart()
		w.faults.SetRate(2) // twice the share: all of them
		a := w.ask(r.method, path, "").want(http.StatusServiceUnavailable)
		w.faults.SetRate(0)
		if a.Header().Get("Retry-After") == "" {
			t.Errorf("%s %s: no Retry-After", r.method, r.path)
		}
		w.restart()
		if a := w.ask(r.method, path, "", header("Content-Type", "application/json")); a.Code >= 500 {
			t.Errorf("%s %s did not recover: %d", r.method, r.path, a.Code)
		}
	})
}

func TestEveryFormIsBounded(t *testing.T) {
	w := newWorld(t)
	w.eachRoute(func(r route, path string) {
		if r.body == 0 || r.path == "/v1/campaigns/{id}/recipients" {
			return
		}
		if !described.promises(r, http.StatusBadRequest) {
			return
		}
		many := strings.Repeat(" ", int(r.body)+1)
		w.ask(r.method, path, many).want(http.StatusRequestEntityTooLarge)
		unknown := func(req *http.Request) { req.ContentLength = -1 }
		w.ask(r.method, path, many, unknown).want(http.StatusRequestEntityTooLarge)
		w.ask(r.method, path, many, unknown, header(keyHeader, "k-"+r.path)).want(http.StatusRequestEntityTooLarge)
		w.ask(r.method, path, "{}", header("Content-Type", "text/plain")).want(http.StatusUnsupportedMediaType)
		w.ask(r.method, path, "{}", header("Content-Encoding", "br")).want(http.StatusUnsupportedMediaType)
		for _, broken := range []string{"{", `{"a":}`, "{\"\xff\":1}", strings.Repeat("[", 1000), "{} {}"} {
			p := read[problem](w.ask(r.method, path, broken).want(http.StatusBadRequest))
			if p.Code != "bad_json" || len(p.Errors) != 1 || p.Errors[0].Column == 0 {
				t.Errorf("%s %s: %q: %+v", r.method, r.path, broken, p)
			}
		}
		p := read[problem](w.ask(r.method, path, `{"nope":1,"also":2}`).want(http.StatusUnprocessableEntity))
		if many := r.path == "/v1/payments" || r.path == "/v1/events"; !many && !slices.Contains(p.codes(), "also unknown_field") {
			t.Errorf("%s %s: %v", r.method, r.path, p.codes())
		}
	})
}

func TestUnknownParameters(t *testing.T) {
	w := newWorld(t)
	w.eachRoute(func(r route, path string) {
		if r.method == http.MethodGet && described.promises(r, 422) {
			separator := "?"
			if strings.Contains(path, "?") {
				separator = "&"
			}
			if p := read[problem](w.ask(r.method, path+separator+"nope=1", "").want(422)); !slices.Contains(p.codes(), "nope unknown_parameter") {
				t.Errorf("%s: %v", r.path, p.codes())
			}
		}
	})
}

func TestRevokedKeyStopsSoon(t *testing.T) {
	registry := newWorld(t).memory.Stores().Registry
	kept, key := NewKey(secret, "p", engine.RoleViewer, engine.Live)
	ring := newKeyring(registry, secret)
	if err := registry.PutKey(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	if found, err := ring.find(t.Context(), key); err != nil || found.Provider != "p" {
		t.Fatal(found, err)
	}
	kept.RevokedAt = kept.CreatedAt
	if err := registry.PutKey(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	ring.known[kept.ID] = remembered{key: ring.known[kept.ID].key} // its time is over
	if _, err := ring.find(t.Context(), key); err == nil {
		t.Error("a revoked key is taken")
	}
	if _, err := FindKey(t.Context(), registry, secret, key); err == nil {
		t.Error("a revoked key is found")
	}
}
