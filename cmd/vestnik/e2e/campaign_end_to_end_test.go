package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestCampaignEndToEnd goes the whole way of a month's bills: a file as accounting programs of the country write it, letters, what residents do
// with them, their money in every way it may come, and what the provider then reads.
func TestCampaignEndToEnd(t *testing.T) {
	w := newTown(t)
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(30)

	// Who has paid all before the campaign gets no bill; who has paid a part gets one.
	w.pay(c, engine.PaymentReport{Accepted: 2, Unmatched: 2},
		byDocument("before", list[0], list[0].amount), byPeriod("part before", list[1], 400_00))

	id := w.draft(c)
	taken, err := c.PutRecipients(t.Context(), id, client.Audience{Type: client.CSV, Encoding: "gzip", Body: gzipped(t, windows1251(accounting(list)))})
	if err != nil || taken.Accepted != len(list) || taken.Rejected+taken.Duplicates+len(taken.Errors) > 0 {
		t.Fatalf("%+v %v", taken, err)
	}
	w.start(c, id)
	campaign := w.settled(c, id)
	w.wantLedger(campaign, engine.Balance{Ordered: 30, Delivered: 29, Suppressed: 1})
	w.mailedOnce(list[1:])

	residentsAct(w, list)
	payInEveryWay(w, c, list)
	want := counts{engine.Ordered: 30, engine.Sent: 29, engine.Received: 6, engine.Opened: 6, engine.Clicked: 2, engine.Paid: 5}
	w.await("a funnel of all that happened", func() bool {
		report, err := c.Funnel(t.Context(), id, "")
		return err == nil && maps.Equal(countsOf(report.Funnel), want)
	}, func() string { report, err := c.Funnel(t.Context(), id, ""); return fmt.Sprintf("%+v %v", report, err) })
	wantBreakdowns(w, c, id, want)
	wantPeople(w, c, id, list)
}

// accounting is people as a Russian accounting program exports them.
func accounting(list []person) string {
	var b strings.Builder
	b.WriteString("Лицевой счёт;ФИО;Эл. почта;ФИАС;ИПД;Период;Сумма;Оплатить до\r\n")
	for _, p := range list {
		fmt.Fprintf(&b, "%s;%s;%s;%s;%s;%s;1 %03d,%02d;10.12.2026\r\n", p.account, p.name, p.email, p.house, p.document, period, p.amount/100-1000, p.amount%100)
	}
	return b.String()
}

// windows1251 encodes ASCII and Russian letters.
func windows1251(text string) []byte {
	var b bytes.Buffer
	for _, r := range text {
		switch {
		case r >= 'А' && r <= 'я':
			b.WriteByte(byte(r - 'А' + 0xC0))
		case r == 'Ё':
			b.WriteByte(0xA8)
		case r == 'ё':
			b.WriteByte(0xB8)
		default:
			b.WriteByte(byte(r))
		}
	}
	return b.Bytes()
}

func gzipped(t *testing.T, content []byte) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// residentsAct has six read their letters, the fifth of them twice, and two of them follow the button, one of whom never loads pictures.
func residentsAct(w *town, list []person) {
	w.Helper()
	mails := map[string]letter{}
	for _, mail := range w.mail.Mails() {
		mails[mail.To[0]] = read(w, mail)
	}
	for _, p := range list[1:] {
		l := mails[p.email]
		if !strings.Contains(l.GetHeader("Subject"), "Счёт за октябрь 2026") || !strings.Contains(l.HTML, p.account) || !strings.Contains(l.Text, p.name) {
			w.Errorf("this is not the bill of its reader: %s\n%s", l.GetHeader("Subject"), l.Text)
		}
	}
	for _, i := range []int{2, 3, 4, 5, 6, 6} {
		w.show(mails[list[i].email])
	}
	for _, i := range []int{6, 7} {
		if where := w.follow(mails[list[i].email].button, 302); !strings.HasPrefix(where, "https://pay.utility.example/") {
			w.Errorf("the button leads to %q", where)
		}
	}
}

// payInEveryWay makes five paid, the one before the campaign included.
func payInEveryWay(w *town, c *client.Client, list []person) {
	w.Helper()
	rest := list[1].amount - 400_00
	w.pay(c, engine.PaymentReport{Accepted: 1, Matched: 1}, byDocument("rest after", list[1], rest))
	w.pay(c, engine.PaymentReport{Duplicates: 1}, byDocument("rest after", list[1], rest))
	w.pay(c, engine.PaymentReport{Accepted: 5, Matched: 4, Unmatched: 1, Duplicates: 1},
		byDocument("whole", list[2], list[2].amount),
		byPeriod("first half", list[3], 500_00), byPeriod("second half", list[3], list[3].amount-500_00), byPeriod("first half", list[3], 500_00),
		byPeriod("a part only", list[4], 1_00),
		engine.Payment{Reference: "another month", Account: list[5].account, Period: "2026-09", Amount: 5_000_00, PaidAt: time.Now()})
	w.pay(c, engine.PaymentReport{Accepted: 1, Matched: 1}, byPeriod("unread", list[20], list[20].amount+1))
}

func byDocument(reference string, p person, sum engine.Money) engine.Payment {
	return engine.Payment{Reference: reference, DocumentID: p.document, Amount: sum, PaidAt: time.Now().Truncate(time.Second)}
}

func byPeriod(reference string, p person, sum engine.Money) engine.Payment {
	return engine.Payment{Reference: reference, Account: p.account, Period: period, Amount: sum, PaidAt: time.Now().Truncate(time.Second)}
}

// pay reports payments and compares what became of them.
func (w *town) pay(c *client.Client, want engine.PaymentReport, list ...engine.Payment) {
	w.Helper()
	got, err := c.Payments(w.Context(), list)
	if err != nil || got != want {
		w.Errorf("payments: %+v (%v), want %+v", got, err, want)
	}
}

// counts is how many recipients came to each stage.
type counts map[engine.Fact]int64

func countsOf(f client.Funnel) counts {
	all := counts{}
	for _, stage := range f.Stages {
		all[stage.Stage] = stage.Count
	}
	return all
}

// wantBreakdowns checks that every breakdown adds up to the whole.
func wantBreakdowns(w *town, c *client.Client, id engine.CampaignID, want counts) {
	w.Helper()
	for by, keys := range map[string][]string{"house": houses, "channel": {"email"}, "day": {moscow().Format(time.DateOnly)}, "template": {"bill-monthly@1"}} {
		report, err := c.Funnel(w.Context(), id, by)
		if err != nil || !maps.Equal(countsOf(report.Funnel), want) {
			w.Errorf("by %s the whole is %+v (%v)", by, report.Funnel, err)
		}
		var found []string
		sum := counts{}
		for _, group := range report.Groups {
			found = append(found, group.Key)
			for stage, n := range countsOf(group.Funnel) {
				sum[stage] += n
			}
		}
		all := maps.Clone(want)
		if by == "channel" || by == "day" { // of those it was tried for and sent to: one had paid before
			all[engine.Ordered], all[engine.Paid] = 29, 4
		}
		if !slices.Equal(found, keys) || !maps.Equal(sum, all) {
			w.Errorf("by %s: %v add up to %v, want %v %v", by, found, sum, keys, all)
		}
	}
	report, err := c.Totals(w.Context(), time.Now().Add(-time.Hour), time.Time{}, "kind")
	if err != nil || len(report.Groups) != 1 || report.Groups[0].Key != "bill" || !maps.Equal(countsOf(report.Groups[0].Funnel), want) {
		w.Errorf("of the provider: %+v %v", report, err)
	}
}

// moscow is the provider's time.
func moscow() time.Time { return time.Now().In(time.FixedZone("MSK", 3*60*60)) }

// wantPeople checks the roubles, the list of recipients and its export.
func wantPeople(w *town, c *client.Client, id engine.CampaignID, list []person) {
	w.Helper()
	campaign := w.settled(c, id)
	ordered, paid := engine.Money(0), list[0].amount+list[1].amount+list[2].amount+list[3].amount+1_00+list[20].amount+1
	for _, p := range list {
		ordered += p.amount
	}
	if campaign.Funnel[0].Amount != ordered || campaign.Funnel[5].Amount != paid {
		w.Errorf("asked for %v, paid %v; want %v and %v", campaign.Funnel[0].Amount, campaign.Funnel[5].Amount, ordered, paid)
	}
	facts := map[string][]engine.Fact{}
	for d, err := range c.Recipients(w.Context(), id, engine.Filter{}) {
		if err != nil {
			w.Fatal(err)
		}
		for _, f := range d.Facts {
			facts[d.Account] = append(facts[d.Account], f.Fact)
		}
		wantOutcome := engine.Delivered
		if d.Account == list[0].account {
			wantOutcome = engine.Suppressed
		}
		if d.Outcome != wantOutcome {
			w.Errorf("%+v", d)
		}
	}
	for i, want := range map[int][]engine.Fact{0: {engine.Paid}, 2: {engine.Sent, engine.Opened, engine.Paid}, 4: {engine.Sent, engine.Opened}, 7: {engine.Sent, engine.Clicked}, 20: {engine.Sent, engine.Paid}} {
		for _, fact := range want {
			if !slices.Contains(facts[list[i].account], fact) {
				w.Errorf("recipient %d: %v, want %v", i, facts[list[i].account], want)
			}
		}
	}
	if len(facts[list[8].account]) == 0 || slices.Contains(facts[list[4].account], engine.Paid) {
		w.Errorf("%v %v", facts[list[8].account], facts[list[4].account])
	}
	wantExport(w, c, id, list)
}

func wantExport(w *town, c *client.Client, id engine.CampaignID, list []person) {
	w.Helper()
	var b bytes.Buffer
	if err := c.ExportRecipients(w.Context(), id, engine.Filter{Outcome: engine.Delivered}, &b); err != nil {
		w.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != len(list) { // the header in place of the one who got none
		w.Fatalf("%d rows, %v", len(rows), err)
	}
	paid := slices.Index(rows[0], "paid_at")
	for i, row := range rows[1:] {
		if p := list[i+1]; row[0] != p.account || (row[paid] != "") != slices.Contains([]int{1, 2, 3, 20}, i+1) {
			w.Errorf("row %d: %v", i+1, row)
		}
	}
}
