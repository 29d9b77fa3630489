package gosuslugi

import (
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// The elements of an outage report (importOutageReportRequest, version 13.2.2.0).
type (
	report struct {
		XMLName   xml.Name    `xml:"or:OutageReport"`
		Transport string      `xml:"base:TransportGUID"`
		Place     *reported   `xml:"or:PlacingOutageReport"`
		Edit      *reported   `xml:"or:EditOutageReport"`
		Annul     *annulation `xml:"or:AnnulmentOutageReport"`
	}
	reported struct {
		GUID  string      `xml:"or:OutageReportGUID,omitempty"` // of the report that is edited
		Data  *outageData `xml:"or:OutageReportData"`
		House string      `xml:"or:OutageReportObjects>or:Houses>or:FiasHouseGUID"`
	}
	annulation struct {
		GUID   string `xml:"or:OutageReportGUID"`
		Reason string `xml:"or:AnnulmentReason"`
	}
	outageData struct {
		Kind     reference `xml:"or:OutageKind" json:"kind"`
		Type     string    `xml:"or:OutageType" json:"type"`
		Services []int     `xml:"or:ServiceCodes>or:ServiceCode" json:"services"`
		Start    string    `xml:"or:StartDate" json:"start"`
		End      string    `xml:"or:EndDate,omitempty" json:"end,omitempty"`
		Reason   reference `xml:"or:OutageReason" json:"reason"`
		Words    string    `xml:"or:OutageReasonText,omitempty" json:"words,omitempty"`
		More     string    `xml:"or:AdditionalInfo,omitempty" json:"more,omitempty"`
	}
)

// utilities are the services an outage can be of, by what their names have in them, and their codes (ServiceCodeType of the schema).
var utilities = []struct {
	word string
	code int
}{
	{"холодн", 1}, {"хвс", 1}, {"горяч", 2}, {"гвс", 2}, {"водоотвед", 3}, {"канализ", 3}, {"электр", 4}, {"свет", 4}, {"газ", 5}, {"отоплен", 6}, {"тепл", 6},
	{"отход", 7}, {"мусор", 7}, {"тко", 7},
}

// servicesOf gives the codes of the services that a text names.
func servicesOf(text string) (codes []int) {
	for _, u := range utilities {
		if strings.Contains(plain(text), u.word) && !slices.Contains(codes, u.code) {
			codes = append(codes, u.code)
		}
	}
	return codes
}

// The entries that a planned outage refers to: kind 1 is planned (the only kind that is taken), reason 3 is any other, told in words.
const (
	plannedCode = "1"
	otherCode   = "3"
)

// The longest texts, in characters.
const (
	mostWords     = 3000
	mostMore      = 5000
	mostAnnulment = 1000
)

// outage makes what a report tells; false when the format cannot tell of it: a service it does not know, or a registry without what is needed.
// What is not told anew is as before.
func (t telling) outage(known registries, before *outageData) (*outageData, bool) {
	d := outageData{Type: "PAUSE"}
	if before != nil {
		d = *before
	}
	if services := servicesOf(t.Service); services != nil {
		d.Services = services
	}
	if kind, there := known.coded(outageKinds, plannedCode); there {
		d.Kind = kind.reference
	}
	if t.Reason != "" {
		reason, there := known.named(outageReasons, t.Reason)
		if !there {
			reason, _ = known.coded(outageReasons, otherCode)
		}
		d.Reason, d.Words = reason.reference, cut(t.Reason, mostWords)
	}
	from, err := time.Parse(time.RFC3339, t.From)
	if err == nil {
		d.Start = from.Format(time.RFC3339)
	}
	d.End = ""
	if to, err := time.Parse(time.RFC3339, t.To); err == nil && to.After(from) {
		d.End = to.Format(time.RFC3339)
	}
	if t.Phone != "" {
		d.More = cut("Телефон для справок: "+t.Phone, mostMore)
	}
	return &d, len(d.Services) > 0 && d.Kind.GUID != "" && d.Reason.GUID != "" && d.Start != "" && d.Words != ""
}

// reported reports whether a story is one for a report, should the format be able to tell it: a planned outage, or what follows a report.
func (s *story) reported(now time.Time) bool {
	return s.kind == engine.KindOutage && (s.before() != nil || s.planned(now))
}

// before is the report that the story follows; nil if there is none.
func (s *story) before() *event {
	if s.earlier == nil || s.earlier.Report == nil {
		return nil
	}
	return s.earlier
}

// report makes the report of a story, new or in the place of the one it follows; nil when it has to be told by news.
func (s *story) report(known registries, now time.Time) *notice {
	before := s.before()
	e := s.event()
	n := &notice{of: s.of, event: e}
	r := report{Transport: s.id}
	switch {
	case before != nil && s.over:
		s.end(e, &r, before, now)
	case before != nil:
		data, ok := s.outage(known, before.Report)
		if !ok {
			return nil
		}
		e.Deed, e.Report, r.Edit = edited, data, &reported{before.GUID, data, s.house}
	case s.planned(now):
		data, ok := s.outage(known, nil)
		if !ok {
			return nil
		}
		e.Deed, e.Report, r.Place = placed, data, &reported{"", data, s.house}
	default:
		return nil
	}
	if before != nil {
		e.Follows, e.Was = before.id, before.GUID
	}
	n.elements = []any{r}
	return n
}

// end puts an end to an earlier report. An outage that has not begun is annulled, one that has keeps its place with the time it really ended.
func (s *story) end(e *event, r *report, before *event, now time.Time) {
	ended, err := time.Parse(time.RFC3339, s.At)
	if err != nil || ended.After(now) {
		ended = now
	}
	if start, err := time.Parse(time.RFC3339, before.Report.Start); err == nil && ended.After(start) {
		data := *before.Report
		data.End = ended.Format(time.RFC3339)
		e.Deed, e.Report, r.Edit = edited, &data, &reported{before.GUID, &data, s.house}
		return
	}
	why := s.Reason
	if why == "" {
		why = s.msg.Content.Text
	}
	e.Deed, r.Annul = annulled, &annulation{before.GUID, cut(why, mostAnnulment)}
}
