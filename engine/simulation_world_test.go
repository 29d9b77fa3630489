package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"vestnik/engine"
)

// The worlds that the simulation walks are made so that the model knows the answer in spite of crashes, which cost time. Everything that is
// decided from outside has an hour of its own: each kind begins at another multiple of three hours, and waits last whole days. What
// one of them sets off is over, retries and crashes included, before the next can come, so that no race decides. Where a night ends, work
// begins between two of these hours.
const (
	hourStart    = 0 // campaigns begin
	hourPersonal = 1 // 1 to 4: what one recipient does
	hourPause    = 5
	hourResume   = 6
	hourEnd      = 7 // campaigns are cancelled or expire
	slot         = 3 * time.Hour
	wholeDay     = 24 * time.Hour
)

// What the engine of the simulation and the settings of its providers say.
const (
	tries       = 4              // attempts at a step
	tryLimit    = 72 * time.Hour // how long a step is tried while the channel asks to slow down
	stallPause  = 90 * time.Minute
	nightBegins = "21:00"
	nightEnds   = "10:30"
	unwritable  = "unwritable" // the name of whom no message can be rendered for
)

// withdrawal is a happening that is no fact: the recipient takes back its consent to ads.
const withdrawal engine.Fact = "withdrawal"

// happening is something that happens to one recipient from outside. Without a fact, its campaign is cancelled.
type happening struct {
	at      time.Time
	fact    engine.Fact
	channel engine.ChannelName
	reason  engine.Reason // of Bounced
}

// plot is what a channel does with the message of one step to one recipient, or to one house.
type plot struct {
	temps    int           // so many attempts fail for now
	throttle bool          // it asks to slow down, once
	stall    bool          // it asks to slow down for ever
	polls    int           // it answers later, when it has been asked so often
	fault    engine.Reason // final; NoReason: it takes the message
	received bool          // and says that it lies in the mailbox
	early    engine.Fact   // happens before the channel has even answered; empty: nothing
}

// order is one campaign of a world.
type order struct {
	campaign   engine.Campaign
	provider   engine.Provider
	quiet      bool // whether the provider has nights
	configured map[engine.ChannelName]bool
	outage     outage
	start      time.Time
	pause      time.Time // zero: never
	resume     time.Time
	callBack   time.Time // when it is to be cancelled; zero: never
	cancel     time.Time // when it was: not if it had ended by then
	chunks     [][]*resident
	houses     map[string][]plot // of house chats, by house and step
	blips      []time.Time       // it is paused for some seconds
}

// outage is a time in which a channel is out of reach for everybody.
type outage struct {
	channel engine.ChannelName
	from    time.Time
}

const outageLasts = 15 * time.Minute

// resident is one recipient of a campaign.
type resident struct {
	who        engine.Recipient
	parts      int // how many payments make up the amount
	plots      [][]plot
	stops      map[engine.ChannelName]engine.Reason // from before the campaign
	agreed     bool                                 // to ads
	capped     bool
	happenings []happening // in order
	shared     *order      // its campaign, for what it shares with its house
}

// plotAt is what the channel of a step does: with the recipient, or with the chat of its house.
func (r *resident) plotAt(lane, step int) *plot {
	if r.shared.campaign.Route.Lanes[lane][step].Channel == engine.HouseChat {
		return &r.shared.houses[r.who.House][step]
	}
	return &r.plots[lane][step]
}

// dice makes worlds.
type dice struct{ *rand.Rand }

func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d dice, list ...T) T { return list[d.IntN(len(list))] }

// moment is an hour of a day of the world.
func moment(epoch time.Time, days, hour int) time.Time {
	return epoch.Add(10*time.Minute + time.Duration(days)*wholeDay + time.Duration(hour)*slot)
}

// provider has nights or has none, and may be slow.
func (d dice) provider(id engine.ProviderID) engine.Provider {
	p := engine.Provider{ID: id, Name: "УК", Timezone: "Etc/GMT-3", Settings: map[string]string{engine.SettingQuiet: "off"}}
	if d.chance(50) {
		p.Settings[engine.SettingQuiet] = nightBegins + "-" + nightEnds
	}
	if d.chance(15) {
		p.Settings[engine.SettingPerMinute] = "100"
	}
	if d.chance(15) {
		p.Settings["email."+engine.SettingPerSecond] = "5"
	}
	if d.chance(15) {
		p.Settings["vk."+engine.SettingConcurrent] = "1"
	}
	p.Settings[engine.SettingFrequency] = "1/31d"
	return p
}

// order makes a campaign. Those of one number have the same accounts, so that payments and stops could cross between providers.
func (d dice) order(epoch time.Time, p engine.Provider, number int, configured map[engine.ChannelName]bool, down outage) *order {
	kind := pick(d, engine.KindBill, engine.KindDebt, engine.KindOutage, engine.KindAction, engine.KindAd, engine.KindMeeting)
	o := &order{provider: p, quiet: p.Setting(engine.SettingQuiet) != "off", configured: configured, outage: down, houses: map[string][]plot{}}
	o.start = moment(epoch, 1+d.IntN(2), hourStart)
	o.campaign = engine.Campaign{
		Provider: p.ID, Kind: kind, Template: engine.TemplateRef{Name: "t", Version: 1}, Route: d.route(kind), SendAt: o.start,
		Urgent: kind == engine.KindOutage && d.chance(30),
	}
	horizon := 3
	for _, lane := range o.campaign.Route.Lanes {
		for _, step := range lane {
			horizon = max(horizon, 3+int(time.Duration(step.Wait)/wholeDay)*len(lane))
		}
	}
	if d.chance(30) {
		from := 1 + d.IntN(horizon)
		o.pause, o.resume = moment(epoch, from, hourPause), moment(epoch, from+d.IntN(3), hourResume)
	}
	switch at := moment(epoch, 2+d.IntN(horizon), hourEnd); d.IntN(5) {
	case 0:
		o.callBack = at
	case 1:
		o.campaign.ExpiresAt = at
	}
	for range d.IntN(3) {
		o.blips = append(o.blips, o.start.Add(time.Duration(d.IntN(2))*wholeDay+time.Duration(d.IntN(20_000))*time.Millisecond))
	}
	slices.SortFunc(o.blips, time.Time.Compare)
	d.populate(o, epoch, number, horizon)
	return o
}

// route is a random route; no channel stands in two lanes, but a channel may come again in its own.
func (d dice) route(kind engine.Kind) (route engine.Route) {
	var channels []engine.ChannelName
	for _, ch := range engine.ChannelNames() {
		if engine.Allowed(kind, ch) {
			channels = append(channels, ch)
		}
	}
	d.Shuffle(len(channels), func(i, k int) { channels[i], channels[k] = channels[k], channels[i] })
	for lanes := 1 + d.IntN(3); lanes > 0; lanes-- {
		own := channels[:max(1, len(channels)/lanes)]
		channels = channels[len(own):]
		var lane engine.Lane
		for range 1 + d.IntN(4) {
			step := engine.Step{Channel: pick(d, own...)}
			if d.chance(60) {
				step.Wait = engine.Wait(time.Duration(1+d.IntN(3)) * wholeDay)
				step.Until = engine.Goals{pick(d, engine.Sent, engine.Received, engine.Opened, engine.Opened, engine.Clicked, engine.Paid)}
				if d.chance(30) {
					step.Until = append(step.Until, pick(d, engine.Paid, engine.Opened))
				}
			}
			lane = append(lane, step)
		}
		route.Lanes = append(route.Lanes, lane)
	}
	return route
}

func (d dice) populate(o *order, epoch time.Time, number, horizon int) {
	houses := make([]string, 1+d.IntN(4))
	stops := map[string]engine.Reason{}
	for h := range houses {
		houses[h] = fmt.Sprint("house", number, "-", h)
		o.houses[houses[h]] = d.housePlots()
		if d.chance(10) {
			stops[houses[h]] = pick(d, engine.Listed, engine.Opted)
		}
	}
	most := pick(d, 3, 8, 25)
	if d.chance(3) {
		most = 200 // few enough that nobody judges the sender's reputation
	}
	count := 0
	for range 1 + d.IntN(3) {
		var chunk []*resident
		for range 1 + d.IntN(most) {
			r := d.resident(o, fmt.Sprint(number, "-", count), pick(d, houses...))
			if reason, stopped := stops[r.who.House]; stopped {
				r.stops[engine.HouseChat] = reason
			}
			d.life(o, r, epoch, horizon)
			chunk = append(chunk, r)
			count++
		}
		o.chunks = append(o.chunks, chunk)
	}
}

func (d dice) resident(o *order, name, house string) *resident {
	r := &resident{shared: o, parts: 1 + d.IntN(2), agreed: d.chance(70), capped: d.chance(15), stops: map[engine.ChannelName]engine.Reason{}}
	amount := engine.Money(100 * r.parts)
	r.who = engine.Recipient{
		Account: "A" + name, House: house, DocumentID: "D" + name, Period: "2000-01", Amount: &amount,
		Timezone: pick(d, "", "", "UTC", "Etc/GMT-6", "Etc/GMT-9"), Delivery: pick(d, "", "", engine.Electronic, engine.OnPaper, engine.Both),
	}
	if d.chance(80) {
		r.who.Email = name + "@example.ru"
	}
	if d.chance(80) {
		r.who.VKID = d.Int64N(1<<40) + 1
	}
	if d.chance(80) {
		r.who.GISAccount = "g" + name
	}
	// Who comes first in a house posts for all: what differs between neighbours must not matter to that.
	if unable := d.chance(5); unable || r.capped {
		r.who.House = ""
		if unable {
			r.who.Name = unwritable
		}
	} else if d.chance(15) {
		r.who.House = ""
	}
	for _, ch := range []engine.ChannelName{engine.Gosuslugi, engine.Email, engine.VK, engine.Paper} {
		if d.chance(4) {
			r.stops[ch] = pick(d, engine.Opted, engine.PreviousBounce, engine.Objected, engine.Listed, engine.Unreminded)
		}
	}
	for _, lane := range o.campaign.Route.Lanes {
		plots := make([]plot, len(lane))
		for s, step := range lane {
			first := slices.IndexFunc(lane, func(other engine.Step) bool { return other.Channel == step.Channel }) == s
			plots[s] = d.plot(o, step.Channel, first)
		}
		r.plots = append(r.plots, plots)
	}
	return r
}

// plot is what a channel does with a message. What is known while the message is handed over ends other lanes in a race, so that it happens
// in routes of one lane only; and once over each channel.
func (d dice) plot(o *order, ch engine.ChannelName, first bool) (p plot) {
	rings := o.quiet && (ch == engine.VK || o.campaign.Kind == engine.KindAd)
	switch d.IntN(12) {
	case 0:
		p.fault = engine.BadAddress
	case 1:
		p.temps, p.fault = d.IntN(2), engine.Refused
	case 2:
		p.temps = tries
	case 3:
		p.temps = 1
	case 4:
		p.throttle = true
	case 5:
		p.stall = !rings && d.chance(30) // at night it would begin at another hour
	}
	if ch == engine.Gosuslugi && p.temps < tries && !p.stall && d.chance(70) {
		p.polls = 1 + d.IntN(3)
	}
	if alone := len(o.campaign.Route.Lanes) == 1 && p.fault == engine.NoReason; alone && d.chance(30) {
		p.received = true
	} else if alone && first && d.chance(15) {
		p.early = pick(d, engine.Opened, engine.Bounced, engine.Paid)
	}
	if p.early == engine.Paid && o.campaign.Kind != engine.KindBill && o.campaign.Kind != engine.KindDebt {
		p.early = engine.Clicked
	}
	return p
}

func (d dice) housePlots() []plot {
	plots := make([]plot, 8)
	for s := range plots {
		plots[s] = pick(d, plot{}, plot{}, plot{temps: 1}, plot{temps: tries}, plot{fault: engine.Refused})
	}
	return plots
}

// life is what happens to a recipient from outside: at most one thing at each of its hours.
func (d dice) life(o *order, r *resident, epoch time.Time, horizon int) {
	payable := o.campaign.Kind == engine.KindBill || o.campaign.Kind == engine.KindDebt
	for hour := range 4 {
		if !d.chance(35) {
			continue
		}
		h := happening{at: moment(epoch, 1+d.IntN(horizon+2), hourPersonal+hour), channel: pick(d, engine.Gosuslugi, engine.Email, engine.VK)}
		h.fact = pick(d, engine.Opened, engine.Opened, engine.Clicked, engine.Received, engine.Bounced, engine.Bounced, engine.Complained,
			engine.Unsubscribed, engine.Paid, engine.Paid, withdrawal)
		switch {
		case h.fact == engine.Paid && !payable:
			continue
		case h.fact == engine.Paid:
			h.at = h.at.Add(-wholeDay * time.Duration(d.IntN(2)))
		case h.at.Before(o.start): // facts of a campaign that has not begun
			continue
		case h.fact == engine.Bounced:
			h.reason = pick(d, engine.BadAddress, engine.Refused)
			if within(h.at, o.pause, o.resume) {
				continue // it would set a campaign running again that ended while it was paused
			}
		}
		if h.fact == engine.Paid || h.fact == withdrawal {
			h.channel = engine.NoChannel
		}
		r.happenings = append(r.happenings, h)
	}
	slices.SortFunc(r.happenings, func(a, b happening) int { return a.at.Compare(b.at) })
}
