package gistest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Order is a payment that ГИС ЖКХ knows of (извещение о принятии к исполнению распоряжения).
type Order struct {
	ID       string    // OrderID; empty: one is made
	Document string    // PaymentDocumentID
	Account  string    // AccountNumber, where the payer named no document, with Year and Month
	Year     int       //
	Month    int       //
	Kopecks  int64     //
	Paid     time.Time // its day counts, in Moscow; zero: now
	Created  time.Time // when ГИС ЖКХ got it; zero: now
	Status   int       // AckStatus: 0 new, 1 annulled, 2 matched…
	Acceptor string    // orgPPAGUID of who took the money; empty: a bank
	GUID     string    // NotificationsOfOrderExecutionGUID, made by the server
}

// bank is an acceptor of payments.
const bank = "bababaab-baba-4aba-8aba-babababababa"

// Pay has a resident pay for what an organization has placed, in Gosuslugi. It gives the OrderID.
func (s *Server) Pay(org string, o Order) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pay(s.orgs[org], o).ID
}

func (s *Server) pay(org *organization, o Order) *Order {
	s.numbers++
	o.GUID, o.ID = guid(), cmp.Or(o.ID, fmt.Sprintf("%s%014d", time.Now().In(moscow).Format("20060102"), s.numbers))
	if o.Created.IsZero() {
		o.Created = time.Now()
	}
	if o.Paid.IsZero() {
		o.Paid = o.Created
	}
	o.Acceptor = cmp.Or(o.Acceptor, bank)
	org.orders = append(org.orders, &o)
	return &o
}

// Annul takes a payment back; it tells whether there is one.
func (s *Server) Annul(org, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.orgs[org].orders, func(o *Order) bool { return o.ID == id })
	if at >= 0 {
		s.orgs[org].orders[at].Status = 1
	}
	return at >= 0
}

// Orders gives the payments of an organization, in the order they came.
func (s *Server) Orders(org string) (list []Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orgs[org].orders {
		list = append(list, *o)
	}
	return list
}

// exportOrders gives payments for a document, or those that came within some days; a request with a PageSize gets them page by page.
func (s *Server) exportOrders(org *organization, body *element) []*element {
	list := org.wanted(body)
	if len(list) == 0 {
		return []*element{errorMessage("INT002012")}
	}
	slices.SortStableFunc(list, func(a, b *Order) int { return cmp.Or(a.Created.Compare(b.Created), compare(a.GUID, b.GUID)) })
	size := len(list)
	if body.name.Local == "exportNotificationsOfOrderExecutionPaginalRequest" {
		if size = 1000; body.child("PageSize").there() {
			size, _ = strconv.Atoi(body.child("PageSize").text)
		}
	}
	from := 0
	if after := body.child("ExportNotificationsOfOrderExecutionGUID").text; after != "" {
		at := slices.IndexFunc(list, func(o *Order) bool { return o.GUID == after })
		if at < 0 {
			return []*element{errorMessage("INT002000")}
		}
		from = max(at+1-s.options.Overlap, 0)
	}
	page := list[from:min(from+size, len(list))]
	result := el(billsSpace, "exportNotificationsOfOrderExecutionResult")
	for _, o := range page {
		result.children = append(result.children, o.export())
	}
	answer := []*element{result}
	if from+size < len(list) {
		answer = append(answer, el(billsSpace, "ExportNotificationsOfOrderExecutionGUID", page[len(page)-1].GUID))
	}
	return answer
}

// wanted are the payments that a request asks for. By which of its days a payment falls into an interval the format does not say; here it is the day on
// which ГИС ЖКХ got it.
func (o *organization) wanted(body *element) (list []*Order) {
	criteria := body.child("Notifications")
	from, _ := time.ParseInLocation(time.DateOnly, criteria.child("DateFrom").text, moscow)
	days, _ := strconv.Atoi(criteria.child("DaysInterval").text)
	statuses := texted(criteria.all("AckStatus"))
	document := body.child("SupplierIDs", "PaymentDocumentID").text
	for _, order := range o.orders {
		within := !order.Created.Before(from) && order.Created.Before(from.AddDate(0, 0, days))
		if document != "" && order.Document == document || document == "" && within && slices.Contains(statuses, strconv.Itoa(order.Status)) {
			list = append(list, order)
		}
	}
	return list
}

func (o *Order) export() *element {
	var document, account *element
	var period []*element
	if o.Document != "" {
		document = el(bbSpace, "PaymentDocumentID", o.Document)
	}
	if o.Account != "" {
		account = el(pbSpace, "AccountNumber", o.Account)
	}
	if o.Month != 0 {
		period = []*element{el(baseSpace, "Year", strconv.Itoa(o.Year)), el(baseSpace, "Month", strconv.Itoa(o.Month))}
	}
	return el(billsSpace, "NotificationOfOrderExecutionWithStatus",
		el(pbSpace, "OrderInfo", el(pbSpace, "OrderID", o.ID), el(pbSpace, "OrderDate", o.Paid.In(moscow).Format(time.DateOnly)),
			el(pbSpace, "Amount", strconv.FormatInt(o.Kopecks, 10)), el(pbSpace, "OnlinePayment", "true"), document, period, account),
		el(billsSpace, "AckStatus", strconv.Itoa(o.Status)), el(billsSpace, "CreationDate", o.Created.In(moscow).Format("2006-01-02T15:04:05.000-07:00")),
		el(billsSpace, "AcknowledgmentRequestsList"), el(billsSpace, "AcknowledgmentAmount", "0"),
		el(pbSpace, "NotificationsOfOrderExecutionGUID", o.GUID), el(billsSpace, "orgPPAGUID", o.Acceptor))
}

// importOrders takes payments that an organization reports itself.
func (s *Server) importOrders(org *organization, body *element) (list []*element) {
	for _, n := range body.all("SupplierNotificationOfOrderExecution") {
		list = append(list, el(paySpace, "ImportResult", s.report(org, n)))
	}
	return list
}

func (s *Server) report(org *organization, n *element) []*element {
	transport, document := n.child("TransportGUID").text, n.child("PaymentDocumentID").text
	if doc := org.documents[document]; doc == nil || doc.Withdrawn {
		return undone(transport, "INT002000", "Значение в поле PaymentDocumentID отсутствует в реестре")
	}
	paid, _ := time.ParseInLocation(time.DateOnly, n.child("OrderDate").text, moscow)
	sum := number(n.child("Amount").text)
	kopecks := sum.Mul(sum, number("100"))
	if !kopecks.IsInt() || kopecks.Sign() <= 0 {
		return undone(transport, "FMT001300", "Сумма указана неверно")
	}
	o := s.pay(org, Order{Document: document, Kopecks: kopecks.Num().Int64(), Paid: paid, Acceptor: org.PPAGUID})
	return done(transport, o.GUID, "")
}
