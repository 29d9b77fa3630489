package gosuslugi

import (
	"encoding/xml"
	"strings"
	"time"
)

// The elements of an outage report (importOutageReportRequest, version 13.2.2.0).
type report struct {
	XMLName   xml.Name  `xml:"or:OutageReport"`
	Transport string    `xml:"base:TransportGUID"`
	Kind      reference `xml:"or:PlacingOutageReport>or:OutageReportData>or:OutageKind"`
	Type      string    `xml:"or:PlacingOutageReport>or:OutageReportData>or:OutageType"`
	Services  []int     `xml:"or:PlacingOutageReport>or:OutageReportData>or:ServiceCodes>or:ServiceCode"`
	Start     string    `xml:"or:PlacingOutageReport>or:OutageReportData>or:StartDate"`
	End       string    `xml:"or:PlacingOutageReport>or:OutageReportData>or:EndDate,omitempty"`
	Reason    reference `xml:"or:PlacingOutageReport>or:OutageReportData>or:OutageReason"`
	Words     string    `xml:"or:PlacingOutageReport>or:OutageReportData>or:OutageReasonText,omitempty"`
	More      string    `xml:"or:PlacingOutageReport>or:OutageReportData>or:AdditionalInfo,omitempty"`
	House     string    `xml:"or:PlacingOutageReport>or:OutageReportObjects>or:Houses>or:FiasHouseGUID"`
}

// utilities are the services an outage can be of, by what their names have in them, and their codes (ServiceCodeType of the schema).
var utilities = []struct {
	word string
	code int
}{
	{"холодн", 1}, {"хвс", 1}, {"горяч", 2}, {"гвс", 2}, {"водоотвед", 3}, {"канализ", 3}, {"электр", 4}, {"свет", 4}, {"газ", 5}, {"отоплен", 6}, {"тепл", 6},
	{"отход", 7}, {"мусор", 7}, {"тко", 7},
}

// The entries that a planned outage refers to: kind 1 is planned (the only kind that is taken), reason 3 is any other, told in words.
const (
	plannedCode = "1"
	otherCode   = "3"
)

// report makes the report; false when the format cannot tell of it: a service it does not know, or a registry without what is needed.
func (t telling) report(transport, house string, known registries) (r report, ok bool) {
	seen := map[int]bool{}
	for _, u := range utilities {
		if strings.Contains(plain(t.Service), u.word) && !seen[u.code] {
			seen[u.code] = true
			r.Services = append(r.Services, u.code)
		}
	}
	kind, isKind := known.coded(outageKinds, plannedCode)
	reason, isReason := known.named(outageReasons, t.Reason)
	if !isReason {
		reason, isReason = known.coded(outageReasons, otherCode)
	}
	from, err := time.Parse(time.RFC3339, t.From)
	if len(r.Services) == 0 || !isKind || !isReason || err != nil || t.Reason == "" {
		return report{}, false
	}
	r.Transport, r.House, r.Kind, r.Reason, r.Type = transport, house, kind.reference, reason.reference, "PAUSE"
	r.Start, r.Words = from.Format(time.RFC3339), cut(t.Reason, 3000)
	if to, err := time.Parse(time.RFC3339, t.To); err == nil && to.After(from) {
		r.End = to.Format(time.RFC3339)
	}
	if t.Phone != "" {
		r.More = cut("Телефон для справок: "+t.Phone, 5000)
	}
	return r, true
}
