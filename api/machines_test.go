package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"vestnik/engine"
)

// User agents as they are seen.
const (
	firefox    = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	gmailOpen  = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
	gmailEarly = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)

func TestMachines(t *testing.T) {
	now := time.Now()
	long, just := now.Add(-time.Hour), now.Add(-time.Second/2)
	for _, c := range []struct {
		name, method, agent string
		header              string // of a prefetch
		written             time.Time
		want                bool
	}{
		{"a browser", "GET", firefox, "", long, false},
		{"a browser at once", "GET", firefox, "", just, true},
		{"a browser a second later", "GET", firefox, "", now.Add(-tooSoon), false},
		{"of a message whose time is not told", "GET", firefox, "", time.Time{}, false},
		{"Gmail for its reader", "GET", gmailOpen, "", long, false},
		{"Gmail at once", "GET", gmailOpen, "", just, true},
		{"Gmail ahead of its reader", "GET", gmailEarly, "", long, true},
		{"Gmail's sampling", "GET", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edge/12.246 Gmail-content-sampling", "", long, true},
		{"Apple's privacy protection", "GET", "Mozilla/5.0", "", long, true},
		{"Apple Mail", "GET", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)", "", long, false},
		{"Yahoo", "GET", "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "", long, false},
		{"Yandex Mail", "GET", "Mozilla/5.0 (compatible; YandexImageResizer/2.0; +http://yandex.com/bots)", "", long, false},
		{"Yandex's robot", "GET", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "", long, true},
		{"Mail.ru's robot", "GET", "Mozilla/5.0 (compatible; Linux x86_64; Mail.RU_Bot/Img/2.0; +http://go.mail.ru/help/robots)", "", long, true},
		{"Outlook", "GET", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)", "", long, false},
		{"Thunderbird", "GET", "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Thunderbird/128.1", "", long, false},
		{"a gateway", "GET", "Mozilla/5.0 (compatible; BarracudaCentral/1.0)", "", long, true},
		{"a preview in a chat", "GET", "TelegramBot (like TwitterBot)", "", long, true},
		{"a preview of VK", "GET", "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)", "", long, true},
		{"HEAD", "HEAD", firefox, "", long, true},
		{"a prefetch that says so", "GET", firefox, "prefetch;prerender", long, true},
		{"nobody at once", "GET", "", "", just, true},
		{"nobody later", "GET", "", "", long, false},
		{"a program that says so", "GET", "curl/8.5.0", "", just, false},
	} {
		r := httptest.NewRequest(c.method, "/t/o/x", nil)
		r.Header.Set("User-Agent", c.agent)
		if c.header != "" {
			r.Header.Set("Sec-Purpose", c.header)
		}
		if got := machine(r, c.written, now); got != c.want {
			t.Errorf("%s: a machine: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMachinesAtTheDoors(t *testing.T) {
	w := newWorld(t)
	id := w.sendAds(3)
	open, click := "/t/o/"+w.token(id, 1, engine.ActOpen, 0), "/t/c/"+w.token(id, 1, engine.ActClick, 0)
	apple := header("User-Agent", "Mozilla/5.0")
	w.ask("GET", open, "", apple).want(http.StatusOK)
	if where := w.ask("GET", click, "", apple).want(http.StatusFound).Header().Get("Location"); where != "https://shop.example.ru/?a=1&b=2" {
		t.Errorf("a machine is led to %q", where)
	}
	w.ask("HEAD", open, "").want(http.StatusOK)
	if f := w.facts(); f[engine.OpenedByProxy] != 1 || f[engine.Opened]+f[engine.Clicked] != 0 {
		t.Errorf("machines did %v", f)
	}
	w.ask("GET", open, "", header("User-Agent", gmailOpen)).want(http.StatusOK)
	w.ask("GET", click, "", header("User-Agent", firefox)).want(http.StatusFound)
	if f := w.facts(); f[engine.OpenedByProxy] != 1 || f[engine.Opened] != 1 || f[engine.Clicked] != 1 {
		t.Errorf("then the reader did %v", f)
	}
}
