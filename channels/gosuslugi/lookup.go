package gosuslugi

import (
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// Outage reports of which nobody knows whether they were taken are looked for (exportOutageReport) before they are sent again.

// reportResult is an outage report as ГИС ЖКХ has it (OutageReport of ExportOutageReportResult).
type reportResult struct {
	GUID     string   `xml:"OutageReportData>OutageReportGUID"`
	Services []int    `xml:"OutageReportData>ServiceCodes>ServiceCode"`
	Start    string   `xml:"OutageReportData>StartDate"`
	End      string   `xml:"OutageReportData>EndDate"`
	Reason   string   `xml:"OutageReportData>OutageReason>Code"`
	Words    string   `xml:"OutageReportData>OutageReasonText"`
	Status   string   `xml:"OutageReportData>Status"`
	Houses   []string `xml:"OutageReportObjects>Houses>FiasHouseGUID"`
}

// wantReports is exportOutageReportRequest, version 13.2.2.0. Both periods have to be there, and may be open.
type wantReports struct {
	XMLName xml.Name   `xml:"or:exportOutageReportRequest"`
	Attrs   []xml.Attr `xml:",any,attr"`
	From    string     `xml:"or:ExportCriteria>or:OutagePeriod>base:startDate,omitempty"`
	To      string     `xml:"or:ExportCriteria>or:OutagePeriod>base:endDate,omitempty"`
	Placed  string     `xml:"or:ExportCriteria>or:OutageReportPlacingPeriod>base:startDate"`
	House   string     `xml:"or:ExportCriteria>or:OutageReportObject>or:Houses>or:FiasHouseGUID"`
}

// seekReport asks for the reports of the house of an event; Confirm hears whether it is among them. A house has far fewer than the thousand
// of a page.
func (v *visit) seekReport(who int, e *event) {
	want := wantReports{Attrs: head("", "13.2.2.0", "or").Attr, House: e.House}
	since := v.cfg.now()
	if e.Report != nil {
		if start, err := time.Parse(time.RFC3339, e.Report.Start); err == nil {
			want.From, want.To = start.AddDate(0, 0, -1).Format(time.DateOnly), start.AddDate(0, 0, 1).Format(time.DateOnly)
		}
	}
	want.Placed = since.Add(-eventAge).Format(time.DateOnly)
	answer, failed := v.post(v.ctx, v.office, outages, "exportOutageReport", func(to *xml.Encoder) error { return to.Encode(want) })
	if failed == nil && answer.Body.Ack == nil {
		failed = strange(200)
	}
	if failed != nil {
		v.fail([]int{who}, failed.Fault)
		return
	}
	v.later([]int{who}, receipt(soughtReport, answer.Body.Ack.MessageGUID, e.id))
}

// is reports whether a report is what an event wanted to be.
func (e *event) is(r reportResult) bool {
	if e.Was != "" && !strings.EqualFold(r.GUID, e.Was) || !slices.ContainsFunc(r.Houses, func(house string) bool { return strings.EqualFold(house, e.House) }) {
		return false
	}
	if e.Deed == annulled {
		return r.Status == "CANCELLED"
	}
	d := e.Report
	return d != nil && r.Status == "PUBLISHED" && same(r.Start, d.Start) && same(r.End, d.End) && r.Reason == d.Reason.Code && r.Words == d.Words &&
		slices.Equal(slices.Sorted(slices.Values(r.Services)), slices.Sorted(slices.Values(d.Services)))
}

// same reports whether two texts name one moment, or none.
func same(a, b string) bool {
	x, wrong := time.Parse(time.RFC3339, a)
	y, err := time.Parse(time.RFC3339, b)
	return wrong == nil && err == nil && x.Equal(y) || a == "" && b == ""
}

// among gives the GUID of the event among what was found; empty if it is not there.
func (e *event) among(state *stateResult) string {
	for _, r := range state.Reports {
		if e.Meeting == "" && e.is(r) {
			return r.GUID
		}
	}
	for _, m := range state.Meetings {
		if e.Meeting != "" && m.Status != "Cancelled" && m.print() == e.Meeting {
			return m.GUID
		}
	}
	return ""
}

// foundEvent reads whether the notice that was looked for is there. If not, nobody doubts any more that it is to be sent.
func (q question) foundEvent(state *stateResult, id string) {
	if state.Error != nil && ruleOf(state.Error.Code).code != "INT002012" {
		q.each(engine.Result{Fault: refused(state.Error.Code).Fault})
		return
	}
	events, err := q.events(q.ctx, q.office, []string{id})
	if err != nil {
		q.wait()
		return
	}
	e := events[id]
	if e == nil {
		q.each(again())
		return
	}
	if e.GUID = e.among(state); e.GUID == "" {
		q.retract(q.ctx, q.office, []string{id})
		q.each(again())
		return
	}
	if q.enter(q.ctx, q.office, []*event{e}) != nil {
		q.wait()
		return
	}
	q.each(engine.Result{ID: e.GUID, Received: true})
}
