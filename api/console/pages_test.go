package console

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
)

var update = flag.Bool("update", false, "write the golden pages anew")

// versions are the digests in the addresses of assets, which change with every touch of a style.
var versions = regexp.MustCompile(`\?v=[0-9a-f]+`)

func TestGoldenPages(t *testing.T) {
	w := newWorld(t)
	w.town()
	viewer, stranger, newcomer := w.signed("viewer"), w.browser(), w.signed("other")
	w.must(w.stores().Registry.PutKey(w.ctx(), engine.Key{ID: "newkey", Provider: w.provider("ТСЖ «Новое»"), Role: engine.RoleViewer, Mode: engine.Live}))
	newcomer.cookies[cookieName].Value = w.console.sessions.sign("newkey", noon.Add(time.Hour))
	for _, c := range []struct {
		name   string
		who    *browser
		path   string
		status int
	}{
		{"campaigns.ru", viewer, "/console", 200},
		{"campaigns.en", viewer, "/console?lang=en", 200},
		{"bills.en", viewer, "/console/campaigns/bills2410", 200}, // the language is remembered
		{"bills.ru", viewer, "/console/campaigns/bills2410?lang=ru", 200},
		{"debts.ru", viewer, "/console/campaigns/debtoct", 200},
		{"outage.ru", viewer, "/console/campaigns/outage0511", 200},
		{"draft.ru", viewer, "/console/campaigns/adwindows", 200},
		{"lost.ru", viewer, "/console/nowhere", 404},
		{"first.ru", newcomer, "/console", 200},
		{"signin.ru", stranger, "/console/sign-in", 200},
		{"lost.stranger", stranger, "/console/nowhere", 404},
	} {
		text := c.who.get(c.path).want(c.status).hides("Тайный", "secret", "@example.ru\"").Body.String()
		text = versions.ReplaceAllString(text, "?v=…")
		file := filepath.Join("testdata", c.name+".html")
		if *update {
			w.must(os.WriteFile(file, []byte(text), 0o644))
			continue
		}
		want, err := os.ReadFile(file)
		w.must(err)
		if text != string(want) {
			t.Errorf("%s differs from %s; run with -update and look at the difference:\n%s", c.path, file, firstDifference(text, string(want)))
		}
	}
}

// firstDifference gives the first line that differs.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\n got: %s\nwant: %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

func TestLivePartIsThePageWithoutItsFrame(t *testing.T) {
	w := newWorld(t)
	w.town()
	b := w.signed("viewer")
	whole := b.get("/console/campaigns/bills2410").want(200).Body.String()
	b.headers.Set("Vestnik-Part", "live")
	part := b.get("/console/campaigns/bills2410").want(200).says(`data-every="2000"`).hides("<html").Body.String()
	if !strings.HasPrefix(part, `<div id="live"`) || !strings.Contains(whole, part) {
		t.Errorf("the part is not in the page:\n%s", part)
	}
	b.get("/console/campaigns/debtoct").want(200).says(`data-every="15000"`)
}

func TestPaging(t *testing.T) {
	w := newWorld(t)
	for i := range 2*pageLength + 3 {
		w.campaign(engine.Campaign{ID: engine.CampaignID(fmt.Sprintf("c%02d", i)), Kind: engine.KindDebt, Name: fmt.Sprintf("Рассылка %02d", i),
			Status: engine.StatusDraft, CreatedAt: noon.Add(time.Duration(i) * time.Minute)}, 0)
	}
	b := w.signed("viewer")
	seen, path := []string{}, "/console"
	for range 5 {
		text := b.get(path).want(200).Body.String()
		for _, found := range regexp.MustCompile(`Рассылка (\d\d)`).FindAllStringSubmatch(text, -1) {
			seen = append(seen, found[1])
		}
		next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(text)
		if next == nil {
			break
		}
		path = strings.ReplaceAll(next[1], "&amp;", "&")
	}
	if len(seen) != 2*pageLength+3 || seen[0] != "52" || seen[len(seen)-1] != "00" {
		t.Errorf("saw %v", seen)
	}
	b.get("/console?cursor=nonsense%00").want(200)
}

func TestHistoryAway(t *testing.T) {
	w := newWorld(t)
	w.town()
	w.history.err = fmt.Errorf("clickhouse: %w", engine.ErrDown)
	b := w.signed("viewer")
	b.get("/console").want(200).says("История временно недоступна", "Квитанции за октябрь", `class="delivered"`)
	b.get("/console/campaigns/bills2410").want(200).says("История временно недоступна", "Учтён каждый", "Ждёт открытия письма").hides("Воронка")
	w.now = w.now.Add(overviewLife)
	w.history.err = nil
	b.get("/console").want(200).hides("История временно недоступна")
}

func TestStoreDown(t *testing.T) {
	w := newWorld(t)
	w.town()
	b := w.signed("viewer")
	w.faults.SetRate(1)
	for _, path := range []string{"/console", "/console/campaigns/bills2410", "/console/sign-in"} {
		r := b.get(path).want(http.StatusServiceUnavailable).says("Сейчас не можем ответить")
		if r.Header().Get("Retry-After") == "" || r.Header().Get("Refresh") == "" {
			t.Errorf("%s does not say when to come again", path)
		}
	}
	w.faults.SetRate(0)
	b.get("/console").want(200)
}

func TestOverviewIsOfTheKeysModeAndNotAskedForEachTime(t *testing.T) {
	w := newWorld(t)
	w.town()
	b := w.signed("test")
	for range 3 {
		b.get("/console").want(200).says("За 30 дней, тестовые рассылки")
	}
	if n := len(w.history.queries); n != 1 || w.history.queries[0].Mode != engine.Test {
		t.Errorf("%d questions: %+v", n, w.history.queries)
	}
}

func TestReasonsOfAPart(t *testing.T) {
	lanes := [][]engine.State{
		{{Outcome: engine.Undelivered, Reason: engine.NoAddress}, {Outcome: engine.Undelivered, Reason: engine.NoAddress}, {Outcome: engine.InFlight}},
		{{Outcome: engine.Delivered, Channel: engine.VK}, {Outcome: engine.Undelivered, Channel: engine.Email, Reason: engine.BadAddress}, {Outcome: engine.InFlight}},
	}
	got := countCauses(lanes, 3)
	if len(got) != 1 || got[cause{engine.BadAddress, engine.Email}] != 1 {
		t.Errorf("counted %v", got)
	}
}

func TestAssets(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	address := w.console.assets.address("console.css")
	r := b.get(address).want(200)
	if r.Header().Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(r.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("came with %v", r.Header())
	}
	b.headers.Set("If-None-Match", r.Header().Get("ETag"))
	b.get(address).want(http.StatusNotModified)
	b.get("/console/assets/nothing.css").want(404)
	b.get("/console/").want(http.StatusPermanentRedirect)
	for _, c := range []Config{{}, {Engine: w.console.Engine, History: w.history}} {
		if _, err := New(c); err == nil {
			t.Errorf("made of %+v", c)
		}
	}
}

func TestRetriedCampaignsLeadToEachOther(t *testing.T) {
	w := newWorld(t)
	ended := engine.Campaign{Kind: engine.KindDebt, Name: "Долги", Status: engine.StatusCompleted, StartedAt: noon.Add(-time.Hour), EndedAt: noon}
	first, second := ended, ended
	first.ID, first.RetriedBy, second.ID, second.RetryOf = "first", "second", "second", "first"
	w.campaign(first, 1)
	w.campaign(second, 1)
	b := w.signed("viewer")
	b.get("/console/campaigns/first").want(200).says("Повторена в", `<a href="/console/campaigns/second"><code>second</code></a>`)
	b.get("/console/campaigns/second?lang=en").want(200).says("Retries", `<a href="/console/campaigns/first"><code>first</code></a>`)
}

func TestCampaignTellsWhichChannelIsDown(t *testing.T) {
	w := newWorld(t)
	c := w.campaign(engine.Campaign{ID: "held", Kind: engine.KindDebt, Name: "Долги", Status: engine.StatusRunning, StartedAt: noon.Add(-time.Hour)}, 12)
	w.feed(c, engine.Batch{Step: 1, Phase: engine.Sending, Hold: engine.HeldBreaker, Due: noon.Add(time.Minute), Members: engine.FirstMembers(12)})
	_, err := w.stores().Breakers.ChangeBreaker(w.ctx(), w.owner, engine.Email, func(b *engine.Breaker) {
		b.Failures, b.Reason, b.Code, b.Until = 3, engine.Misconfigured, "535 5.7.8", noon.Add(time.Minute)
	})
	w.must(err)
	w.signed("viewer").get("/console/campaigns/held").want(200).
		says("Ждёт, пока заработает канал «электронная почта»: канал настроен неверно (535 5.7.8) · 12" + nbsp + "получателей")
}
