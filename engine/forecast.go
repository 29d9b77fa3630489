package engine

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Forecast is what would become of a campaign if it began now, or at its SendAt: a dry run. Nothing is written and nobody is asked but the
// stores.
type Forecast struct {
	Recipients  int64             `json:"recipients"`
	Channels    []ChannelForecast `json:"channels"`    // in the order of the route, each once
	Unreachable []Unreachable     `json:"unreachable"` // the reasons why some would be reached by no lane
	Examples    []Unreached       `json:"examples"`    // up to a hundred of them
	Begins      time.Time         `json:"begins"`
	Ends        time.Time         `json:"ends"` // at the latest, if no goal is met early and no channel fails
}

// ChannelForecast is how many a channel would write to.
type ChannelForecast struct {
	Channel ChannelName `json:"channel"`
	On      bool        `json:"on"`    // the channel is configured
	First   int64       `json:"first"` // whom it would be the first in a lane to write to
	Later   int64       `json:"later"` // whom it could write to if what stands before it in the lane does not reach its goal
}

// Unreachable is how many no lane could reach, and why.
type Unreachable struct {
	Reason     Reason `json:"reason"`
	Recipients int64  `json:"recipients"`
}

// Unreached is one of them.
type Unreached struct {
	Account string `json:"account"`
	Reason  Reason `json:"reason"`
}

const mostExamples = 100

// forecaster adds up a forecast chunk by chunk.
type forecaster struct {
	engine   *Engine
	campaign Campaign
	provider Provider
	channels map[ChannelName]*ChannelForecast
	reasons  map[Reason]int64
	examples []Unreached
	quiet    time.Time // when the last of them wakes up
}

// Forecast makes a dry run of a campaign.
func (e *Engine) Forecast(ctx context.Context, c Campaign) (Forecast, error) {
	provider, err := e.Stores.Registry.Provider(ctx, c.Provider)
	if err != nil {
		return Forecast{}, fmt.Errorf("read provider %s: %w", c.Provider, err)
	}
	size, err := e.Stores.Audience.Size(ctx, c.ID)
	if err != nil {
		return Forecast{}, fmt.Errorf("read the audience's size: %w", err)
	}
	f := &forecaster{engine: e, campaign: c, provider: provider, channels: map[ChannelName]*ChannelForecast{}, reasons: map[Reason]int64{}}
	for _, ch := range c.Route.Channels() {
		f.channels[ch] = &ChannelForecast{Channel: ch, On: e.configured(c, provider, ch)}
	}
	begins := later(c.SendAt, time.Now()).Truncate(time.Second)
	for chunk := range size.Chunks {
		if err := f.add(ctx, chunk, begins); err != nil {
			return Forecast{}, err
		}
	}
	return f.sum(size.Recipients, begins), nil
}

func (f *forecaster) add(ctx context.Context, chunk int, begins time.Time) error {
	people, err := f.engine.Stores.Audience.Chunk(ctx, f.campaign.ID, chunk)
	if err != nil {
		return fmt.Errorf("read chunk %d: %w", chunk, err)
	}
	barriers := map[ChannelName][]Reason{}
	for ch := range f.channels {
		if barriers[ch], err = f.barriers(ctx, people, ch); err != nil {
			return err
		}
	}
	for i := range people {
		why, reached := NoAddress, false
		for _, lane := range f.campaign.Route.Lanes {
			count := func(c *ChannelForecast) *int64 { return &c.First }
			for _, step := range lane {
				if reason := barriers[step.Channel][i]; reason != NoReason {
					if why == NoAddress {
						why = reason
					}
					continue
				}
				*count(f.channels[step.Channel])++
				count, reached = func(c *ChannelForecast) *int64 { return &c.Later }, true
				quiet := quietFor(f.campaign, f.provider, step.Channel)
				f.quiet = later(f.quiet, quiet.Ends(begins, people[i].Zone(f.provider)))
			}
		}
		if reached {
			continue
		}
		f.reasons[why]++
		if len(f.examples) < mostExamples {
			f.examples = append(f.examples, Unreached{people[i].Account, why})
		}
	}
	return nil
}

// barriers tells for each of the people why the channel would not write to them.
func (f *forecaster) barriers(ctx context.Context, people []Recipient, ch ChannelName) ([]Reason, error) {
	reasons := make([]Reason, len(people))
	r := &run{campaign: f.campaign, provider: f.provider, lane: Lane{{Channel: ch}}, people: people, verdicts: make([]verdict, len(people))}
	who := make([]int, len(people))
	for i := range who {
		who[i] = i
	}
	left, err := f.engine.hush(ctx, r, who)
	if err != nil {
		return nil, err
	}
	for i, v := range r.verdicts {
		if reasons[i] = v.reason; v.what == skipped && v.reason == NoReason {
			reasons[i] = NoAddress
		}
	}
	return reasons, f.reach(ctx, ch, people, left, reasons)
}

// reach gives reasons to those of the people who are left whom the channel knows that it cannot reach.
func (f *forecaster) reach(ctx context.Context, ch ChannelName, people []Recipient, left []int, reasons []Reason) error {
	knows, able := f.engine.Channels[ch].(Reacher)
	if !able || len(left) == 0 {
		return nil
	}
	list := make([]Recipient, len(left))
	for k, i := range left {
		list[k] = people[i]
	}
	why, err := knows.Reaches(ctx, f.provider, list)
	if err != nil {
		return fmt.Errorf("ask channel %s whom it reaches: %w", ch, err)
	}
	for k, i := range left {
		if k < len(why) {
			reasons[i] = why[k]
		}
	}
	return nil
}

func (f *forecaster) sum(recipients int64, begins time.Time) Forecast {
	forecast := Forecast{Recipients: recipients, Examples: f.examples, Begins: begins}
	for _, ch := range f.campaign.Route.Channels() {
		forecast.Channels = append(forecast.Channels, *f.channels[ch])
	}
	for _, reason := range reasons {
		if n := f.reasons[reason]; n > 0 {
			forecast.Unreachable = append(forecast.Unreachable, Unreachable{reason, n})
		}
	}
	forecast.Ends = later(f.quiet, begins).Add(f.sending(begins) + f.waiting())
	if expires := f.campaign.ExpiresAt; !expires.IsZero() && forecast.Ends.After(expires) {
		forecast.Ends = expires
	}
	return forecast
}

// sending is how long it takes at the rates and quotas it is bound to, if every channel writes to everybody it could.
func (f *forecaster) sending(begins time.Time) (slowest time.Duration) {
	var all int64
	for ch, c := range f.channels {
		n := c.First + c.Later
		all += n
		own := cmp.Or(f.provider.number(string(ch)+"."+SettingPerSecond), f.engine.limitsOfSender(ch).PerSecond)
		for _, perSecond := range []int{f.engine.Limits[ch].PerSecond, own} {
			if perSecond > 0 {
				slowest = max(slowest, time.Duration(n)*time.Second/time.Duration(perSecond))
			}
		}
	}
	if f.campaign.Urgent {
		return slowest
	}
	if n := f.provider.number(SettingPerMinute); n > 0 {
		slowest = max(slowest, time.Duration(all)*time.Minute/time.Duration(n))
	}
	if n := int64(f.provider.number(SettingPerDay)); n > 0 && all > n {
		local := begins.In((&Recipient{}).Zone(f.provider))
		last := time.Date(local.Year(), local.Month(), local.Day()+int((all-1)/n), 0, 0, 0, 0, local.Location())
		slowest = max(slowest, last.Sub(begins))
	}
	return slowest
}

// waiting is the longest that a lane waits for its goals.
func (f *forecaster) waiting() (longest time.Duration) {
	for _, lane := range f.campaign.Route.Lanes {
		var sum time.Duration
		for _, step := range lane[:len(lane)-1] {
			if f.channels[step.Channel].First+f.channels[step.Channel].Later > 0 {
				sum += time.Duration(step.Wait)
			}
		}
		longest = max(longest, sum)
	}
	return longest
}
