package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// payee is the organization in ГИС ЖКХ whose bills are paid.
var payee = gistest.Organization{PPAGUID: "0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b", BIC: "044525225", Account: "40702810900000000001"}

// payers starts a stand with the accounts of n residents, and gives the file of their bills.
func (w *town) payers(n int) (stand *gistest.Server, list string) {
	w.Helper()
	stand, err := gistest.Start(gistest.Options{})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(stand.Close)
	stand.AddOrganization(payee)
	var b strings.Builder
	for i, p := range people(n) {
		a := gistest.Account{GUID: fmt.Sprintf("22222222-2222-4222-8222-%012d", i), Number: p.account, House: p.house}
		stand.AddAccount(payee.PPAGUID, a)
		fmt.Fprintf(&b, `{"account":%q,"name":%q,"email":%q,"house":%q,"gis_account_guid":%q,"period":%q,"amount":"229.40","due_date":"2026-12-10",`+
			`"services":[{"name":"Холодное водоснабжение","unit":"м³","volume":"5","rate":"45.88","charged":"229.40"}]}`+"\n", p.account, p.name, p.email, p.house, a.GUID, period)
	}
	return stand, b.String()
}

// exchanged is what GET /v1/payments/gis answers.
type exchanged struct {
	Collected struct {
		Fault                             string
		Matched, Unmatched, Annulled, Own int
	}
	Declared struct{ Waiting, Told, Failed int }
}

func (w *town) exchange(key string) (seen exchanged) {
	r, err := w.get("/v1/payments/gis", key)
	if err != nil {
		return seen
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, &seen)
	}
	if err != nil {
		w.Log(err)
	}
	return seen
}

// orderFrom orders a campaign from lines of NDJSON and starts it.
func (w *town) orderFrom(c *client.Client, o client.Order, list string) engine.CampaignID {
	w.Helper()
	campaign, err := c.CreateCampaign(w.Context(), o)
	if err != nil {
		w.Fatal(err)
	}
	taken, err := c.PutRecipients(w.Context(), campaign.ID, client.Audience{Type: client.NDJSON, Body: strings.NewReader(list)})
	if err != nil || taken.Rejected > 0 {
		w.Fatalf("%+v %v", taken, err)
	}
	w.start(c, campaign.ID)
	return campaign.ID
}

// TestPaymentsBackFromGosuslugi has half of the residents pay in Gosuslugi while the stand goes down and the worker is killed, and the others at the provider's
// desk, which ГИС ЖКХ is told of. Everybody is paid, nobody gets the letter that was to follow; a payment that is annulled is missed by the next campaign.
func TestPaymentsBackFromGosuslugi(t *testing.T) {
	const n = 20
	w := newTown(t)
	w.apart()
	w.env["VESTNIK_GOSUSLUGI_POLLS"] = "200ms"
	stand, list := w.payers(n)
	w.serve("--roles", "api,loader")
	worker := w.serve("--roles", "worker")
	id := w.must("provider", "add", "--name", "УК «Ромашка»", "--inn", "7701234567", "email.from=bills@utility.example", "payment.url=https://pay.utility.example/",
		"bill.pdf=none", "quiet_hours=off", "gis.stand=custom", "gis.url="+stand.URL(), "gis.org_ppaguid="+payee.PPAGUID, "payment.bic="+payee.BIC, "payment.account="+payee.Account,
		"gis.payments_every=1m")
	key := w.must("key", "create", "--provider", id, "--role", "provider")
	c := w.caller(key)
	lane := engine.Lane{{Channel: engine.Gosuslugi, Wait: engine.Wait(24 * time.Hour), Until: engine.Goals{engine.Paid}}, {Channel: engine.Email}}
	bills := w.orderFrom(c, client.Order{Name: "Октябрь", Kind: engine.KindBill, Template: "bill-monthly", Route: &engine.Route{Lanes: []engine.Lane{lane}}}, list)
	w.await("the bills in Gosuslugi", func() bool { return len(stand.Documents(payee.PPAGUID)) == n })

	var first string // the payment of the first resident
	for _, d := range stand.Documents(payee.PPAGUID) {
		var i int
		if _, err := fmt.Sscanf(d.Account.Number, "ac7-%d", &i); err != nil {
			t.Fatal(err)
		}
		if i >= n/2 {
			continue
		}
		if order := stand.Pay(payee.PPAGUID, gistest.Order{Document: d.ID, Kopecks: 22940}); i == 0 {
			first = order
		}
	}
	stand.Stop()
	w.must("provider", "set", id, "gis.payments=on")
	w.await("a stand that is down", func() bool { return w.exchange(key).Collected.Fault != "" })
	worker.kill()
	w.serve("--roles", "worker")
	if err := stand.Resume(); err != nil {
		t.Fatal(err)
	}
	var atDesk []engine.Payment
	for i, p := range people(n)[n/2:] {
		atDesk = append(atDesk, engine.Payment{Reference: fmt.Sprint("desk-", i), Account: p.account, Period: period, Amount: 229_40, PaidAt: time.Now(), ReportToGIS: true})
	}
	for range 2 { // the second says nothing new
		if _, err := c.Payments(w.Context(), atDesk); err != nil {
			t.Fatal(err)
		}
	}
	var last exchanged
	seen := func() string { return fmt.Sprintf("%+v", last) }
	w.await("payments from Gosuslugi, and of the desk there", func() bool {
		last = w.exchange(key)
		return last.Collected.Matched == n/2 && last.Declared.Told == n/2
	}, seen)
	w.wantLedger(w.settled(c, bills), engine.Balance{Ordered: n, Delivered: n})

	if !stand.Annul(payee.PPAGUID, first) {
		t.Fatal("there is no payment to annul")
	}
	w.await("the annulment", func() bool { last = w.exchange(key); return last.Collected.Annulled == 1 && last.Collected.Own >= n/2 }, seen)
	if last.Collected.Matched != n/2 || last.Declared != (struct{ Waiting, Told, Failed int }{Told: n / 2}) {
		t.Errorf("at the end: %+v", last)
	}
	own := 0
	for _, o := range stand.Orders(payee.PPAGUID) {
		if o.Acceptor == payee.PPAGUID {
			own++
		}
	}
	if own != n/2 || w.mail.Count() != 0 {
		t.Errorf("ГИС ЖКХ was told of %d payments, and %d letters were written, want %d and none", own, w.mail.Count(), n/2)
	}
	debts := w.orderFrom(c, client.Order{Name: "Долг", Kind: engine.KindDebt, Template: "debt-notice", Route: onlyEmail}, list)
	w.wantLedger(w.settled(c, debts), engine.Balance{Ordered: n, Delivered: 1, Suppressed: n - 1})
}
