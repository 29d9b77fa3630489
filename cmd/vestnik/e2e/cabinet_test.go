package e2e

import (
	"fmt"
	"strings"
	"time"

	"vestnik/api/client"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// cabinet is a stand of ГИС ЖКХ beside a town, with a provider that serves the town's houses there.
type cabinet struct {
	*town
	client *client.Client
	stand  *gistest.Server
}

// gisOrg is the provider in ГИС ЖКХ.
const gisOrg = "0c0c0c0c-0c0c-4c0c-8c0c-0c0c0c0c0c0c"

// newCabinet opens a stand; servers that are started afterwards ask it for results soon.
func (w *town) newCabinet() *cabinet {
	w.Helper()
	w.env["VESTNIK_GOSUSLUGI_POLLS"] = "100ms,200ms"
	s := &cabinet{town: w}
	var err error
	if s.stand, err = gistest.Start(gistest.Options{Polls: 1, User: "sit", Password: "s3cret"}); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(s.stand.Close)
	s.stand.AddOrganization(gistest.Organization{PPAGUID: gisOrg, BIC: "044525225", Account: "40702810900000000001", Houses: houses})
	return s
}

// enrol adds the provider; a server must run.
func (s *cabinet) enrol() {
	s.Helper()
	s.client = s.provider("УК «Ромашка»", "gis.stand=custom", "gis.url="+s.stand.URL(), "gis.org_ppaguid="+gisOrg, "gis.user=sit",
		"gis.password_file="+s.secretFile("s3cret"), "payment.bic=044525225", "payment.account=40702810900000000001")
}

// knows registers accounts of residents at the stand.
func (s *cabinet) knows(list []person) {
	for i, p := range list {
		s.stand.AddAccount(gisOrg, gistest.Account{GUID: fmt.Sprintf("44444444-4444-4444-8444-%012d", i), Number: p.account, House: p.house})
	}
}

// gosuslugiFirst is a route over Gosuslugi, and by e-mail for those whom ГИС ЖКХ does not know.
var gosuslugiFirst = &engine.Route{Lanes: []engine.Lane{{{Channel: engine.Gosuslugi}, {Channel: engine.Email}}}}

// bill has bills of one service sent to the people.
func (s *cabinet) bill(list []person) engine.CampaignID {
	s.Helper()
	id := s.draftOver(s.client, gosuslugiFirst)
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(header, "\n") + ",services\n")
	for _, p := range list {
		fmt.Fprintf(&b, "%s,\"[{\"\"name\"\":\"\"Отопление\"\",\"\"charged\"\":\"\"%s\"\"}]\"\n", strings.TrimSuffix(p.row(), "\n"), p.amount)
	}
	taken, err := s.client.PutRecipients(s.Context(), id, client.Audience{Type: client.CSV, Body: strings.NewReader(b.String())})
	if err != nil || taken.Accepted != len(list) {
		s.Fatalf("%+v %v", taken, err)
	}
	s.start(s.client, id)
	return id
}

// outage has a planned outage told to the people.
func (s *cabinet) outage(list []person) engine.CampaignID {
	s.Helper()
	from := time.Now().Add(72 * time.Hour)
	campaign, err := s.client.CreateCampaign(s.Context(), client.Order{
		Name: "Отключение", Kind: engine.KindOutage, Template: "outage-planned", Route: gosuslugiFirst,
		Vars: map[string]any{"service": "Горячее водоснабжение", "reason": "Замена трубы", "from": from.Format(time.RFC3339), "to": from.Add(9 * time.Hour).Format(time.RFC3339)},
	})
	if err != nil {
		s.Fatal(err)
	}
	s.add(s.client, campaign.ID, list)
	s.start(s.client, campaign.ID)
	return campaign.ID
}

// placedOnce checks that just these people have a document in their cabinets, and one only.
func (s *cabinet) placedOnce(list []person) {
	s.Helper()
	got := map[string]int{}
	for _, d := range s.stand.Documents(gisOrg) {
		got[d.Account.Number] += d.Times
	}
	for _, p := range list {
		if got[p.account] != 1 {
			s.Errorf("a resident has %d documents", got[p.account])
			break
		}
	}
	if len(got) != len(list) {
		s.Errorf("%d have documents, want %d", len(got), len(list))
	}
}

// wantGosuslugi checks what the history tells of the channel.
func (s *cabinet) wantGosuslugi(c client.Campaign, received, failed int64) {
	s.Helper()
	if got := c.Channels[engine.Gosuslugi]; got.Received != received || got.Failed != failed {
		s.Errorf("over Gosuslugi: %+v, want %d received and %d failed", got, received, failed)
	}
}
