package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/templates"
	"vestnik/templates/enclosed"
)

// printing has the world's engine make bills, as an installation does.
func (w *world) printing() {
	w.t.Helper()
	texts, err := enclosed.New(templates.Builtin())
	w.must(err)
	w.engine.Texts = texts
}

// sendBill orders a bill for one account and walks it to its end.
func (w *world) sendBill() string {
	w.t.Helper()
	id := read[campaignView](w.ask("POST", "/v1/campaigns", billOrder).want(201)).id()
	w.ask("PUT", "/v1/campaigns/"+id+"/recipients", `{"account":"7701","email":"a@example.ru","period":"2026-10","amount":"1234.56","due_date":"2026-11-10"}`,
		header("Content-Type", "application/x-ndjson")).want(200)
	w.ask("POST", "/v1/campaigns/"+id+"/start", "").want(202)
	w.work()
	return id
}

func TestDocument(t *testing.T) {
	w := newWorld(t)
	w.printing()
	id := w.sendBill()
	path := "/d/" + w.token(id, 0, engine.ActDocument, 0)
	head := w.ask("HEAD", path, "", as("")).want(200)
	if n := w.facts()[engine.Opened]; n > 0 {
		t.Errorf("looking counted %d times", n)
	}
	a := w.ask("GET", path, "", as("")).want(200)
	for _, h := range []http.Header{head.Header(), a.Header()} {
		if h.Get("Content-Type") != "application/pdf" || h.Get("Cache-Control") != "no-store" || h.Get("X-Robots-Tag") != "noindex, nofollow" ||
			h.Get("Content-Disposition") != "inline; filename*=UTF-8''%D0%9A%D0%B2%D0%B8%D1%82%D0%B0%D0%BD%D1%86%D0%B8%D1%8F%202026-10%207701.pdf" {
			t.Error(h)
		}
	}
	if !bytes.HasPrefix(a.Body.Bytes(), []byte("%PDF-")) || head.Body.Len() > 0 {
		t.Error("this is no PDF")
	}
	if n := w.facts()[engine.Opened]; n != 1 {
		t.Errorf("opened %d times", n)
	}
	_, err := w.memory.Stores().Registry.ChangeProvider(t.Context(), w.owner, func(p *engine.Provider) error {
		p.Settings = map[string]string{engine.SettingTracking: engine.TrackingOff}
		return nil
	})
	w.must(err)
	w.ask("GET", "/d/"+w.token(w.sendBill(), 0, engine.ActDocument, 0), "", as("")).want(200)
	if n := w.facts()[engine.Opened]; n != 1 {
		t.Errorf("a document that is not followed was opened %d times", n-1)
	}
	if log := w.log.String(); strings.Contains(log, "7701") || strings.Contains(log, "a@example.ru") {
		t.Error("the log tells who looked")
	}
}

func TestDocumentThatIsNotThere(t *testing.T) {
	w := newWorld(t)
	w.printing()
	id, ads := w.sendBill(), w.sendAds(1)
	good := w.token(id, 0, engine.ActDocument, 0)
	for what, token := range map[string]string{
		"a token of another act": w.token(id, 0, engine.ActOpen, 0), "nobody": w.token(id, 7, engine.ActDocument, 0), "no token": "x",
		"no campaign": w.token(engine.NewID(), 0, engine.ActDocument, 0), "an ad": w.token(ads, 0, engine.ActDocument, 0),
		"a forged token": "A" + good[1:len(good)-1] + "A",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := w.ask(method, "/d/"+token, "", as(""))
			if a.Code != 404 || method == "GET" && !strings.Contains(a.Body.String(), "Ссылка не работает") {
				t.Errorf("%s: %d %s", what, a.Code, a.Body)
			}
		}
	}
	registry := w.memory.Stores().Registry
	set := func(key, value string) {
		_, err := registry.ChangeProvider(context.Background(), w.owner, func(p *engine.Provider) error { p.Settings[key] = value; return nil })
		w.must(err)
	}
	set(engine.SettingBill, engine.BillUnwanted)
	w.ask("GET", "/d/"+good, "", as("")).want(404)
	set(engine.SettingBill, engine.BillLinked)
	w.ask("GET", "/d/"+good, "", as("")).want(200)
	before := w.facts()[engine.Opened]
	set(engine.SettingTracking, engine.TrackingOff)
	w.ask("GET", "/d/"+good, "", as("")).want(200)
	if after := w.facts()[engine.Opened]; after != before {
		t.Error("looking was counted although the provider does not want it")
	}
	set(engine.SettingBillDays, "3")
	_, err := registry.ChangeCampaign(context.Background(), engine.CampaignID(id), func(c *engine.Campaign) error {
		c.StartedAt = c.StartedAt.Add(-73 * time.Hour)
		return nil
	})
	w.must(err)
	w.ask("GET", "/d/"+good, "", as("")).want(404)
}
