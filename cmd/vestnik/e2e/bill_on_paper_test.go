package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// requisites are where payments go, as a provider sets them.
var requisites = []string{"payment.name=ООО «УК „Ромашка“»", "payment.inn=7701234567", "payment.kpp=770101001", "payment.account=40702810938000012345",
	"payment.bank=ПАО СБЕРБАНК", "payment.bic=044525225", "payment.corr_account=30101810400000000225"}

// TestBillsAsPDF orders bills as a provider does and reads what came with the tools of others: by a real Postfix into a mailbox, the PDF out of the
// letter by pdftotext, and the payment code off the page as it would be printed. A bill that cannot say whose it is holds up nobody but its own.
func TestBillsAsPDF(t *testing.T) {
	postfix := mailtest.StartPostfix(t)
	w := newTown(t)
	w.env["VESTNIK_EMAIL_RELAYS"] = postfix.URL()
	w.serve()
	c := w.provider("УК «Ромашка»", append(requisites, "bill.pdf=attach")...)
	list := people(7)
	list[6].account += "🙂" // which no font of ours has
	id := w.bill(c, list)
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 7, Delivered: 6, Undelivered: 1})
	w.wantReasons(c, id, map[string]engine.Reason{list[6].account: engine.BadMessage})
	list = list[:6]
	mails, err := postfix.Delivered(len(list))
	if err != nil || len(mails) != len(list) {
		t.Fatalf("%d letters, %v\n%s", len(mails), err, postfix.Log())
	}
	for _, raw := range mails {
		mail, err := enmime.ReadEnvelope(bytes.NewReader(raw))
		if err != nil || len(mail.Errors) > 0 || len(mail.Attachments) != 1 {
			t.Fatalf("%v %+v", err, mail)
		}
		p := list[0]
		for _, one := range list {
			if strings.Contains(mail.GetHeader("To"), one.email) {
				p = one
			}
		}
		file := mail.Attachments[0]
		if file.ContentType != "application/pdf" || file.FileName != "Квитанция "+period+" "+p.account+".pdf" {
			t.Errorf("%s got a file %q of type %s", p.account, file.FileName, file.ContentType)
		}
		w.wantBill(file.Content, p)
		if !strings.Contains(mail.Text, "приложен") || strings.Contains(mail.Text+mail.HTML, "/d/") {
			t.Errorf("the letter does not say where the bill is:\n%s", mail.Text)
		}
	}
}

// TestBillsBehindALink has a provider who wants no attachments: whoever follows the link sees the same bill, and has opened the message.
func TestBillsBehindALink(t *testing.T) {
	w := newTown(t)
	w.serve()
	c := w.provider("УК «Ромашка»", append(requisites, "bill.pdf=link")...)
	list := people(3)
	id := w.bill(c, list)
	w.settled(c, id)
	for _, mail := range w.mail.Mails() {
		l := read(t, mail)
		found := regexp.MustCompile(regexp.QuoteMeta(w.url) + `/d/[\w-]+`).FindString(l.Text)
		if found == "" || !strings.Contains(l.HTML, found) || len(l.Attachments) > 0 {
			t.Fatalf("no link to the bill, or a bill beside it:\n%s", l.Text)
		}
		for _, p := range list[:2] {
			if p.email == mail.To[0] {
				w.wantBill(w.download(found), p)
			}
		}
		w.follow(found[:len(found)-3], http.StatusNotFound)
	}
	w.await("two openings", func() bool {
		now, ok := w.look(c, id)
		return ok && now.Channels[engine.Email].Opened == 2 && now.Funnel[3].Count == 2
	})
	for d, err := range c.Recipients(t.Context(), id, engine.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		opened := 0
		for _, f := range d.Facts {
			if f.Fact == engine.Opened && f.Channel == engine.Email {
				opened++
			}
		}
		if want := map[bool]int{true: 1}[d.Account != list[2].account]; opened != want || d.Outcome != engine.Delivered {
			t.Errorf("%s has opened it %d times, want %d", d.Account, opened, want)
		}
	}
}

// bill orders bills with services, recalculations and a debt, by POST /v1/campaigns, and starts them.
func (w *town) bill(c *client.Client, list []person) engine.CampaignID {
	w.Helper()
	id := w.draft(c)
	var rows bytes.Buffer
	for _, p := range list {
		row, err := json.Marshal(map[string]any{
			"account": p.account, "name": p.name, "email": p.email, "house": p.house, "document_id": p.document, "period": period, "amount": p.amount.String(),
			"due_date": "2026-12-10", "premises": "12", "debt": "100.00", "penalty": "1.20", "address": "г. Верхнереченск, ул. Садовая, д. 5", "area": "54.3",
			"services": []map[string]any{{"name": "Отопление", "unit": "Гкал", "volume": "1.032", "rate": "2487.13", "charged": "600.00"},
				{"name": "Горячая вода", "unit": "м³", "volume": "3", "rate": "100", "charged": "300.00", "recalculated": "-20.50"}},
		})
		if err != nil {
			w.Fatal(err)
		}
		rows.Write(append(row, '\n'))
	}
	taken, err := c.PutRecipients(w.Context(), id, client.Audience{Type: client.NDJSON, Body: &rows})
	if err != nil || taken.Accepted != len(list) {
		w.Fatalf("%+v %v", taken, err)
	}
	w.start(c, id)
	return id
}

// download follows a link to a bill.
func (w *town) download(address string) []byte {
	w.Helper()
	answer, err := w.get(address, "")
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/pdf" {
		w.Fatalf("the link is answered %d, %s, %v", answer.StatusCode, answer.Header.Get("Content-Type"), err)
	}
	return data
}

// wantBill has poppler and zbar read a bill: what the page says and what its code says is what was ordered.
func (w *town) wantBill(pdf []byte, p person) {
	w.Helper()
	dir := w.TempDir()
	file := filepath.Join(dir, "bill.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		w.Fatal(err)
	}
	text := strings.ReplaceAll(w.tool("pdftotext", "-raw", file, "-"), "\u00a0", " ")
	for _, want := range []string{"ПЛАТЁЖНЫЙ ДОКУМЕНТ", p.account, p.document, p.name, "октябрь 2026 г.", roubles(p.amount), "Отопление", "Гкал", "1,032", "2 487,13", "−20,50", "279,50",
		"100,00", "1,20", "40702810938000012345", "044525225", "7701234567 / 770101001", "ул. Садовая, д. 5, кв. 12", "Оплатить до 10 декабря 2026 г."} {
		if !strings.Contains(text, want) {
			w.Errorf("the bill of %s does not say %q:\n%s", p.account, want, text)
		}
	}
	w.tool("pdftoppm", "-r", "150", "-gray", "-png", file, filepath.Join(dir, "page"))
	pages, err := filepath.Glob(filepath.Join(dir, "page*.png"))
	if err != nil || len(pages) != 1 {
		w.Fatalf("the bill has %d pages, %v", len(pages), err)
	}
	code := strings.TrimSpace(w.tool("zbarimg", "--quiet", "--raw", pages[0]))
	begins := "ST00012|Name=ООО «УК „Ромашка“»|PersonalAcc=40702810938000012345|BankName=ПАО СБЕРБАНК|BIC=044525225|CorrespAcc=30101810400000000225|"
	if !strings.HasPrefix(code, begins) {
		w.Errorf("the code begins %.200q", code)
	}
	for _, want := range []string{fmt.Sprintf("Sum=%d", p.amount), "PersAcc=" + p.account, "PaymPeriod=102026", "QuittId=" + p.document, "PayeeINN=7701234567"} {
		if !strings.Contains(code+"|", "|"+want+"|") {
			w.Errorf("the code of %s does not say %q: %s", p.account, want, code)
		}
	}
}

// roubles writes a sum of 1,000 and more as a bill does.
func roubles(m engine.Money) string {
	text := strings.Replace(m.String(), ".", ",", 1)
	return text[:len(text)-6] + " " + text[len(text)-6:] + " ₽"
}

// tool runs a program of Debian's and gives what it says.
func (w *town) tool(name string, args ...string) string {
	w.Helper()
	out, err := exec.CommandContext(w.Context(), name, args...).Output()
	if err != nil {
		w.Fatalf("%s: %v (.ci/install installs what is missing)", name, err)
	}
	return string(out)
}
