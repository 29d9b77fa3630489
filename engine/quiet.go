package engine

import (
	"fmt"
	"strings"
	"time"
)

// Quiet is the part of the day in which residents are left in peace: from one time of day to another, usually over midnight. The zero Quiet
// is never.
type Quiet struct{ from, to time.Duration } // since midnight

// usualQuiet are the quiet hours of a provider that has set none: 21:00 to 09:00.
var usualQuiet = Quiet{21 * time.Hour, 9 * time.Hour}

// SettingQuiet is the provider's setting with its quiet hours; see ParseQuiet.
const SettingQuiet = "quiet_hours"

// ParseQuiet reads quiet hours: "21:00-09:00", or "off" for none. Empty are the usual ones, 21:00-09:00.
func ParseQuiet(text string) (Quiet, error) {
	switch text {
	case "":
		return usualQuiet, nil
	case "off":
		return Quiet{}, nil
	}
	from, to, both := strings.Cut(text, "-")
	begin, errFrom := time.Parse("15:04", from)
	end, errTo := time.Parse("15:04", to)
	if !both || errFrom != nil || errTo != nil || begin.Equal(end) {
		return Quiet{}, fmt.Errorf(`quiet hours are written like "21:00-09:00" or "off", not %q`, text)
	}
	midnight := begin.Truncate(24 * time.Hour)
	return Quiet{begin.Sub(midnight), end.Sub(midnight)}, nil
}

// Ends tells when the quiet that reigns at now in the zone ends; the zero time if there is none. Times of day are those of the clock on the
// wall: on the days when it is set forward or back, the quiet is an hour shorter or longer.
func (q Quiet) Ends(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
		time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	overnight := q.from > q.to
	switch {
	case q == Quiet{}, !overnight && (clock < q.from || clock >= q.to), overnight && clock < q.from && clock >= q.to:
		return time.Time{}
	case overnight && clock >= q.from:
		clock -= 24 * time.Hour
	}
	end := local.Add(q.to - clock)
	// Where the clock was set meanwhile, what has gone by is not what it shows. A time of day that it leaves out comes an hour later.
	_, before := local.Zone()
	_, after := end.Zone()
	shifted := end.Add(time.Duration(before-after) * time.Second)
	if _, then := shifted.Zone(); then == after {
		return shifted
	}
	return end
}

// quietFor gives the quiet hours that hold for a campaign of the provider over the channel. Ads are quiet everywhere; service messages where
// a message rings: VK and house chats. A mail and the cabinet wait silently until they are read. An urgent outage wakes people up. Quiet
// hours that cannot be read are the usual ones: rather too late than at night.
func quietFor(c Campaign, p Provider, ch ChannelName) Quiet {
	if c.Urgent && c.Kind == KindOutage || c.Kind != KindAd && ch != VK && ch != HouseChat {
		return Quiet{}
	}
	quiet, err := ParseQuiet(p.Setting(SettingQuiet))
	if err != nil {
		return usualQuiet
	}
	return quiet
}
