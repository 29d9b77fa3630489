package engine

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Limits bounds what is sent over a channel. What is zero is not bounded.
type Limits struct {
	PerSecond  int // messages
	Concurrent int // batches in the channel's hands at the same time
}

// The provider's settings with numbers that bound its sending. SettingPerSecond and SettingConcurrent are to follow a channel's name and a
// point: "email.per_second".
const (
	SettingPerMinute  = "quota.per_minute" // messages over all channels; urgent ones are exempt
	SettingPerDay     = "quota.per_day"    // likewise, from midnight to midnight in the provider's zone
	SettingPerSecond  = "per_second"
	SettingConcurrent = "concurrent"
	SettingFrequency  = "ads.frequency" // see ParseFrequency
)

// SettingTracking, set to TrackingOff, is a provider's wish that its messages are not followed: no picture tells that they were opened, and links
// lead straight to where they lead. What is waited for then shows by payments and reports alone.
const (
	SettingTracking = "tracking"
	TrackingOn      = "on" // or not set
	TrackingOff     = "off"
)

// limit is so many messages in the window of time that ends at End.
type limit struct {
	name  string // of the counter, the same in all workers
	count int
	end   time.Time
	hold  Hold // why what is beyond it waits
}

// rateWindow is how long the windows are in which a rate is counted: long enough for a whole batch if that takes no more than ten seconds,
// so that a slow channel does not tear batches into crumbs.
func rateWindow(perSecond int) time.Duration {
	return time.Duration(min(10, max(1, (ChunkSize+perSecond-1)/perSecond))) * time.Second
}

// rate is the limit of a rate at now.
func rate(name string, perSecond int, now time.Time) limit {
	window := rateWindow(perSecond)
	return limit{name, perSecond * int(window/time.Second), now.Truncate(window).Add(window), HeldPace}
}

// limitsOf lists every limit that messages of the campaign over the channel are under at now: those of the channel as a whole, and those that
// each sender is under unless its settings say otherwise. The narrowest windows come last, so that little has to be given back.
func limitsOf(c Campaign, p Provider, ch ChannelName, channel, sender Limits, now time.Time) (list []limit) {
	id := string(p.ID)
	if !c.Urgent {
		if n := p.number(SettingPerDay); n > 0 {
			local := now.In((&Recipient{}).Zone(p))
			midnight := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, local.Location())
			list = append(list, limit{"day/" + id, n, midnight, HeldQuota})
		}
		if n := p.number(SettingPerMinute); n > 0 {
			list = append(list, limit{"minute/" + id, n, now.Truncate(time.Minute).Add(time.Minute), HeldQuota})
		}
	}
	if channel.PerSecond > 0 {
		list = append(list, rate("rate/"+string(ch), channel.PerSecond, now))
	}
	if n := cmp.Or(p.number(string(ch)+"."+SettingPerSecond), sender.PerSecond); n > 0 {
		list = append(list, rate("rate/"+string(ch)+"/"+id, n, now))
	}
	return list
}

// room is a place with room for so many batches.
type room struct {
	name string
	most int
}

// roomsOf lists the rooms that a batch of the provider must be in while the channel has it.
func roomsOf(p Provider, ch ChannelName, channel, sender Limits) (list []room) {
	if channel.Concurrent > 0 {
		list = append(list, room{"room/" + string(ch), channel.Concurrent})
	}
	if n := cmp.Or(p.number(string(ch)+"."+SettingConcurrent), sender.Concurrent); n > 0 {
		list = append(list, room{"room/" + string(ch) + "/" + string(p.ID), n})
	}
	return list
}

// number reads a setting that is a count; 0 when it is not set.
func (p Provider) number(key string) int {
	n, err := strconv.Atoi(p.Setting(key))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// ParseFrequency reads how many campaigns of ads an account may get in how many days: "2/7d". Empty is without bounds: zeros.
func ParseFrequency(text string) (most, days int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	count, span, both := strings.Cut(strings.TrimSuffix(text, "d"), "/")
	most, errMost := strconv.Atoi(count)
	days, errDays := strconv.Atoi(span)
	if !both || errMost != nil || errDays != nil || most < 1 || days < 1 || days > 31 {
		return 0, 0, fmt.Errorf(`a frequency is written like "2/7d", for up to 31 days, not %q`, text)
	}
	return most, days, nil
}
