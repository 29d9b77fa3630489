package console

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/analytics"
	"vestnik/api"
	"vestnik/engine"
	"vestnik/templates"
)

// whole is what the API asks of the history beside what the console does.
type whole struct{ *history }

func (whole) Facts(context.Context, engine.ProviderID, engine.CampaignID, []engine.Ordinal) (map[engine.Ordinal][]analytics.FactRow, error) {
	return nil, nil
}

func (whole) Timeline(context.Context, engine.ProviderID, engine.Mode, string) ([]analytics.TimelineRow, error) {
	return nil, nil
}

// TestFirstStepsWork does what the empty console tells a newcomer to do, through the API the console is mounted in, and looks at the outcome.
func TestFirstStepsWork(t *testing.T) {
	w := newWorld(t)
	w.console.Engine.Texts = templates.Builtin()
	server, err := api.New(api.Config{
		Engine: w.console.Engine, Secret: secret, Library: templates.Builtin(), History: whole{w.history}, Console: w.handler,
		Log: slog.New(slog.DiscardHandler), Spool: t.TempDir(),
	})
	w.must(err)
	t.Cleanup(server.Close)
	w.handler = server
	page := html.UnescapeString(w.signed("operator").get("/console").want(http.StatusOK).Body.String())

	order := func(method, path, kind, body string) string {
		t.Helper()
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+w.texts["operator"])
		if r.Header.Set("Content-Type", kind); kind == "" {
			r.Header.Del("Content-Type")
		}
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, r)
		if rec.Code/100 != 2 {
			t.Fatalf("%s %s answered %d: %s", method, path, rec.Code, rec.Body)
		}
		return rec.Body.String()
	}
	find := func(pattern, text string) string {
		t.Helper()
		found := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("%s is not in %s", pattern, text)
		}
		return found[1]
	}
	id := find(`.*"id":"([a-z0-9]*)".*`, order("POST", "/v1/campaigns", "application/json", find(`-d '([^']+)'`, page)))
	put := order("PUT", "/v1/campaigns/"+id+"/recipients", "text/csv", find(`(?s)<<'END'\n(.*?\n)END`, page))
	if !strings.Contains(put, `"accepted":1`) {
		t.Errorf("the file of recipients was taken so: %s", put)
	}
	order("POST", "/v1/campaigns/"+id+"/start", "", "")
	w.now = time.Now() // the engine's clock is the real one
	w.signed("viewer").get("/console").want(http.StatusOK).says("Квитанции за октябрь", "Идёт")
	w.signed("viewer").get("/console/campaigns/"+id).want(http.StatusOK).says("1"+nbsp+"получатель", "Готовит")
}
