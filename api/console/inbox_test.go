package console

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/templates"
)

// letterbox fills the inbox of the owner with a bill as mail, a debt as VK message and a post in a house's chat, and that of the other with one
// of theirs.
func (w *world) letterbox() {
	w.t.Helper()
	w.now = time.Now().UTC() // messages are forgotten by the clock of the store
	bill := engine.Kept{KeptHead: engine.KeptHead{ID: "bills2410-7-email", At: w.now.Add(-time.Minute), Campaign: "bills2410", Name: "Квитанции за октябрь",
		Mode: engine.Live, Kind: engine.KindBill, Channel: engine.Email, To: "maria@example.ru", Person: "Иванова Мария Петровна", Account: "000123",
		Subject: "Счёт за октябрь 2026 г.: к оплате 1 234,56 ₽", Files: 2}, Source: w.billMail()}
	bill.Size = len(bill.Source)
	debt := engine.Kept{KeptHead: engine.KeptHead{ID: "debtoct-3-vk", At: w.now.Add(-2 * time.Minute), Campaign: "debtoct", Name: "Напоминание о долге", Mode: engine.Test,
		Kind: engine.KindDebt, Channel: engine.VK, To: "7000000003", Person: "Петров Пётр Ильич", Account: "000456", Subject: "Напоминаем о долге", Size: 40},
		Content: engine.Content{Text: "Напоминаем о долге\nза октябрь: 2 000,00 ₽", Buttons: []engine.Button{{Label: "Оплатить", URL: "https://bank.example/pay"}}}}
	post := engine.Kept{KeptHead: engine.KeptHead{ID: "outage0511-0-housechat", At: w.now.Add(-26 * time.Hour), Campaign: "outage0511", Name: "Отключение горячей воды",
		Mode: engine.Live, Kind: engine.KindOutage, Channel: engine.HouseChat, To: "6d1ebd2a-1c2b-4d3e-9f00-112233445566", Subject: "Горячей воды не будет", Size: 30},
		Content: engine.Content{Text: "Горячей воды не будет"}}
	w.must(w.stores().Inbox.Keep(w.ctx(), w.owner, []engine.Kept{bill, debt, post}))
	theirs := bill
	theirs.ID, theirs.Subject = "theirs-0-email", "Чужое письмо"
	w.must(w.stores().Inbox.Keep(w.ctx(), w.other, []engine.Kept{theirs}))
}

// links are the addresses of a followed message.
type links struct{ base string }

func (l links) Open() string        { return l.base + "/t/o/token" }
func (l links) Click(n int) string  { return fmt.Sprint(l.base, "/t/c/token", n) }
func (l links) Unsubscribe() string { return l.base + "/u/token" }
func (l links) Document() string    { return l.base + "/d/token" }

// billMail writes a bill as mail, with a PDF, a calendar entry and a picture within.
func (w *world) billMail() []byte {
	w.t.Helper()
	text, err := templates.Builtin().Open(w.ctx(), engine.TemplateRef{Name: "bill-monthly", Version: 1})
	w.must(err)
	sum := engine.Money(1234_56)
	content, err := text.Render(engine.Email, &engine.Letter{Links: links{w.console.PublicURL},
		Provider:  engine.Provider{Name: "ООО «Уютный дом»", INN: "6600000000", Settings: map[string]string{"payment.url": "https://bank.example/{document_id}"}},
		Recipient: &engine.Recipient{Account: "000123", Name: "Иванова Мария Петровна", Period: "2026-10", Amount: &sum, DueDate: "2026-11-10", DocumentID: "50АА1"}})
	w.must(err)
	var out, body bytes.Buffer
	mixed := multipart.NewWriter(&body)
	part := func(kind, more, data string) {
		header := textproto.MIMEHeader{"Content-Type": {kind}, "Content-Transfer-Encoding": {"base64"}}
		if name, value, ok := strings.Cut(more, ": "); ok {
			header.Set(name, value)
		}
		into, err := mixed.CreatePart(header)
		w.must(err)
		_, err = into.Write([]byte(base64.StdEncoding.EncodeToString([]byte(data))))
		w.must(err)
	}
	html := strings.Replace(content.HTML, "</body>", `<img src="cid:stamp" alt="" width="1" height="1"></body>`, 1)
	part("text/plain; charset=utf-8", "", content.Text)
	part("text/html; charset=utf-8", "", html)
	part("image/gif", "Content-Id: <stamp>", "GIF89a")
	part("application/pdf", "Content-Disposition: "+mime.FormatMediaType("attachment", map[string]string{"filename": "Счёт.pdf"}), "%PDF-1.7 pretended")
	part("text/calendar; charset=utf-8", `Content-Disposition: attachment; filename="../../due.ics"`, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
	w.must(mixed.Close())
	fmt.Fprintf(&out, "From: %s <bill@dom.example>\r\nTo: <maria@example.ru>\r\nSubject: %s\r\nX-Long: one\r\n two\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=%s\r\n\r\n",
		mime.BEncoding.Encode("utf-8", "Уютный дом"), mime.BEncoding.Encode("utf-8", content.Subject), mixed.Boundary())
	return append(out.Bytes(), body.Bytes()...)
}

func TestInboxLists(t *testing.T) {
	w := newWorld(t)
	w.letterbox()
	b := w.signed("operator")
	b.get("/console/inbox").want(200).says("Сообщения", "Счёт за октябрь 2026 г.", "Иванова Мария Петровна", "maria@example.ru", "2"+nbsp+"файла", "Чат дома", "ВКонтакте",
		`href="/console/inbox/bills2410-7-email"`, `aria-current="page"`).hides("Чужое письмо")
	for query, want := range map[string][]string{
		"?channel=vk":           {"Напоминаем о долге"},
		"?kind=outage":          {"Горячей воды не будет"},
		"?q=МАРИЯ":              {"Счёт за октябрь"},
		"?q=000456":             {"Напоминаем о долге"},
		"?campaign=debtoct":     {"Напоминаем о долге", "<b>Напоминание о долге</b>"},
		"?q=nobody":             {"Таких сообщений нет"},
		"?channel=%22%3E&kind=": {"Таких сообщений нет"},
		"?cursor=nonsense":      {"Счёт за октябрь", "К новым"},
	} {
		page := b.get("/console/inbox" + query).want(200).says(want...)
		for _, other := range []string{"Счёт за октябрь", "Напоминаем о долге", "Горячей воды не будет"} {
			if strings.HasPrefix(query, "?c") && query != "?cursor=nonsense" && !strings.Contains(strings.Join(want, " "), other) {
				page.hides(other)
			}
		}
	}
	b.get("/console/inbox?lang=en").want(200).says("Messages", "VK", "House chat", "2"+nbsp+"files")
}

func TestInboxPages(t *testing.T) {
	w := newWorld(t)
	var all []engine.Kept
	for i := range pageLength + 2 {
		all = append(all, engine.Kept{KeptHead: engine.KeptHead{ID: fmt.Sprintf("m%02d", i), At: time.Now(), Subject: fmt.Sprintf("Письмо %02d.", i), Kind: engine.KindBill, Channel: engine.Email}})
	}
	w.must(w.stores().Inbox.Keep(w.ctx(), w.owner, all))
	b := w.signed("operator")
	first := b.get("/console/inbox?kind=bill").want(200).says("Письмо 26.", "Письмо 02.", `rel="next"`, `data-every="15000"`).hides("Письмо 01.", "К новым")
	_, next, _ := strings.Cut(first.Body.String(), `class="button end" href="`)
	next, _, _ = strings.Cut(next, `"`)
	b.get(strings.ReplaceAll(next, "&amp;", "&")).want(200).says("Письмо 01.", "Письмо 00.", `href="/console/inbox?kind=bill">← К новым`, `data-every="0"`).hides("Письмо 02.", `rel="next"`)
}

func TestWhoMaySeeMessages(t *testing.T) {
	w := newWorld(t)
	w.letterbox()
	whole := []string{"", "/bills2410-7-email", "/bills2410-7-email/html", "/bills2410-7-email/source", "/bills2410-7-email/files/0"}
	viewer, stranger, test, other := w.signed("viewer"), w.browser(), w.signed("test"), w.signed("other")
	for _, path := range whole {
		viewer.get("/console/inbox"+path).want(http.StatusForbidden).says("Этот ключ сообщений не показывает").hides("Мария", "maria@", "Счёт")
		stranger.get("/console/inbox" + path).want(http.StatusSeeOther)
		if path != "" {
			test.get("/console/inbox" + path).want(http.StatusNotFound)
			other.get("/console/inbox" + path).want(http.StatusNotFound)
		}
	}
	viewer.get("/console").want(200).hides("/console/inbox")
	test.get("/console/inbox").want(200).says("Напоминаем о долге").hides("maria@", "Горячей воды")
	test.get("/console/inbox?q=maria").want(200).hides("maria@")
	test.get("/console/inbox/debtoct-3-vk").want(200).says("Оплатить")
	other.get("/console/inbox").want(200).says("Чужое письмо").hides("Напоминаем о долге", "Горячей воды")
	for _, odd := range []string{"/nothing-1", "/..%2f", "/A", "/" + strings.Repeat("a", 65), "/bills2410-7-email/files/9", "/bills2410-7-email/files/x", "/debtoct-3-vk/html", "/debtoct-3-vk/source"} {
		w.signed("operator").get("/console/inbox" + odd).want(http.StatusNotFound)
	}
	stranger.get("/console/sign-in?next=/console/inbox/bills2410-7-email").want(200).says(`value="/console/inbox/bills2410-7-email"`)
}

func TestAMessageFromEverySide(t *testing.T) {
	w := newWorld(t)
	w.town()
	w.letterbox()
	b, at := w.signed("operator"), "/console/inbox/bills2410-7-email"
	b.get(at).want(200).says("<h1>Счёт за октябрь", `sandbox="allow-popups allow-popups-to-escape-sandbox"`, `src="`+at+`/html"`, "Уютный дом &lt;bill@dom.example&gt;",
		"Счёт.pdf", "due.ics", `href="/console/campaigns/bills2410"`, `aria-current="page">Письмо`).hides("../..")
	b.get("/console/campaigns/debtoct").want(200).hides("?campaign=")
	w.console.Engine.KeepLive = true
	b.get("/console/campaigns/debtoct").want(200).says(`href="/console/inbox?campaign=debtoct"`)
	w.signed("viewer").get("/console/campaigns/debtoct").want(200).hides("/console/inbox")
	b.get(at+"?view=text").want(200).says("К ОПЛАТЕ", "Иванова Мария Петровна").hides("<iframe")
	b.get(at+"?view=headers").want(200).says("<dt>X-Long</dt><dd>one two</dd>", "<dd>Счёт за октябрь 2026"+nbsp+"г.")
	b.get(at+"?view=source").want(200).says("Subject: =?utf-8?b?", "X-Long: one")
	b.get(at + "?view=nonsense").want(200).says("<iframe")
	b.get("/console/inbox/debtoct-3-vk?lang=en").want(200).says("за октябрь: 2 000,00 ₽", `href="https://bank.example/pay"`, "Written", "7000000003").hides("<iframe", "view=html", "download")

	page := b.get(at+"/html").want(200).says(`<head><base target="_blank">`, `src="data:image/gif;base64,`, "/t/c/token0").hides("/t/o/", "cid:")
	if got := page.Header().Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") || !strings.Contains(got, "sandbox allow-popups") || strings.Contains(got, "script") {
		t.Errorf("the letter comes with the policy %q", got)
	}
	source := b.get(at + "/source").want(200)
	if !bytes.Equal(source.Body.Bytes(), w.kept("bills2410-7-email").Source) || source.Header().Get("Content-Type") != "message/rfc822" {
		t.Errorf("the source is another: %v", source.Header())
	}
	for n, want := range []struct{ kind, how, begins string }{{"application/pdf", "inline", "%PDF"}, {"text/calendar", "attachment", "BEGIN:VCALENDAR"}} {
		file := b.get(fmt.Sprint(at, "/files/", n)).want(200)
		how, params, err := mime.ParseMediaType(file.Header().Get("Content-Disposition"))
		if err != nil || how != want.how || params["filename"] == "" || strings.Contains(params["filename"], "/") || file.Header().Get("Content-Type") != want.kind ||
			!strings.HasPrefix(file.Body.String(), want.begins) || file.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("file %d comes as %v", n, file.Header())
		}
	}
}

// kept reads a message of the owner past everything that is tested.
func (w *world) kept(id string) engine.Kept {
	w.t.Helper()
	k, err := w.stores().Inbox.Get(w.ctx(), w.owner, id)
	w.must(err)
	return k
}

func TestEmptyInbox(t *testing.T) {
	w := newWorld(t)
	w.signed("test").get("/console/inbox").want(200).says("Сообщений пока нет", "vst_test_", "/v1/messages").hides("<form class=\"filter\"")
	w.signed("test").get("/console/inbox?lang=en").want(200).says("No messages yet")
	b := w.signed("test")
	w.faults.SetRate(1)
	b.get("/console/inbox").want(http.StatusServiceUnavailable)
}

// TestDamagedLetters opens whatever may lie there, without a panic and with what there is.
func TestDamagedLetters(t *testing.T) {
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 50)
	for _, source := range []string{"", "\r\n\r\n", "no header at all", "Subject: x", "Subject: =?utf-8?b?!!?=\r\n\r\nbody", nested,
		"Content-Type: multipart/mixed\r\n\r\n--\r\n", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
		"Content-Type: text/html; charset=x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=ZZ"} {
		l := letterOf(engine.Kept{Source: []byte(source)})
		if _, err := json.Marshal(l.Fields); err != nil {
			t.Error(err)
		}
	}
	if l := letterOf(engine.Kept{Source: []byte("Subject: x\r\n\r\nbody")}); l.Text != "body" || l.field("subject") != "x" {
		t.Errorf("a plain letter is read as %+v", l)
	}
}
