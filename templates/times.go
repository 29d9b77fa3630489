package templates

import (
	"strings"
	"time"
)

// time fills the span a message is about and whose time it is told in.
func (pg *page) time(home string, zone *time.Location) {
	s := &pg.spell
	same := s.zone == zone && s.home == home
	for k, i := range pg.template.times {
		if raw, _ := pg.data[i].str(); s.raw[k] != raw {
			s.raw[k], same = strings.Clone(raw), false // a part of the vars would keep all of them
		}
	}
	if !same {
		s.zone, s.home = zone, home
		s.when, s.hint = pg.tellTime(zone, home)
	}
	pg.slots[slotWhen], pg.slots[slotZone] = s.when, s.hint
}

// tellTime gives the span and the hint whose time it is; the hint is of the first time there is when there is no span.
func (pg *page) tellTime(zone *time.Location, home string) (when, hint string) {
	begin, end := pg.raw("from"), pg.raw("to")
	if begin == "" {
		begin, end = pg.raw("starts_at"), pg.raw("ends_at")
	}
	from, ok := parseTime(begin)
	to, _ := parseTime(end)
	if ok {
		from = from.In(zone)
		when = Span(from, to)
	} else if from, ok = pg.firstTime(); !ok {
		return "", ""
	}
	_, offset := from.In(zone).Zone()
	if home := pg.template.zones.named(home); home != nil {
		if _, usual := from.In(home).Zone(); usual == offset {
			return when, "" // the provider's own people read it: everybody knows whose time that is
		}
	}
	return when, ZoneHint(from.In(zone))
}

func (pg *page) firstTime() (time.Time, bool) {
	for i, v := range pg.template.variables {
		if v.Type != TypeTime && v.Type != TypeMoment {
			continue
		}
		s, _ := pg.data[i].str()
		if t, ok := parseTime(s); ok {
			return t, true
		}
	}
	return time.Time{}, false
}
