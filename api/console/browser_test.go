package console

import (
	"testing"

	"github.com/chromedp/chromedp"

	"vestnik/engine"
)

func TestInABrowser(t *testing.T) {
	s := openScreen(t)
	s.town()

	s.open("/console")
	s.sees("Ключ API")
	s.fits("signin")
	s.enter("vst_live_wrong_key", "#wrong")
	s.sees("Такого ключа нет")
	s.heard() // of the 401
	s.enter(s.texts["viewer"], ".list")
	s.sees("Квитанции за октябрь")
	s.sees("ООО «Уютный дом»")
	s.fits("list")

	s.size(1200, "light")
	s.press(`a[href="/console/campaigns/bills2410"]`, ".funnel")
	s.sees("Учтён каждый")
	s.fits("bills")
	s.size(1200, "light")
	s.press(`a[hreflang="en"]`, `html[lang="en"] .funnel`)
	s.sees("Everybody is accounted for")
	s.fits("bills-en")
	s.open("/console")
	s.sees("Last 30 days")
	s.press(`a[hreflang="ru"]`, `html[lang="ru"] .list`)

	for name, path := range map[string]string{"debts": "/console/campaigns/debtoct", "outage": "/console/campaigns/outage0511", "draft": "/console/campaigns/adwindows"} {
		s.open(path)
		s.fits(name)
	}
	s.watchesLive()

	s.open("/console/nowhere")
	s.sees("Такой страницы нет")
	s.heard() // of the 404
	s.fits("lost")
	s.press("form button", "#key")
	s.open("/console")
	s.sees("Ключ API")
	s.calm("signed out")
}

// watchesLive sees the figures change while something has the focus and the page is scrolled.
func (s *screen) watchesLive() {
	s.t.Helper()
	s.size(768, "light")
	s.open("/console/campaigns/bills2410")
	s.eval(`document.querySelector(".back").focus({preventScroll: true}); scrollTo(0, 300); document.body.dataset.same = "yes"`)
	c, err := s.stores().Registry.Campaign(s.ctx(), "bills2410")
	s.must(err)
	s.end(c, 1251, 700, engine.State{Outcome: engine.Delivered, Channel: engine.Email, Step: 1})
	s.until(`document.querySelector(".legend").innerText.includes("1\u00a0890")`)
	if state := s.eval(`[document.activeElement.className, scrollY, document.body.dataset.same, document.getElementById("stale").hidden].join()`); state != "back,300,yes,true" {
		s.t.Errorf("focus, scrolling, page and note are %s", state)
	}
	s.calm("live")
}

func TestFirstStepsInABrowser(t *testing.T) {
	s := openScreen(t)
	s.open("/console/sign-in?token=" + SignInToken(secret, s.keys["viewer"].ID, noon))
	s.sees("Рассылок пока нет")
	if at := s.eval("location.href"); at != s.url+home {
		t.Errorf("the link leads to %s", at)
	}
	s.fits("first")
	s.faults.SetRate(1)
	s.open("/console")
	s.sees("Сейчас не можем ответить")
	s.heard() // of the 503
	s.size(360, "dark")
	s.shoot("console-down-360-dark.png")
	s.faults.SetRate(0)
	s.do(chromedp.WaitVisible(chromedp.CSS(".first"))) // it comes back by itself
}
