package gosuslugi

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/engine"
)

var errNotThere = errors.New("ГИС ЖКХ has no such account or house")

// The elements of a payment document (importPaymentDocumentRequest, version 11.2.0.16), in the order of the schema.
type (
	document struct {
		XMLName   xml.Name       `xml:"bills:PaymentDocument"`
		Account   string         `xml:"ab:AccountGuid"`
		Number    string         `xml:"bb:PaymentDocumentNumber"`
		Charges   []chargeInfo   `xml:"bills:ChargeInfo"`
		Repair    *capitalRepair `xml:"bills:CapitalRepairCharge"`
		Penalties []penalty      `xml:"bills:PenaltiesAndCourtCosts"`
		Charged   engine.Money   `xml:"bills:TotalPayableByChargeInfo"`
		Debt      *engine.Money  `xml:"bills:DebtPreviousPeriods"`
		Advance   *engine.Money  `xml:"bills:AdvanceBllingPeriod"` // as the schema spells it
		Total     engine.Money   `xml:"bills:TotalPayableByPDWithDebtAndAdvance"`
		Penalty   *engine.Money  `xml:"bills:TotalByPenaltiesAndCourtCosts"`
		Month     engine.Money   `xml:"bills:TotalPayableByPD"`
		Transport string         `xml:"base:TransportGUID"`
		Replaces  string         `xml:"bb:PaymentDocumentID,omitempty"`
		PayKey    string         `xml:"bills:PaymentInformationKey"`
	}
	chargeInfo struct {
		Housing *charge `xml:"bills:HousingService"`
		Extra   *charge `xml:"bills:AdditionalService"`
		Utility *charge `xml:"bills:MunicipalService"`
	}
	charge struct {
		Service reference     `xml:"bills:ServiceType"`
		Rate    string        `xml:"bills:Rate"`
		Total   engine.Money  `xml:"bills:TotalPayable"`
		Accrued *engine.Money `xml:"bills:AccountingPeriodTotal"`
		Rest    []any         `xml:",any"` // in another order for each kind of service
	}
	corrections struct {
		XMLName  xml.Name      `xml:"bills:ServiceCharge"`
		Recount  *engine.Money `xml:"bills:MoneyRecalculation"`
		Discount *engine.Money `xml:"bills:MoneyDiscount"`
	}
	recount struct {
		XMLName xml.Name     `xml:"bills:PaymentRecalculation"`
		Reason  string       `xml:"bills:recalculationReason"`
		Sum     engine.Money `xml:"bills:sum"`
	}
	consumption struct {
		XMLName xml.Name `xml:"bills:Consumption"`
		Volume  struct {
			Type   string `xml:"type,attr"`
			Method string `xml:"determiningMethod,attr,omitempty"`
			Amount string `xml:",chardata"`
		} `xml:"bills:Volume"`
	}
	capitalRepair struct {
		Contribution string        `xml:"bills:Contribution"`
		Accrued      *engine.Money `xml:"bills:AccountingPeriodTotal"`
		Recount      *engine.Money `xml:"bills:MoneyRecalculation"`
		Discount     *engine.Money `xml:"bills:MoneyDiscount"`
		Total        engine.Money  `xml:"bills:TotalPayable"`
	}
	penalty struct {
		Service reference    `xml:"bills:ServiceType"`
		Cause   string       `xml:"bills:Cause"`
		Total   engine.Money `xml:"bills:TotalPayable"`
	}
)

// line is one service of a bill, as providers give it. Sums and numbers may be JSON numbers or texts.
type line struct {
	Name     string `json:"name"`
	Volume   number `json:"volume"`
	Rate     number `json:"rate"`
	Charged  number `json:"charged"`       // to be paid for the month, corrections included
	Method   string `json:"method"`        // how the volume was found: "norm", "meter", "other"; empty: not said
	Recount  number `json:"recalculation"` // перерасчёт, part of charged
	Why      string `json:"reason"`        // of the recalculation
	Discount number `json:"discount"`      // льготы, taken off already
	Code     string `json:"gis_code"`      // of the registry, "51/1.1"; empty: found by name
}

// number is a decimal number as it was written.
type number string

// UnmarshalJSON reads a number or a text.
func (n *number) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `"`)
	if s == "null" {
		s = ""
	}
	*n = number(strings.ReplaceAll(strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\u202f' {
			return -1
		}
		return r
	}, s), ",", "."))
	return nil
}

// decimal gives the number with at most so many digits behind the point; false if it is none.
func (n number) decimal(places int) (string, bool) {
	whole, part, _ := strings.Cut(strings.TrimPrefix(string(n), "-"), ".")
	if whole == "" || len(whole) > 15 || strings.Trim(whole+part, "0123456789") != "" {
		return "", false
	}
	if part = strings.TrimRight(part, "0"); len(part) > places {
		part = part[:places]
	}
	if part != "" {
		whole += "." + part
	}
	if strings.HasPrefix(string(n), "-") {
		whole = "-" + whole
	}
	return whole, true
}

func (n number) money() (engine.Money, error) {
	if n == "" {
		return 0, nil
	}
	return engine.ParseMoney(string(n))
}

// order is a bill as the provider gave it in the variables. A list may come as a text: a cell of a CSV file can hold nothing else.
type order struct {
	Services json.RawMessage `json:"services"`
	Debt     number          `json:"debt"`
	Penalty  number          `json:"penalty"`
	Replaces string          `json:"replaces"` // ИПД of the document that this one corrects
}

// bill makes the document for a message. What is wrong is told without values.
func (v *visit) bill(msg *engine.Message, account string, services catalogue) (*document, error) {
	var o order
	for _, vars := range []json.RawMessage{v.from.Campaign.Vars, msg.Recipient.Vars} {
		if len(vars) > 0 && json.Unmarshal(vars, &o) != nil {
			return nil, errors.New("the variables of the bill cannot be read")
		}
	}
	var lines []line
	text := o.Services
	if quoted := ""; len(text) > 0 && text[0] == '"' && json.Unmarshal(text, &quoted) == nil && quoted != "" {
		text = json.RawMessage(quoted)
	}
	if len(text) > 0 && json.Unmarshal(text, &lines) != nil && string(text) != `""` {
		return nil, errors.New("services cannot be read")
	}
	d := &document{Account: account, Number: numberOf(msg.Key), Transport: guidOf(msg.Key), Replaces: o.Replaces, PayKey: v.office.payKey}
	for _, l := range lines {
		if err := d.add(l, services); err != nil {
			return nil, err
		}
	}
	return d, d.close(msg, o, services.known)
}

// numberPrefix is what the numbers of our documents begin with.
const numberPrefix = "V-"

// numberOf is what ГИС ЖКХ knows the document by in its account and period (PaymentDocumentNumber): the same whenever it is sent.
func numberOf(key string) string { return numberPrefix + strings.ReplaceAll(guidOf(key), "-", "")[:24] }

// close adds what is owed beside the services, and the totals.
func (d *document) close(msg *engine.Message, o order, known registries) error {
	fine, err := o.Penalty.money()
	debt, wrong := o.Debt.money()
	if err != nil || wrong != nil {
		return errors.New("debt or penalty is no sum")
	}
	d.Month = d.Charged + fine
	if d.Repair != nil {
		d.Month += d.Repair.Total
	}
	if fine != 0 {
		kind, there := known.coded(penaltyKinds, "1")
		if !there {
			return errors.New("penalties are not in the registry 329")
		}
		d.Penalties, d.Penalty = []penalty{{Service: kind.reference, Cause: "Пени за несвоевременную оплату", Total: fine}}, &fine
	}
	switch {
	case debt > 0:
		d.Debt = &debt
	case debt < 0:
		paid := -debt
		d.Advance = &paid
	}
	d.Total = d.Month + debt
	if asked := msg.Recipient.Amount; asked != nil {
		d.Total, d.Month = *asked, *asked-debt // what the provider asks for counts; ГИС ЖКХ compares it with the services
	}
	return nil
}

// add adds a service.
func (d *document) add(l line, services catalogue) error {
	total, err := l.Charged.money()
	recounted, wrong := l.Recount.money()
	discount, bad := l.Discount.money()
	rate, isRate := l.Rate.decimal(6)
	if l.Rate == "" {
		rate, isRate = total.String(), true // a fixed price
	}
	if l.Charged == "" || err != nil || wrong != nil || bad != nil || !isRate || discount < 0 {
		return fmt.Errorf("a service has a sum or a rate that is no number")
	}
	accrued := total - recounted + discount
	number, found := services.find(l)
	switch number {
	case 0:
		return errors.New("a service is not in the registries 50, 51 and 1")
	case capitalRepairs:
		return d.repair(l, total, accrued, recounted, discount)
	}
	c := &charge{Service: found.reference, Rate: rate, Total: total, Accrued: &accrued}
	var correction, reason, volume any
	if recounted != 0 || discount != 0 {
		correction = corrections{Recount: some(recounted), Discount: some(discount)}
	}
	if recounted != 0 && l.Why != "" {
		reason = recount{Reason: cut(l.Why, 500), Sum: recounted}
	}
	if amount, there := l.Volume.decimal(7); there {
		used := consumption{}
		used.Volume.Type, used.Volume.Amount = "I", amount
		if number == utilityServices {
			used.Volume.Method = methods[l.Method]
		}
		volume = used
	}
	d.Charged += total
	switch number {
	case housingServices:
		c.Rest = parts(correction, reason)
		d.Charges = append(d.Charges, chargeInfo{Housing: c})
	case utilityServices:
		c.Rest = parts(correction, reason, volume)
		d.Charges = append(d.Charges, chargeInfo{Utility: c})
	default:
		c.Rest = parts(correction, volume, reason)
		d.Charges = append(d.Charges, chargeInfo{Extra: c})
	}
	return nil
}

// methods are how volumes are found: norm, meter, other.
var methods = map[string]string{"norm": "N", "meter": "M", "other": "O"}

func parts(list ...any) (there []any) {
	for _, p := range list {
		if p != nil {
			there = append(there, p)
		}
	}
	return there
}

func some(m engine.Money) *engine.Money {
	if m == 0 {
		return nil
	}
	return &m
}

// repair is the charge for the capital repair, which has a place of its own.
func (d *document) repair(l line, total, accrued, recounted, discount engine.Money) error {
	rate, err := l.Rate.money()
	if err != nil || rate < 0 || d.Repair != nil {
		return errors.New("the capital repair has a rate that is no sum, or stands twice")
	}
	d.Repair = &capitalRepair{Contribution: rate.String(), Accrued: &accrued, Recount: some(recounted), Discount: some(discount), Total: total}
	return nil
}

// cut keeps the first characters of a text.
func cut(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}

// periodOf reads "2026-10".
func periodOf(text string) (year, month int, ok bool) {
	t, err := time.Parse("2006-01", text)
	return t.Year(), int(t.Month()), err == nil && t.Year() >= 1920 && t.Year() <= 2050
}
