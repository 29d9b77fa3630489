package enclosed

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/templates"
	"vestnik/templates/bill"
)

// followed are links as the engine makes them.
type followed struct{}

func (followed) Open() string        { return "https://v.example/t/o/x" }
func (followed) Click(int) string    { return "https://v.example/t/c/x" }
func (followed) Unsubscribe() string { return "https://v.example/u/x" }
func (followed) Document() string    { return "https://v.example/d/x" }

func open(t *testing.T, name string) engine.Text {
	t.Helper()
	texts, err := New(templates.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	text, err := texts.Open(t.Context(), engine.TemplateRef{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// bills is the letter of a bill whose provider has a setting for it.
func bills(way string) *engine.Letter {
	sum := engine.Money(815_035)
	return &engine.Letter{Links: followed{},
		Provider: engine.Provider{Name: "УК «Заря»", INN: "6658123450", Settings: map[string]string{engine.SettingBill: way,
			"payment.account": "40702810938000012345", "payment.bank": "ПАО СБЕРБАНК", "payment.bic": "046577674"}},
		Campaign: engine.Campaign{ID: "c", Kind: engine.KindBill, Vars: []byte(`{"debt":"10"}`)},
		Recipient: &engine.Recipient{Account: "40/77", Name: "Ёжикова Мария", Premises: "12", Period: "2026-10", Amount: &sum, DueDate: "2026-11-10",
			Vars: []byte(`{"address":"ул. Садовая, д. 5","area":"54.3","residents":3,"services":"[{\"name\":\"Вода\",\"charged\":\"5\",\"recalculated\":\"-1.50\",\"total\":\"3.50\"}]"}`)},
	}
}

// TestWhereTheBillIs goes through the ways a provider may want its bills.
func TestWhereTheBillIs(t *testing.T) {
	text := open(t, "bill-monthly")
	const link = "https://v.example/d/x"
	for _, test := range []struct {
		way      string
		ch       engine.ChannelName
		attached bool
		linked   bool
	}{
		{"", engine.Email, true, false}, {"attach", engine.Email, true, false}, {"attach", engine.VK, false, true}, {"", engine.Gosuslugi, false, true},
		{"link", engine.Email, false, true}, {"link", engine.VK, false, true}, {"link", engine.Paper, false, false},
		{"none", engine.Email, false, false}, {"none", engine.VK, false, false},
	} {
		content, err := text.Render(test.ch, bills(test.way))
		if err != nil {
			t.Fatal(err)
		}
		linked := strings.Contains(content.Text, link) && (test.ch != engine.Email || strings.Contains(content.HTML, link))
		told := strings.Contains(content.Text, "приложен к письму") && strings.Contains(content.HTML, "приложен к письму")
		if len(content.Files) == 1 != test.attached || told != test.attached || linked != test.linked || !linked && strings.Contains(content.HTML+content.Text, link) {
			t.Errorf("%q over %s: %d files, told of %v, linked %v", test.way, test.ch, len(content.Files), told, linked)
		}
		file, err := text.(engine.Documented).Document(bills(test.way))
		if wanted := test.way != "none"; wanted != (err == nil) || !wanted && !errors.Is(err, engine.ErrNotFound) || wanted && file.Type != "application/pdf" {
			t.Errorf("%q: %v", test.way, err)
		}
	}
}

// TestTheBillSaysWhatTheLetterSays has poppler read it, made after the letter was used for somebody else.
func TestTheBillSaysWhatTheLetterSays(t *testing.T) {
	letter := bills("")
	content, err := open(t, "bill-monthly").Render(engine.Email, letter)
	if err != nil {
		t.Fatal(err)
	}
	letter.Recipient.Account, letter.Recipient.Name = "another", "Другой"
	file := content.Files[0]
	data, err := file.Bytes()
	if err != nil || file.Name != "Квитанция 2026-10 40-77.pdf" {
		t.Fatalf("%q: %v", file.Name, err)
	}
	name := filepath.Join(t.TempDir(), "bill.pdf")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-raw", name, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext: %v (.ci/install installs what is missing)", err)
	}
	for _, want := range []string{"40/77", "октябрь 2026 г.", "8 150,35 ₽", "Ёжикова Мария", "ул. Садовая, д. 5, кв. 12", "54,3 м²", "3 чел.", "−1,50", "3,50",
		"Задолженность за прошлые периоды", "10,00 ₽", "УК «Заря»", "Оплатить до 10 ноября 2026 г."} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

// TestBillThatCannotBeMade tells why without telling whose it is.
func TestBillThatCannotBeMade(t *testing.T) {
	letter := bills("")
	letter.Recipient.Account = "ЛС🙂77"
	content, err := open(t, "bill-monthly").Render(engine.Email, letter)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := content.Files[0].Bytes(); !errors.Is(err, bill.ErrDisagrees) || strings.Contains(err.Error(), "77") {
		t.Error(err)
	}
}

// TestEvents looks at which messages have an entry for calendars.
func TestEvents(t *testing.T) {
	outage := &engine.Letter{Provider: engine.Provider{Name: "УК", Timezone: "Asia/Yekaterinburg", Settings: map[string]string{"email.from": "УК <bills@example.ru>"}},
		Campaign: engine.Campaign{ID: "c", Kind: engine.KindOutage, CreatedAt: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
			Vars: []byte(`{"service":"Горячая вода","from":"2026-11-05T09:00:00+05:00","to":"2026-11-05T18:00:00+05:00","reason":"Ремонт","phone":"88000000000"}`)},
		Recipient: &engine.Recipient{Account: "1", Vars: []byte(`{"address":"ул. Садовая, д. 5"}`)}}
	meeting := &engine.Letter{Provider: outage.Provider, Campaign: engine.Campaign{ID: "m", Kind: engine.KindMeeting,
		Vars: []byte(`{"topic":"Выбор совета","starts_at":"2026-12-01T10:00:00+03:00","ends_at":"2026-12-20T10:00:00+03:00","place":"Двор","agenda":["Первое","Второе"],"link":"https://x.example/"}`)},
		Recipient: &engine.Recipient{Account: "1"}}
	for _, test := range []struct {
		template string
		letter   *engine.Letter
		want     []string
	}{
		{"outage-planned", outage, []string{"DTSTART:20261105T040000Z", "DTEND:20261105T130000Z", "SUMMARY:Отключение: Горячая вода", "LOCATION:ул. Садовая\\, д. 5",
			"DESCRIPTION:Ремонт\\n88000000000", `ORGANIZER;CN="УК":mailto:bills@example.ru`, "DTSTAMP:20261101T000000Z"}},
		{"meeting-planned", meeting, []string{"DTSTART:20261201T070000Z", "SUMMARY:Собрание собственников: Выбор совета", "LOCATION:Двор", "URL:https://x.example/",
			"DESCRIPTION:1. Первое\\n2. Второе"}},
		{"meeting-started", meeting, []string{"DTEND:20261220T070000Z"}},
		{"outage-restored", outage, nil},
	} {
		text := open(t, test.template)
		content, err := text.Render(engine.Email, test.letter)
		if err != nil {
			t.Fatal(err)
		}
		if len(content.Files) == 1 != (test.want != nil) {
			t.Fatalf("%s has %d files", test.template, len(content.Files))
		}
		for _, want := range test.want {
			if file := strings.ReplaceAll(string(content.Files[0].Data), "\r\n ", ""); !strings.Contains(file, "\r\n"+want+"\r\n") {
				t.Errorf("%s does not say %q:\n%s", test.template, want, file)
			}
		}
		if elsewhere, err := text.Render(engine.VK, test.letter); err != nil || len(elsewhere.Files) > 0 {
			t.Errorf("%s over VK: %d files, %v", test.template, len(elsewhere.Files), err)
		}
	}
	other := *outage
	other.Recipient = &engine.Recipient{Account: "2"}
	if a, b := eventID(outage), eventID(&other); a == b || a != eventID(outage) {
		t.Errorf("%q and %q", a, b)
	}
}
