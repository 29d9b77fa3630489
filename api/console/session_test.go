package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
)

func TestSignInByForm(t *testing.T) {
	w := newWorld(t)
	w.town()
	for _, role := range []string{"viewer", "operator", "test"} {
		w.signed(role).get("/console").want(http.StatusOK).says("Квитанции за октябрь", "ООО «Уютный дом»")
	}
	b := w.browser()
	if to := b.get("/console/campaigns/bills2410").want(http.StatusSeeOther).Header().Get("Location"); to != "/console/sign-in?next=%2Fconsole%2Fcampaigns%2Fbills2410" {
		t.Errorf("sent to %s", to)
	}
	b.get("/console/sign-in?next=/console/campaigns/bills2410").want(http.StatusOK).says(`type="password"`, `value="/console/campaigns/bills2410"`)
	r := b.post("/console/sign-in", url.Values{"key": {"  " + w.texts["viewer"] + "\n"}, "next": {"/console/campaigns/bills2410"}}).want(http.StatusSeeOther)
	if to := r.Header().Get("Location"); to != "/console/campaigns/bills2410" {
		t.Errorf("sent back to %s", to)
	}
	cookie := r.Header().Get("Set-Cookie")
	for _, part := range []string{"; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/console", "; Max-Age=43200"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %q", cookie, part)
		}
	}
	_, hidden, _ := strings.Cut(w.texts["viewer"], w.keys["viewer"].ID)
	if strings.Contains(cookie, strings.Trim(hidden, "_")) {
		t.Error("the cookie holds the key")
	}
	if to := b.get("/console/sign-in").want(http.StatusSeeOther).Header().Get("Location"); to != home {
		t.Errorf("who is signed in was sent to %s", to)
	}
	b.post("/console/sign-out", nil).want(http.StatusSeeOther)
	b.get("/console").want(http.StatusSeeOther)
}

func TestWrongKeys(t *testing.T) {
	w := newWorld(t)
	right := w.texts["viewer"]
	for _, key := range []string{"", "nonsense", right + "x", right[:len(right)-1], strings.Replace(right, "vst_live", "vst_test", 1),
		"vst_live_" + engine.NewID() + "_abc", strings.Repeat("x", 5000)} {
		w.console.attempts = newLimiter()
		b := w.browser()
		if b.post("/console/sign-in", url.Values{"key": {key}}); b.cookies[cookieName] != nil {
			t.Errorf("%.40q signs in", key)
		}
	}
	w.browser().post("/console/sign-in", url.Values{"key": {"nonsense"}}).want(http.StatusUnauthorized).says("Такого ключа нет", `role="alert"`)
}

func TestForgedAndExpiredSessions(t *testing.T) {
	w := newWorld(t)
	id := w.keys["viewer"].ID
	own := newSigner(secret, sessionPurpose)
	for name, c := range map[string]struct {
		value string
		fine  bool
	}{
		"right":          {own.sign(id, noon.Add(time.Hour)), true},
		"empty":          {"", false},
		"no mac":         {id + ".9999999999", false},
		"expired":        {own.sign(id, noon), false},
		"other secret":   {newSigner([]byte("another secret"), sessionPurpose).sign(id, noon.Add(time.Hour)), false},
		"a link's token": {SignInToken(secret, id, noon), false},
		"unknown key":    {own.sign(engine.NewID(), noon.Add(time.Hour)), false},
		"odd key":        {own.sign("../../x", noon.Add(time.Hour)), false},
		"moved time":     {strings.Replace(own.sign(id, noon.Add(time.Hour)), fmt.Sprint(noon.Add(time.Hour).Unix()), fmt.Sprint(noon.Add(9*time.Hour).Unix()), 1), false},
		"other key":      {strings.Replace(own.sign(id, noon.Add(time.Hour)), id, w.keys["other"].ID, 1), false},
	} {
		b := w.browser()
		b.cookies[cookieName] = &http.Cookie{Name: cookieName, Value: c.value}
		if got := b.get("/console").Code == http.StatusOK; got != c.fine {
			t.Errorf("%s: let in: %t", name, got)
		}
	}
	b := w.signed("viewer")
	w.now = noon.Add(sessionLife - time.Second)
	b.get("/console").want(http.StatusOK)
	w.now = noon.Add(sessionLife)
	b.get("/console").want(http.StatusSeeOther)
}

func TestRevokedKeyEndsItsSessions(t *testing.T) {
	w := newWorld(t)
	b := w.signed("viewer")
	b.get("/console").want(http.StatusOK)
	key := w.keys["viewer"]
	key.RevokedAt = noon
	w.must(w.stores().Registry.PutKey(w.ctx(), key))
	b.headers.Set("Vestnik-Part", "live")
	b.get("/console").want(http.StatusUnauthorized)
	b.headers.Del("Vestnik-Part")
	b.get("/console").want(http.StatusSeeOther)
	b.post("/console/sign-in", url.Values{"key": {w.texts["viewer"]}}).want(http.StatusUnauthorized)
	b.get("/console/sign-in?token=" + SignInToken(secret, key.ID, noon)).want(http.StatusUnauthorized)
}

func TestSignInByLink(t *testing.T) {
	w := newWorld(t)
	token := SignInToken(secret, w.keys["viewer"].ID, noon)
	b := w.browser()
	if to := b.get("/console/sign-in?token=" + token).want(http.StatusSeeOther).Header().Get("Location"); to != home {
		t.Errorf("sent to %s", to)
	}
	b.get("/console").want(http.StatusOK)
	own := newSigner(secret, sessionPurpose)
	for name, token := range map[string]string{
		"forged": token + "A", "session's": own.sign(w.keys["viewer"].ID, noon.Add(time.Hour)), "other secret": SignInToken([]byte("x"), w.keys["viewer"].ID, noon),
		"old": SignInToken(secret, w.keys["viewer"].ID, noon.Add(-tokenLife)),
	} {
		stranger := w.browser()
		stranger.get("/console/sign-in?token=" + token).want(http.StatusUnauthorized).hides(token)
		if stranger.cookies[cookieName] != nil {
			t.Errorf("a token that is %s signs in", name)
		}
	}
}

func TestTenantsAreKeptApart(t *testing.T) {
	w := newWorld(t)
	w.town()
	w.campaign(engine.Campaign{ID: "single", Kind: engine.KindStatus, Name: "Одно письмо", Single: true, Status: engine.StatusDraft}, 1)
	ours, theirs := w.signed("viewer"), w.signed("other")
	ours.get("/console").want(http.StatusOK).hides("Чужая рассылка")
	theirs.get("/console").want(http.StatusOK).says("Чужая рассылка").hides("Квитанции за октябрь")
	ours.get("/console/campaigns/bills2410").want(http.StatusOK)
	for _, path := range []string{"/console/campaigns/theirs", "/console/campaigns/single", "/console/campaigns/nobody", "/console/campaigns/%2e%2e", "/console/campaigns/A"} {
		ours.get(path).want(http.StatusNotFound).says("Такой страницы нет", "К рассылкам").hides("Чужая")
	}
	theirs.get("/console/campaigns/bills2410").want(http.StatusNotFound).hides("Квитанции")
	for _, q := range w.history.queries {
		if q.Provider == "" {
			t.Errorf("the history was asked for nobody: %+v", q)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		header, value string
		status        int
	}{
		{"Origin", "https://evil.example", http.StatusForbidden},
		{"Origin", "null", http.StatusForbidden},
		{"Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{"Origin", "https://vestnik.example.ru", http.StatusSeeOther},
		{"Origin", "http://example.com", http.StatusSeeOther}, // the host the request was sent to
		{"Sec-Fetch-Site", "same-origin", http.StatusSeeOther},
	} {
		b := w.browser()
		b.headers.Set(c.header, c.value)
		b.post("/console/sign-in", url.Values{"key": {w.texts["viewer"]}}).want(c.status)
		b.post("/console/sign-out", nil).want(c.status)
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for range mostAttempts {
		b.post("/console/sign-in", url.Values{"key": {w.texts["viewer"]}}).want(http.StatusSeeOther) // these do not count
	}
	for range mostAttempts {
		b.post("/console/sign-in", url.Values{"key": {"vst_live_x_y"}}).want(http.StatusUnauthorized)
	}
	if wait := b.post("/console/sign-in", url.Values{"key": {w.texts["viewer"]}}).want(http.StatusTooManyRequests).Header().Get("Retry-After"); wait != "61" {
		t.Errorf("asked to wait %s s", wait)
	}
	w.now = w.now.Add(attemptWindow)
	b.post("/console/sign-in", url.Values{"key": {w.texts["viewer"]}}).want(http.StatusSeeOther)

	l := newLimiter()
	for i := range 3 * mostVisitors {
		l.take(fmt.Sprint(i), noon)
	}
	if len(l.visitors) > mostVisitors {
		t.Errorf("%d visitors are remembered", len(l.visitors))
	}
}

func TestVisitorOf(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64", "[::ffff:192.0.2.7]:9": "192.0.2.7", "@": "@",
	} {
		if got := visitorOf(&http.Request{RemoteAddr: from}); got != want {
			t.Errorf("%s is %s, want %s", from, got, want)
		}
	}
}

func TestWayBackStaysInside(t *testing.T) {
	for next, want := range map[string]string{
		"": home, "/console/campaigns/abc1": "/console/campaigns/abc1", "https://evil.example": home, "//evil.example": home,
		"/console/campaigns/../../x": home, "/console/campaigns/": home, "/console/campaigns/abc?x=1": home, "/\\evil": home,
	} {
		if got := wayBack(next); got != want {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}
