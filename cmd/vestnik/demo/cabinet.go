package demo

import (
	"context"
	"fmt"
	"time"

	"vestnik/api/client"
	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// aboutCabinet is the randomness of who uses Gosuslugi.
const aboutCabinet uint64 = 100

// Looks reports whether a resident looks into Gosuslugi: then what lies there is read there.
func (w *World) Looks(p Resident) bool {
	return p.GIS != "" && w.random(aboutCabinet, p.Number).IntN(100) < 70
}

// OrgPPAGUID is the company in ГИС ЖКХ.
func (w *World) orgPPAGUID() string { return guid(w.random(aboutCabinet, -1)) }

// openStand starts a stand of ГИС ЖКХ that knows the company and its accounts, and tells residents what lies in their cabinets.
func (d *Demo) openStand() (err error) {
	d.stand, err = gistest.Start(gistest.Options{
		Polls: 1, Delay: 100 * time.Millisecond,
		OnDocument: func(doc gistest.Document) { d.residents.Find(doc) },
		OnNotice:   func(n gistest.Notice) { d.residents.Notice(n) },
	})
	if err != nil {
		return fmt.Errorf("start the stand of ГИС ЖКХ: %w", err)
	}
	c := d.world.Company
	org := gistest.Organization{PPAGUID: d.world.orgPPAGUID(), BIC: c.BIC, Account: c.Account}
	for _, h := range d.world.Houses {
		org.Houses = append(org.Houses, h.ID)
	}
	d.stand.AddOrganization(org)
	for i := range d.world.Size {
		if p := d.world.Resident(i); p.GIS != "" {
			d.stand.AddAccount(org.PPAGUID, gistest.Account{GUID: p.GIS, Number: p.Account, House: p.House.ID})
		}
	}
	return nil
}

// gis are the company's settings for the stand.
func (d *Demo) gis() map[string]string {
	return map[string]string{
		"gis.stand": "custom", "gis.url": d.stand.URL(), "gis.org_ppaguid": d.world.orgPPAGUID(),
		gosuslugi.SettingPayments: "on", gosuslugi.SettingPaymentsEvery: "500ms",
	}
}

// campaignOf finds the campaign of a kind; the demo has one of each.
func (r *Residents) campaignOf(kind engine.Kind) (engine.CampaignID, *errand) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, e := range r.campaigns {
		if e.kind == kind {
			return id, e
		}
	}
	return "", nil
}

// Find is what the stand calls with each payment document: its account's cabinet has it.
func (r *Residents) Find(doc gistest.Document) {
	p, ok := r.world.Owner(doc.Account.Number)
	id, e := r.campaignOf(engine.KindBill)
	if doc.Withdrawn || !ok || e == nil {
		return
	}
	r.look(p, id, e, doc.ID)
}

// Notice is what the stand calls with each notice: everybody in its houses has it.
func (r *Residents) Notice(n gistest.Notice) {
	id, e := r.campaignOf(engine.KindOutage)
	if n.Recalled || e == nil {
		return
	}
	for i := range r.world.Houses {
		h := &r.world.Houses[i]
		for _, house := range n.Houses {
			for k := h.first; house == h.ID && k < h.first+h.Flats; k++ {
				r.look(r.world.Resident(k), id, e, "")
			}
		}
	}
}

// look is what a resident does about what lies in the cabinet, a document or a notice; it waits while too many are busy.
func (r *Residents) look(p Resident, id engine.CampaignID, e *errand, document string) {
	e.deeds.Gets(p.Number, engine.Gosuslugi)
	f := r.world.Fate(p, e.kind)
	if !f.Opens || !r.world.Looks(p) {
		return
	}
	r.mu.Lock()
	e.cabinet[p.Number] = true
	r.mu.Unlock()
	select {
	case r.room <- struct{}{}:
	case <-r.ctx.Done():
		return
	}
	r.busy.Add(1)
	r.lives.Go(func() {
		defer func() { <-r.room; r.busy.Add(-1) }()
		r.fail(r.readThere(reading{resident: p, fate: f, errand: e, document: document}, id))
	})
}

// readThere reads and pays in Gosuslugi. That it was opened is reported by whoever can see it, which in truth is not ГИС ЖКХ.
func (r *Residents) readThere(at reading, id engine.CampaignID) error {
	if r.rest(at.fate.Rest/4) != nil {
		return nil
	}
	err := r.did(&at.errand.deeds.Opened, r.reports.add(r.ctx, client.Event{
		ID: string(id) + "-" + at.resident.Account + "-gosuslugi", Type: engine.Opened, At: time.Now().UTC(),
		Account: at.resident.Account, Campaign: id, Channel: engine.Gosuslugi,
	}))
	if err != nil {
		return fmt.Errorf("open in Gosuslugi: %w", err)
	}
	if at.fate.Pays == Never || at.fate.Beforehand || r.rest(at.fate.Rest) != nil {
		return nil
	}
	if at.document != "" {
		r.payThere(at)
	}
	return nil
}

// payThere pays in Gosuslugi, where nobody knows the provider's own names of documents. The bank of one in fifty takes the first try back.
func (r *Residents) payThere(at reading) {
	seen := map[string]bool{}
	for i, p := range r.world.Payments(at.resident, at.fate, at.errand.kind) {
		if seen[p.Reference] {
			continue // a bank that reports twice is another's trouble: ГИС ЖКХ has each once
		}
		seen[p.Reference] = true
		o := gistest.Order{Document: at.document, Kopecks: int64(p.Amount)}
		if p.Account != "" {
			month := r.world.Period
			o.Document, o.Account, o.Year, o.Month = "", p.Account, month.Year(), int(month.Month())
		}
		if org := r.world.orgPPAGUID(); i == 0 && r.world.random(aboutCabinet, at.resident.Number).IntN(5000) < 100 {
			r.stand.Annul(org, r.stand.Pay(org, o))
		}
		r.stand.Pay(r.world.orgPPAGUID(), o)
	}
}

// collected holds what was paid in Gosuslugi against what came from there.
func (d *Demo) collected(ctx context.Context) (problems []string, err error) {
	at, err := d.house.Collected(ctx, d.company)
	if err != nil {
		return nil, err
	}
	count := 0
	for _, o := range d.stand.Orders(d.world.orgPPAGUID()) {
		if o.Status != 1 {
			count++
		}
	}
	if came := at.Takings.Matched - at.Takings.Annulled; came != count {
		problems = append(problems, fmt.Sprintf("paid in Gosuslugi and told by it differ: %d and %d (%+v, %s)", count, came, at.Takings, at.Fault))
	}
	return problems, nil
}

// settledThere reports whether a resident has dealt with it in Gosuslugi, so that a letter about it is left alone. Outages are read everywhere.
func (e *errand) settledThere(number int) bool { return e.kind == engine.KindBill && e.cabinet[number] }
