package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"vestnik/engine"
)

// Charge is one service of a bill, as the API takes it.
type Charge struct {
	Name    string       `json:"name"`
	Unit    string       `json:"unit"`
	Volume  string       `json:"volume"`
	Rate    string       `json:"rate"` // roubles a unit
	Charged engine.Money `json:"charged"`
}

// Bill is what a resident is asked for.
type Bill struct {
	Document string
	Period   time.Time
	Services []Charge
	Debt     engine.Money // of earlier months
	Penalty  engine.Money // for it
	Amount   engine.Money // all of it together
}

// mostPrinted is the largest town whose bills are attached as PDF: they take some milliseconds each, and a larger town would wait minutes for what a
// link shows as well.
const mostPrinted = 5_000

// billed is how the company's bills come as PDF.
func (w *World) billed() string {
	if w.Size > mostPrinted {
		return engine.BillLinked
	}
	return engine.BillAttached
}

// Notice is what a debtor is reminded of: a document and a month of its own, so that paying it is not paying the bill.
type Notice struct {
	Document string
	Period   time.Time // the last month that is owed for
	Amount   engine.Money
}

// Notice tells what an account owes of earlier months; the amount is zero for most.
func (w *World) Notice(p Resident) Notice {
	before, b := w.Period.AddDate(0, -1, 0), w.Bill(p)
	return Notice{Document: w.document(p.Number, 2, before), Period: before, Amount: b.Debt + b.Penalty}
}

// Bill tells what an account is charged in the month of the world.
func (w *World) Bill(p Resident) Bill {
	r := w.random(aboutCharges, p.Number)
	b := Bill{Document: w.document(p.Number, 1, w.Period), Period: w.Period}
	for _, s := range services {
		volume := s.volume(r, p)
		if volume == 0 {
			continue
		}
		c := Charge{Name: s.name, Unit: s.unit, Volume: fmt.Sprintf("%d.%03d", volume/1000, volume%1000), Rate: s.rate.String(), Charged: charged(volume, s.rate)}
		b.Services = append(b.Services, c)
		b.Amount += c.Charged
	}
	if r.IntN(100) < 18 {
		b.Debt = b.Amount*engine.Money(100+r.IntN(500))/100 + engine.Money(r.IntN(100))
		b.Penalty = b.Debt * engine.Money(5+r.IntN(30)) / 1000
		b.Amount += b.Debt + b.Penalty
	}
	return b
}

// charged is the volume in thousandths times the rate, rounded to the kopeck, half up.
func charged(volume int, rate engine.Money) engine.Money {
	return (engine.Money(volume)*rate + 500) / 1000
}

// services are what people pay for, at believable tariffs. volume is in thousandths; nothing means that the flat does not have the service.
var services = []struct {
	name, unit string
	rate       engine.Money
	volume     func(r *rand.Rand, p Resident) int
}{
	{"Содержание жилого помещения", "м²", 31_87, byArea},
	{"Отопление", "Гкал", 2_487_13, func(r *rand.Rand, p Resident) int { return p.Area*19/10 + r.IntN(40) }},
	{"Холодное водоснабжение", "м³", 42_86, func(r *rand.Rand, p Resident) int { return water(r, p, 31) }},
	{"Горячее водоснабжение", "м³", 219_54, func(r *rand.Rand, p Resident) int { return water(r, p, 22) }},
	{"Водоотведение", "м³", 36_41, func(r *rand.Rand, p Resident) int { return water(r, p, 53) }},
	{"Электроснабжение", "кВт·ч", 6_02, func(r *rand.Rand, p Resident) int { return 1000 * (40 + p.Tenants*(30+r.IntN(45))) }},
	{"Обращение с твёрдыми отходами", "чел.", 148_30, func(_ *rand.Rand, p Resident) int { return 1000 * p.Tenants }},
	{"Взнос на капитальный ремонт", "м²", 14_69, byArea},
	{"Домофон", "кв.", 58_00, func(r *rand.Rand, _ Resident) int { return 1000 * r.IntN(2) }},
}

func byArea(_ *rand.Rand, p Resident) int { return p.Area * 100 }

// water is a month of water in litres: so many hundreds of litres a head, more or less, to the full ten litres of a meter.
func water(r *rand.Rand, p Resident, hundreds int) int {
	return p.Tenants * hundreds * (60 + r.IntN(80)) / 10 * 10
}
