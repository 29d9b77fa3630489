package gosuslugi

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vestnik/engine"
)

// Payments as ГИС ЖКХ tells of them (извещение о принятии к исполнению распоряжения, NotificationOfOrderExecutionWithStatus).

// orderPrefix begins the references of payments that came from ГИС ЖКХ; the OrderID follows.
const orderPrefix = "gis:"

// FromGIS reports whether a payment came from ГИС ЖКХ: it is never reported back there.
func FromGIS(p engine.Payment) bool { return strings.HasPrefix(p.Reference, orderPrefix) }

// takenBack is the AckStatus of a payment that was taken back. Of the others (0 new, 2 matched, 3 partly, 4 for the time being, 5 impossible) the money
// has come in: whether ГИС ЖКХ has matched it with a document is no concern of ours.
const takenBack = "1"

var (
	allStatuses      = []string{"0", takenBack, "2", "3", "4", "5"}
	annulledStatuses = []string{takenBack}
)

// moscow is the zone in which ГИС ЖКХ counts days.
var moscow = time.FixedZone("MSK", 3*60*60)

// remittance is one payment.
type remittance struct {
	ID       string `xml:"OrderInfo>OrderID"`
	Date     string `xml:"OrderInfo>OrderDate"`
	Kopecks  string `xml:"OrderInfo>Amount"`
	Document string `xml:"OrderInfo>PaymentDocumentID"`
	Account  string `xml:"OrderInfo>AccountNumber"`
	Year     int    `xml:"OrderInfo>Year"`
	Month    int    `xml:"OrderInfo>Month"`
	Status   string `xml:"AckStatus"`
	Created  string `xml:"CreationDate"`
}

var errOrder = errors.New("a payment names neither a document nor an account and a month, or has no sum or date")

// payment is what a remittance is to us. It was made at the time when ГИС ЖКХ got it, on the day it was made.
func (o remittance) payment() (engine.Payment, error) {
	p := engine.Payment{Reference: orderPrefix + o.ID, DocumentID: o.Document, Account: o.Account}
	if o.Year > 0 && o.Month > 0 {
		p.Period = fmt.Sprintf("%04d-%02d", o.Year, o.Month)
	}
	if p.Account == "" || p.Period == "" {
		p.Account, p.Period = "", ""
	}
	kopecks, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(o.Kopecks), "."), 10, 64)
	day, bad := time.ParseInLocation(time.DateOnly, o.Date[:min(len(o.Date), len(time.DateOnly))], moscow)
	if o.ID == "" || err != nil || bad != nil || kopecks <= 0 || p.DocumentID == "" && p.Account == "" {
		return p, errOrder
	}
	p.Amount, p.PaidAt = engine.Money(kopecks), day
	if at, err := time.Parse(time.RFC3339, o.Created); err == nil && at.After(day) {
		p.PaidAt = at
		if end := day.AddDate(0, 0, 1).Add(-time.Second); at.After(end) {
			p.PaidAt = end
		}
	}
	return p, nil
}

// stretch is some days in a row that payments are asked for.
type stretch struct {
	From     string `json:"from"` // the first, YYYY-MM-DD
	Days     int    `json:"days"` // 1 to mostDays
	Annulled bool   `json:"annulled,omitempty"`
}

// What one request may ask for, by the schemas: so many days, and so many payments a page.
const (
	mostDays = 7
	pageSize = 500
)

// stretches covers the days from…to.
func stretches(from, to time.Time, annulled bool) (list []stretch) {
	for !from.After(to) {
		days := min(mostDays, int(to.Sub(from).Hours()/24)+1)
		list = append(list, stretch{From: from.Format(time.DateOnly), Days: days, Annulled: annulled})
		from = from.AddDate(0, 0, days)
	}
	return list
}

// request writes the question for a page of a stretch (exportNotificationsOfOrderExecutionPaginal).
func (s stretch) request(after string) body {
	return func(to *xml.Encoder) error {
		statuses := allStatuses
		if s.Annulled {
			statuses = annulledStatuses
		}
		return to.EncodeElement(struct {
			Criteria struct {
				Days     int      `xml:"bills:DaysInterval"`
				Statuses []string `xml:"bills:AckStatus"`
				From     string   `xml:"bills:DateFrom"`
			} `xml:"bills:Notifications"`
			After string `xml:"bills:ExportNotificationsOfOrderExecutionGUID,omitempty"`
			Size  int    `xml:"bills:PageSize"`
		}{
			Criteria: struct {
				Days     int      `xml:"bills:DaysInterval"`
				Statuses []string `xml:"bills:AckStatus"`
				From     string   `xml:"bills:DateFrom"`
			}{s.Days, statuses, s.From}, After: after, Size: pageSize,
		}, head("bills:exportNotificationsOfOrderExecutionPaginalRequest", "13.1.8.1", "bills"))
	}
}
