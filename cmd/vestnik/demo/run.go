package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// How often campaigns are looked at (each look counts their funnels, too, which is work for the history: never for
// more than a quarter of the time), and how long the history may
// stand still before the counts are taken as they are.
const (
	lookPause    = 400 * time.Millisecond
	historyStill = 20 * time.Second
)

// Run orders the campaigns, waits until each has settled, the residents have come to rest and the history has caught up, and reports. A report
// that is not Fine is no error: it says itself what does not agree.
func (d *Demo) Run(ctx context.Context) (Report, error) {
	var list []*ordered
	for _, kind := range d.options.Kinds {
		if kind == engine.KindOutage {
			if err := d.square.gather(ctx, d.api, func(ctx context.Context) error { return d.pause(ctx, lookPause/10) }); err != nil {
				return Report{}, err
			}
		}
		o, err := d.order(ctx, kind)
		if err != nil {
			return Report{}, err
		}
		if o != nil {
			list = append(list, o)
		}
	}
	if err := d.watch(ctx, list); err != nil {
		return Report{}, err
	}
	if err := d.neighbours(ctx, list); err != nil {
		return Report{}, err
	}
	return d.conclude(ctx, list)
}

// neighbours notes who was told of the outage in house chats, and then lets it be over.
func (d *Demo) neighbours(ctx context.Context, list []*ordered) (err error) {
	for _, o := range list {
		if o.kind != engine.KindOutage {
			continue
		}
		told, err := d.square.told("Плановое отключение")
		if err != nil {
			d.problems = append(d.problems, o.name+": "+err.Error())
		}
		for h := range told {
			for i := h.first; i < h.first+h.Flats && d.world.suffers(h); i++ {
				o.deeds.Hears(i)
			}
		}
	}
	wrong, err := d.over(ctx, list)
	d.problems = append(d.problems, wrong...)
	return err
}

// watch waits until nobody is in flight and all is quiet in town.
func (d *Demo) watch(ctx context.Context, list []*ordered) error {
	for evening := false; ; {
		begin := time.Now()
		quiet := d.residents.Quiet(d.letters()) // asked before the campaigns: a letter that comes back sets one running again
		settled, err := d.look(ctx, list)
		if err != nil {
			return err
		}
		if err := d.residents.Err(); err != nil {
			return fmt.Errorf("a resident could not do something: %w", err)
		}
		if settled && quiet && !evening {
			d.residents.Evening()
			evening = true
			continue
		}
		if settled && quiet && d.residents.Quiet(d.letters()) {
			return nil
		}
		if err := d.pause(ctx, max(lookPause, 3*time.Since(begin))); err != nil {
			return err
		}
	}
}

// letters is how many messages have come, by mail and in VK.
func (d *Demo) letters() int { return d.sink.Count() + d.community.server.Count() }

// look asks for the campaigns' state, all at once, and reports whether each has come to its end.
func (d *Demo) look(ctx context.Context, list []*ordered) (settled bool, err error) {
	page, err := d.api.Campaigns(ctx, "", 100)
	if err != nil {
		return false, fmt.Errorf("look at the campaigns: %w", err)
	}
	settled = true
	for _, o := range list {
		at := slices.IndexFunc(page.Items, func(c client.Campaign) bool { return c.ID == o.id })
		if at < 0 {
			return false, fmt.Errorf("look at the campaigns: %q is not there any more", o.name)
		}
		c := page.Items[at]
		if l := c.Ledger; l.InFlight == 0 && l.Ordered > 0 && o.settled == 0 {
			o.settled = time.Since(o.started)
			d.residents.Settled(o.id)
		}
		settled = settled && o.settled > 0 && c.Status.Ended() && c.Ledger.InFlight == 0
		d.show(Progress{Campaign: o.name, Phase: Delivering, Done: c.Ledger.Ordered - c.Ledger.InFlight, Total: c.Ledger.Ordered})
	}
	return settled, nil
}

// pause lets a moment pass.
func (d *Demo) pause(ctx context.Context, moment time.Duration) error {
	select {
	case <-time.After(moment):
		return nil
	case err := <-d.Failed():
		return errors.Join(errors.New("the product has stopped working"), err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// conclude reports as soon as the history agrees with the delivery and the residents, or has stood still for so long that it never will.
func (d *Demo) conclude(ctx context.Context, list []*ordered) (Report, error) {
	still := time.Now()
	last := ""
	for {
		report, err := d.count(ctx, list)
		if err != nil {
			return report, err
		}
		figures := fmt.Sprint(report.Campaigns)
		if figures != last {
			still, last = time.Now(), figures
		}
		if report.Fine() || time.Since(still) > historyStill {
			report.Elapsed = time.Since(d.begun).Seconds()
			return report, nil
		}
		if err := d.pause(ctx, lookPause); err != nil {
			return report, err
		}
	}
}

// count takes all the counts.
func (d *Demo) count(ctx context.Context, list []*ordered) (Report, error) {
	r := Report{Version: d.options.Version, Seed: d.options.Seed, Campaigns: []CampaignReport{}, Problems: slices.Clone(d.problems)}
	for _, o := range list {
		c, err := d.api.Campaign(ctx, o.id)
		if err != nil {
			return r, fmt.Errorf("look at %q: %w", o.name, err)
		}
		funnel, err := d.api.Funnel(ctx, o.id, "")
		if err != nil && !away(err) {
			return r, fmt.Errorf("ask for the funnel of %q: %w", o.name, err)
		}
		one := CampaignReport{
			ID: o.id, Kind: o.kind, Name: o.name, Status: c.Status, Ledger: c.Ledger, Channels: funnel.Channels, Funnel: funnel.Stages,
		}
		if o.settled > 0 {
			one.Rate = float64(c.Ledger.Ordered) / o.settled.Seconds()
		}
		r.Campaigns = append(r.Campaigns, one)
		r.Problems = append(r.Problems, one.check(o.deeds)...)
	}
	problems, err := d.collected(ctx)
	r.Problems = append(r.Problems, problems...)
	return r, err
}

// away reports whether a store cannot be reached for the moment.
func away(err error) bool {
	problem := (*client.Problem)(nil)
	return errors.As(err, &problem) && problem.Status == 503
}
