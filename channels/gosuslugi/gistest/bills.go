package gistest

import (
	"fmt"
	"math/big"
	"slices"
)

// Document is a payment document that was placed.
type Document struct {
	ID           string // identifier, 18 characters: what the format calls UniqueNumber and PaymentDocumentID
	GUID         string
	Transport    string // its TransportGUID
	Org          string // orgPPAGUID of whoever placed it
	Account      Account
	Number       string // PaymentDocumentNumber
	Year         string
	Month        string
	Total        string // what is to be paid with debts, as it was written
	Withdrawn    bool
	Acknowledged bool // payments are acknowledged against it: it cannot be withdrawn
	Times        int  // how often a document with this account, period and number came: 1, unless the client forgot that it had sent it
}

// Documents gives what an organization has placed, in the order of the identifiers.
func (s *Server) Documents(org string) (list []Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.orgs[org].documents {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b Document) int { return compare(a.ID, b.ID) })
	return list
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// importDocuments places or withdraws.
func (s *Server) importDocuments(org *organization, body *element) (list []*element) {
	for _, w := range body.all("WithdrawPaymentDocument") {
		list = append(list, el(billsSpace, "ImportResult", s.withdraw(org, w)))
	}
	if list != nil {
		return list
	}
	keys := map[string]bool{} // of requisites that are registered
	for _, p := range body.all("PaymentInformation") {
		keys[p.child("TransportGUID").text] = p.child("BankBIK").text == org.BIC && p.child("operatingAccountNumber").text == org.Account
	}
	for _, d := range body.all("PaymentDocument") {
		list = append(list, el(billsSpace, "ImportResult", s.place(org, body, d, keys)))
	}
	return list
}

// place places one document, or tells why not. The codes beside INT002000, INT008165, SRV007079 and SRV008076 are not published; what is
// said is what public clients have seen.
func (s *Server) place(org *organization, body, d *element, keys map[string]bool) []*element {
	transport := d.child("TransportGUID").text
	account, known := org.accounts[d.child("AccountGuid").text]
	if !known || account.Closed {
		return undone(transport, "INT002000", "Значение в поле AccountGuid отсутствует в реестре: "+d.child("AccountGuid").text)
	}
	if !keys[d.child("PaymentInformationKey").text] {
		return undone(transport, "SRV008076", "Платежные реквизиты не размещены")
	}
	sum, code := s.sum(d)
	if code != "" {
		return undone(transport, code, "Услуга указана неверно")
	}
	if total := d.child("TotalPayableByPD"); total.there() && sum.Cmp(number(total.text)) != 0 && body.child("ConfirmAmountsCorrect").text != "true" {
		return undone(transport, "INT008165", "Сумма начислений отличается от рассчитанной ГИС ЖКХ")
	}
	doc := Document{
		Transport: transport, Org: org.PPAGUID, Account: account, Number: d.child("PaymentDocumentNumber").text, Year: body.child("Year").text,
		Month: body.child("Month").text, Total: d.child("TotalPayableByPDWithDebtAndAdvance").text, Times: 1, ID: d.child("PaymentDocumentID").text,
	}
	at := fmt.Sprintf("%s/%s/%s/%s", account.GUID, doc.Year, doc.Month, doc.Number)
	if old := org.documents[org.numbers[at]]; old != nil && !old.Withdrawn && doc.ID == "" {
		old.Times++
		return undone(transport, "SRV008000", "Платежный документ с таким номером уже существует.")
	}
	if old := org.documents[doc.ID]; doc.ID != "" && (old == nil || old.Account.GUID != account.GUID) {
		return undone(transport, "INT002000", "Значение в поле PaymentDocumentID отсутствует в реестре")
	}
	if doc.ID == "" {
		s.numbers++
		doc.ID = fmt.Sprintf("%s-01-%04d", account.Unified, s.numbers%10_000)
		for org.documents[doc.ID] != nil {
			s.numbers++
			doc.ID = fmt.Sprintf("%s-01-%04d", account.Unified, s.numbers%10_000)
		}
	}
	doc.GUID = guid()
	org.documents[doc.ID], org.numbers[at] = &doc, doc.ID
	if s.options.OnDocument != nil {
		s.options.OnDocument(doc)
	}
	return done(transport, doc.GUID, doc.ID)
}

// charges are the elements of a charge and the registries their services stand in.
var charges = map[string][]int{"HousingService": {50}, "MunicipalService": {51}, "AdditionalService": {1}}

// sum adds up what a document asks for its own period; code tells what is wrong with a service.
func (s *Server) sum(d *element) (sum *big.Rat, code string) {
	sum = new(big.Rat)
	for _, c := range d.all("ChargeInfo") {
		for _, service := range c.children {
			known, stranger := s.entry(service.child("ServiceType"), charges[service.name.Local]...)
			switch {
			case stranger:
				return sum, "SRV007079"
			case !known:
				return sum, "INT016041"
			}
			sum.Add(sum, number(service.child("TotalPayable").text))
		}
	}
	for _, p := range d.all("PenaltiesAndCourtCosts") {
		if known, stranger := s.entry(p.child("ServiceType"), 329); !known || stranger {
			return sum, "INT016041"
		}
		sum.Add(sum, number(p.child("TotalPayable").text))
	}
	return sum.Add(sum, number(d.child("CapitalRepairCharge", "TotalPayable").text)), ""
}

func number(text string) *big.Rat {
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return new(big.Rat)
	}
	return n
}

func (s *Server) withdraw(org *organization, w *element) []*element {
	transport, doc := w.child("TransportGUID").text, org.documents[w.child("PaymentDocumentID").text]
	switch {
	case doc == nil:
		return undone(transport, "INT002000", texts["INT002000"])
	case doc.Withdrawn:
		return undone(transport, "SRV008070", "Отзыв ПД невозможен, ПД уже отозван.")
	}
	if doc.Acknowledged {
		return undone(transport, "SRV008071", "Отзыв ПД невозможен: документ сквитирован с платежами")
	}
	doc.Withdrawn = true
	if s.options.OnDocument != nil {
		s.options.OnDocument(*doc)
	}
	return done(transport, doc.GUID, doc.ID)
}

// exportDocuments gives documents by identifier, or by period and account.
func (s *Server) exportDocuments(org *organization, body *element) (list []*element) {
	ids, accounts := map[string]bool{}, map[string]bool{}
	for _, id := range body.all("PaymentDocumentID") {
		ids[id.text] = true
	}
	for _, id := range body.all("AccountGUID") {
		accounts[id.text] = true
	}
	year, month := body.child("Year").text, body.child("Month").text
	for _, doc := range org.documents {
		if ids[doc.ID] || accounts[doc.Account.GUID] && doc.Year == year && doc.Month == month {
			list = append(list, el(billsSpace, "exportPaymentDocResult", doc.export(org)))
		}
	}
	if list == nil {
		return []*element{errorMessage("INT002012")}
	}
	return list
}

// export gives what clients look for in a document; the charges are left out.
func (d *Document) export(org *organization) *element {
	var number *element
	if d.Number != "" {
		number = el(bbSpace, "PaymentDocumentNumber", d.Number)
	}
	state := "Expose"
	if d.Withdrawn {
		state = "Withdraw"
	}
	return el(billsSpace, "PaymentDocument", el(abSpace, "AccountGuid", d.Account.GUID), number, el(billsSpace, state, "true"),
		el(bbSpace, "PaymentDocumentID", d.ID), el(billsSpace, "PaymentInformation", el(pbSpace, "BankBIK", org.BIC), el(pbSpace, "operatingAccountNumber", org.Account)))
}

// Acknowledge says that payments have been acknowledged against a document, or not any more.
func (s *Server) Acknowledge(org, id string, acknowledged bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.orgs[org].documents[id]; d != nil {
		d.Acknowledged = acknowledged
	}
}
