package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
	"vestnik/templates"
)

// Kinds are the campaigns the demo can order, in the order it does; the first three unless others are asked for.
func Kinds() []engine.Kind {
	return []engine.Kind{engine.KindBill, engine.KindDebt, engine.KindOutage, engine.KindAd, engine.KindAction}
}

// quickWait is how long a step of the demo's routes waits for its goal: what takes days elsewhere must be seen here.
const quickWait = engine.Wait(2 * time.Second)

// Order is what the company orders; an offer's link leads to a page of site.
func (w *World) Order(kind engine.Kind, site string) client.Order {
	route := w.route(kind)
	for _, lane := range route.Lanes {
		for i := range lane {
			lane[i].Wait = min(lane[i].Wait, quickWait)
		}
	}
	o := client.Order{Kind: kind, Route: &route, Reference: string(kind) + "-" + w.Today.Format(time.DateOnly)}
	switch kind {
	case engine.KindBill:
		o.Name, o.Template = "Счета за "+templates.Period(w.Period), "bill-monthly"
	case engine.KindDebt:
		o.Name, o.Template = "Напоминание о долге", "debt-notice"
	case engine.KindOutage:
		from := time.Date(w.Today.Year(), w.Today.Month(), w.Today.Day()+3, 9, 0, 0, 0, w.Zone())
		o.Name, o.Template = "Отключение горячей воды "+templates.Date(from), "outage-planned"
		o.Vars = map[string]any{
			"service": "Горячее водоснабжение", "from": from.Format(time.RFC3339), "to": from.Add(9 * time.Hour).Format(time.RFC3339),
			"reason": "Замена участка трубопровода", "phone": w.Company.Phone,
		}
	case engine.KindAction:
		o.Name, o.Template = "Показания счётчиков", "action-required"
		o.Vars = map[string]any{
			"what": "передать показания счётчиков воды", "deadline": w.Due.Format(time.DateOnly), "link": site + "/readings", "phone": w.Company.Phone,
		}
	case engine.KindAd:
		o.Name, o.Template = "Поверка счётчиков воды", "ad-offer"
		o.Vars = map[string]any{
			"offer":      "Поверим счётчики воды на дому, без снятия. Жителям наших домов скидка 15 %.",
			"advertiser": "ООО «Верный счёт» (вымышлено)", "erid": "demo0000000", "link": site + "/offer",
		}
	}
	return o
}

// route is the usual one of the kind; but notices, which few words suffice for, go where people look first: to VK, and by e-mail to those who do
// not read them there.
func (w *World) route(kind engine.Kind) engine.Route {
	goal := map[engine.Kind]engine.Fact{engine.KindDebt: engine.Paid, engine.KindAction: engine.Opened}[kind]
	if goal == "" {
		return engine.DefaultRoute(kind)
	}
	return engine.Route{Lanes: []engine.Lane{{
		{Channel: engine.Gosuslugi, Wait: quickWait, Until: engine.Goals{goal}},
		{Channel: engine.VK, Wait: quickWait, Until: engine.Goals{goal}},
		{Channel: engine.Email},
	}}}
}

// ordered is a campaign on its way.
type ordered struct {
	id      engine.CampaignID
	kind    engine.Kind
	name    string
	deeds   *Deeds
	started time.Time
	settled time.Duration // how long it took until nobody was in flight; zero: not yet
}

// order does what a provider's program does: it writes the list, creates the campaign, uploads the list and starts.
func (d *Demo) order(ctx context.Context, kind engine.Kind) (*ordered, error) {
	audience, err := d.world.Audience(d.dir, kind)
	if err != nil {
		return nil, err
	}
	if audience.Rows == 0 {
		return nil, nil // a town so small that nobody owes anything
	}
	wanted := d.world.Order(kind, d.bank.URL)
	c, err := d.api.CreateCampaign(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("order %q: %w", wanted.Name, err)
	}
	o := &ordered{id: c.ID, kind: kind, name: c.Name, deeds: d.residents.Expect(c.ID, kind)}
	if err := d.upload(ctx, o, audience); err != nil {
		return nil, fmt.Errorf("upload the recipients of %q: %w", c.Name, err)
	}
	if err := d.bank.PayAll(ctx, d.world.beforehand(kind)); err != nil {
		return nil, err
	}
	o.started = time.Now()
	if _, err = d.api.Start(ctx, c.ID); err != nil {
		return nil, fmt.Errorf("start %q: %w", c.Name, err)
	}
	return o, nil
}

// upload streams the file.
func (d *Demo) upload(ctx context.Context, o *ordered, a Audience) (err error) {
	file, err := os.Open(a.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size, err := file.Stat()
	if err != nil {
		return err
	}
	progress := func(read int64) { d.show(Progress{Campaign: o.name, Phase: Uploading, Done: read, Total: size.Size()}) }
	taken, err := d.api.PutRecipients(ctx, o.id, client.Audience{Body: file, Type: a.Type, Progress: progress})
	if err != nil {
		return err
	}
	progress(size.Size())
	if taken.Accepted != a.Rows || taken.Rejected > 0 || taken.Duplicates > 0 {
		return fmt.Errorf("of %d rows %d were accepted, %d rejected (%v), %d known already", a.Rows, taken.Accepted, taken.Rejected, taken.Errors, taken.Duplicates)
	}
	return nil
}

// beforehand is what was paid before a campaign of the kind began.
func (w *World) beforehand(kind engine.Kind) (list []engine.Payment) {
	if !kind.Payable() {
		return nil
	}
	for i := range w.Size {
		p := w.Resident(i)
		f := w.Fate(p, kind)
		if !f.Beforehand {
			continue
		}
		for _, payment := range w.Payments(p, f, kind) {
			payment.PaidAt = w.Today.Add(-time.Duration(1+i%72) * time.Hour).UTC().Truncate(time.Second)
			list = append(list, payment)
		}
	}
	return list
}
