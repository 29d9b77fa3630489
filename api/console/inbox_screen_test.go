package console

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestMessagesInABrowser(t *testing.T) {
	s := openScreen(t)
	s.open("/console/sign-in?token=" + SignInToken(secret, s.keys["operator"].ID, noon))
	s.open("/console/inbox")
	s.sees("Сообщений пока нет")
	s.fits("inbox-empty")
	s.town()
	s.letterbox()
	s.now = noon // the session's
	s.open("/console")
	s.size(1200, "light")
	s.press(`.sections a[href="/console/inbox"]`, ".mails")
	s.sees("Иванова Мария Петровна")
	s.fits("inbox")
	s.size(768, "light")
	s.do(chromedp.SendKeys(chromedp.CSS(`input[type="search"]`), "петров\r"), chromedp.WaitVisible(chromedp.CSS(`.filter a[href="/console/inbox"]`)))
	s.sees("Напоминаем о долге")
	s.fits("inbox-found")
	s.open("/console/inbox?q=nobody")
	s.sees("Таких сообщений нет")
	s.fits("inbox-none")

	s.open("/console/inbox")
	s.press(`a[href="/console/inbox/bills2410-7-email"]`, "iframe")
	s.fits("message")
	for _, view := range []string{"text", "headers", "source"} {
		s.open("/console/inbox/bills2410-7-email?view=" + view)
		s.fits("message-" + view)
	}
	s.open("/console/inbox/debtoct-3-vk?lang=en")
	s.fits("message-vk-en")
	s.tabsAlong()
	s.framesHoldTheLetter()
}

// tabsAlong walks over a message with the Tab key: what can be reached comes in the order it stands on the page.
func (s *screen) tabsAlong() {
	s.t.Helper()
	s.size(1200, "light")
	s.open("/console/inbox/bills2410-7-email?view=text&lang=ru")
	var seen []string
	for range 12 {
		s.do(chromedp.KeyEvent("\t"))
		seen = append(seen, s.eval(`document.activeElement.innerText || document.activeElement.tagName`))
	}
	want := "К содержанию|Вестник|Рассылки|Сообщения|English|Выйти|← Сообщения|Письмо|Текст|Заголовки|Исходник|Квитанции за октябрь"
	if got := strings.Join(seen, "|"); got != want {
		s.t.Errorf("Tab goes to %s\nwant %s", got, want)
	}
}

// framesHoldTheLetter looks into the frame of a letter as far as its sandbox lets anybody: it is there, is of no origin and has run nothing.
func (s *screen) framesHoldTheLetter() {
	s.t.Helper()
	s.open("/console/inbox/bills2410-7-email?lang=ru")
	s.do(chromedp.WaitVisible(chromedp.CSS("iframe")))
	if inside := s.eval(`String(document.querySelector("iframe").contentDocument)`); inside != "null" {
		s.t.Errorf("the page can reach into the letter: %s", inside)
	}
	s.calm("message")
	s.open("/console/inbox/bills2410-7-email/html")
	s.sees("К оплате")
	if low := s.eval(faint); low != "" {
		s.t.Errorf("the letter is hard to read: %s", low)
	}
	if target := s.eval(`document.querySelector("base").target + document.querySelectorAll("script").length`); target != "_blank0" {
		s.t.Errorf("links open in %s", target)
	}
	s.calm("letter")
}
