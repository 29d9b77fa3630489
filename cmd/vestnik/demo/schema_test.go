package demo

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"vestnik/api/intake"
	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
	"vestnik/engine/enginetest"
	"vestnik/templates"
)

// TestGosuslugiObeysTheSchemas sends the campaigns of the demo to a stand that validates every request and every answer of its own against the
// published schemas. As the channel packs 500 documents into a request, a few runs of xmllint are enough.
func TestGosuslugiObeysTheSchemas(t *testing.T) {
	w := NewWorld(1, 1200, today)
	s, err := gistest.Start(gistest.Options{Schemas: "../../../channels/gosuslugi/gistest/testdata/xsd", Polls: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	settings := w.enrolIn(s)
	channel, err := gosuslugi.New(gosuslugi.Config{Notes: enginetest.NewMemory().Stores().Notes, Schedule: []time.Duration{time.Millisecond}, Now: func() time.Time { return today }})
	if err != nil {
		t.Fatal(err)
	}
	defer channel.Close()
	placed := 0
	for _, kind := range Kinds() {
		from := engine.Sender{Provider: engine.Provider{ID: "p", Name: w.Company.Name, Timezone: w.Zone().String(), Settings: settings}}
		from.Campaign = engine.Campaign{ID: engine.CampaignID(kind), Kind: kind}
		if channel.Scope(from.Provider, kind) == engine.ToNobody {
			continue
		}
		list := w.written(t, &from.Campaign, from.Provider)
		if channel.Scope(from.Provider, kind) == engine.ToHouse { // the engine hands over one resident a house
			seen := map[string]bool{}
			list = slices.DeleteFunc(list, func(m engine.Message) bool {
				known := seen[m.Recipient.House]
				seen[m.Recipient.House] = true
				return known
			})
		}
		for i, r := range sendAll(t, channel, from, list) {
			if r.Fault != nil || !r.Received {
				t.Fatalf("%s %d: %+v", kind, i, r)
			}
			placed++
		}
	}
	if n := len(s.Documents(w.orgPPAGUID())) + len(s.Notices(w.orgPPAGUID())); n != placed || s.Calls("importOutageReport") == 0 || s.Calls("importNotificationData") == 0 || s.Calls("importPaymentDocumentData") < 3 {
		t.Errorf("%d are there, %d were placed", n, placed)
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}

// enrolIn registers the company and its accounts at a stand, and gives the company's settings for it.
func (w *World) enrolIn(s *gistest.Server) map[string]string {
	org := gistest.Organization{PPAGUID: w.orgPPAGUID(), BIC: w.Company.BIC, Account: w.Company.Account}
	for _, h := range w.Houses {
		org.Houses = append(org.Houses, h.ID)
	}
	s.AddOrganization(org)
	for i := range w.Size {
		p := w.Resident(i)
		id := p.GIS
		if id == "" { // who is not known by GUID is looked up by number
			id = guid(w.random(aboutCabinet, 1_000_000+i))
		}
		s.AddAccount(org.PPAGUID, gistest.Account{GUID: id, Number: p.Account, House: p.House.ID})
	}
	return map[string]string{"gis.stand": "custom", "gis.url": s.URL(), "gis.org_ppaguid": org.PPAGUID, "payment.bic": org.BIC, "payment.account": org.Account}
}

// written gives the messages of a campaign: its list as the API reads it, its template as the engine renders it.
func (w *World) written(t *testing.T, campaign *engine.Campaign, provider engine.Provider) (list []engine.Message) {
	t.Helper()
	a, err := w.Audience(t.TempDir(), campaign.Kind)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(a.File)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	format, err := intake.FormatOf(a.Type, "")
	if err != nil {
		t.Fatal(err)
	}
	order := w.Order(campaign.Kind, "https://site.example")
	if campaign.Vars, err = json.Marshal(order.Vars); err != nil {
		t.Fatal(err)
	}
	text, err := templates.Builtin().Open(t.Context(), engine.TemplateRef{Name: order.Template})
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range all(intake.NewReader(file, format, intake.Options{})) {
		if err != nil {
			t.Fatal(err)
		}
		content, err := text.Render(engine.Gosuslugi, &engine.Letter{Provider: provider, Campaign: *campaign, Recipient: &row.Recipient})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, engine.Message{Key: string(campaign.ID) + "/" + row.Recipient.Account, Recipient: &row.Recipient, Content: content})
	}
	return list
}

// sendAll sends messages and asks until there are answers, as the engine does over hours.
func sendAll(t *testing.T, channel *gosuslugi.Channel, from engine.Sender, list []engine.Message) []engine.Result {
	t.Helper()
	results := make([]engine.Result, len(list))
	again := make([]int, len(list))
	for i := range again {
		again[i] = i
	}
	for rounds := 0; len(again) > 0 && rounds < 10; rounds++ {
		var handed, asked []int
		var messages []engine.Message
		var receipts []engine.Receipt
		for _, i := range again {
			if l := results[i].Later; l != nil && l.Receipt != "" {
				asked, receipts = append(asked, i), append(receipts, engine.Receipt{Key: list[i].Key, Text: l.Receipt, Polls: rounds})
			} else {
				handed, messages = append(handed, i), append(messages, list[i])
			}
		}
		for k, r := range channel.Send(t.Context(), from, messages) {
			results[handed[k]] = r
		}
		for k, r := range channel.Confirm(t.Context(), from, receipts) {
			results[asked[k]] = r
		}
		again = slices.DeleteFunc(again, func(i int) bool { return results[i].Later == nil })
	}
	return results
}
