package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Town is where everybody lives; there is no such place.
const Town = "г. Верхнереченск"

// zone is the town's time zone.
const zone = "Asia/Yekaterinburg"

// World is a town with a management company. The same seed, number and month make the same world, and a resident does not depend on who
// was asked for before: nobody has to be remembered, however many there are.
type World struct {
	Seed    uint64
	Size    int // how many accounts there are, numbered from 0
	Company Company
	Houses  []House
	Period  time.Time // first day of the month that is billed
	Due     time.Time // the day by which it is to be paid
	Today   time.Time
}

// Company is the management company that orders.
type Company struct {
	Name, INN, KPP, OGRN       string
	Account, Bank, BIC, Corr   string // where payments go
	Email, Phone, Domain, Post string
}

// House is a house the company looks after.
type House struct {
	ID      string // FIAS GUID
	Address string
	Flats   int
	first   int // number of the account of flat 1
}

// Kinds of randomness: what is drawn for one thing must not shift what is drawn for another.
const (
	aboutWorld uint64 = iota
	aboutHouse
	aboutPerson
	aboutCharges
	aboutLife
	aboutDialog
)

// random is the source of everything about one thing.
func (w *World) random(about uint64, number int) *rand.Rand {
	return rand.New(rand.NewPCG(scramble(w.Seed^about<<56), scramble(uint64(number))))
}

// scramble spreads neighbouring numbers (the finalizer of SplitMix64): a PCG seeded with neighbours begins alike.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// NewWorld makes a town of so many accounts, on a day.
func NewWorld(seed uint64, size int, today time.Time) *World {
	month := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC)
	w := &World{Seed: seed, Size: size, Period: month.AddDate(0, -1, 0), Due: month.AddDate(0, 0, 9), Today: today}
	if !w.Due.After(today) {
		w.Due = month.AddDate(0, 1, 9)
	}
	w.Company = company(w.random(aboutWorld, 0))
	w.build()
	return w
}

func company(r *rand.Rand) Company {
	name := [...]string{"Заречный двор", "Тёплый берег", "Верхняя слобода", "Добрый сосед", "Ключевая гора"}[r.IntN(5)]
	bic := "0400" + "00" + digits(r, 3)
	return Company{
		Name: "ООО «УК «" + name + "»", INN: inn("00" + digits(r, 7)), KPP: "000101001", OGRN: ogrn("11900" + digits(r, 7)),
		Account: bankAccount(bic[6:], "40702810000000"+digits(r, 6)), Bank: "Верхнереченский вымышленный банк", BIC: bic,
		Corr:  bankAccount("0"+bic[4:6], "30101810000000000"+bic[6:]),
		Email: "schet@uk.example", Phone: "8 (000) 555-01-01", Domain: "uk.example", Post: "otvet@uk.example",
	}
}

// build makes as many houses as the accounts need.
func (w *World) build() {
	r := w.random(aboutHouse, 0)
	first := r.IntN(len(streets))
	for at := 0; at < w.Size; {
		n := len(w.Houses)
		street, number := streets[(first+n)%len(streets)], 1+2*(n/len(streets))+r.IntN(2)
		flats := min([...]int{36, 48, 60, 72, 80, 90, 108, 144}[r.IntN(8)], w.Size-at)
		w.Houses = append(w.Houses, House{ID: guid(r), Address: Town + ", " + street + ", д. " + strconv.Itoa(number), Flats: flats, first: at})
		at += flats
	}
}

// house finds whose account number i is.
func (w *World) house(i int) *House {
	n, _ := slices.BinarySearchFunc(w.Houses, i, func(h House, i int) int {
		if i < h.first {
			return 1
		}
		if i >= h.first+h.Flats {
			return -1
		}
		return 0
	})
	return &w.Houses[n]
}

// houseNumber is a house's place in Houses.
func (w *World) houseNumber(h *House) int {
	n, _ := slices.BinarySearchFunc(w.Houses, h.first, func(h House, first int) int { return h.first - first })
	return n
}

// Resident is who answers for an account.
type Resident struct {
	Number  int    // 0…Size-1
	Account string // лицевой счёт, ten digits
	GIS     string // GUID of the account in ГИС ЖКХ; empty: it was not found there
	Name    string
	Email   string // empty: none is known
	VK      int64  // zero: none is known
	House   *House
	Flat    int
	Area    int // tenths of a square metre
	Tenants int // how many live there
	Mailbox Mailbox
}

// Mailbox is how a resident's mailbox takes mail.
type Mailbox int

// The mailboxes.
const (
	Fine     Mailbox = iota
	Dead             // there is no such mailbox: 550 5.1.1
	Full             // 552 5.2.2, for good
	Greylist         // the first try of each letter is put off: 451 4.7.1
	Returns          // takes mail and returns it later
)

// Resident tells who lives at an account.
func (w *World) Resident(i int) Resident {
	r := w.random(aboutPerson, i)
	h := w.house(i)
	p := Resident{Number: i, Account: w.account(i), House: h, Flat: i - h.first + 1, Area: 290 + r.IntN(550), Tenants: 1 + r.IntN(4)}
	she := r.IntN(100) < 54
	first := men
	if she {
		first = women
	}
	surname := surnames[r.IntN(len(surnames))]
	p.Name = surname.of(she) + " " + first[r.IntN(len(first))] + " " + patronymics[r.IntN(len(patronymics))].of(she)
	if r.IntN(100) < 60 {
		p.GIS = guid(r)
	}
	if r.IntN(100) < 35 {
		p.VK = firstVK + int64(i)
	}
	if domain := mailDomains[r.IntN(len(mailDomains))]; r.IntN(100) < 97 {
		p.Mailbox = mailbox(r.IntN(1000))
		p.Email = fmt.Sprintf("%s%s.%d@%s", tricks[p.Mailbox], surname.latin, i, domain)
	}
	return p
}

// mailbox tells which mailbox one of a thousand has.
func mailbox(chance int) Mailbox {
	switch {
	case chance < 12:
		return Dead
	case chance < 18:
		return Full
	case chance < 48:
		return Greylist
	case chance < 58:
		return Returns
	}
	return Fine
}

// tricks begin the addresses to which the mail sink (package mailtest) answers so.
var tricks = map[Mailbox]string{Dead: "bounce550+", Full: "full552+", Greylist: "tempfail451+"}

// At finds the resident that a mail address of ours belongs to.
func (w *World) At(address string) (Resident, bool) {
	local, _, _ := strings.Cut(address, "@")
	number := local[strings.LastIndexByte(local, '.')+1:]
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= w.Size {
		return Resident{}, false
	}
	p := w.Resident(i)
	return p, p.Email == address
}

// scattered is a number of eight digits that no other account has: neighbours do not have neighbouring accounts.
func (w *World) scattered(i int) int {
	return int((uint64(i)*step + w.Seed%accounts*shift) % accounts)
}

// How accounts are scattered: step has no divisor in common with accounts, so nobody meets; back undoes it.
const accounts, step, shift, back = 100_000_000, 61_803_401, 7_919, 85_756_601

func (w *World) account(i int) string { return fmt.Sprintf("40%08d", w.scattered(i)) }

// document is the identifier of a payment document (ИПД), 18 characters as ГИС ЖКХ demands; part tells documents of one month apart.
func (w *World) document(i, part int, month time.Time) string {
	number := fmt.Sprintf("%08d", w.scattered(i))
	return fmt.Sprintf("%sВР%s-%02d-%s", number[:2], number[2:], part, month.Format("0106"))
}

// Address of the resident's flat.
func (p *Resident) Address() string { return p.House.Address + ", кв. " + strconv.Itoa(p.Flat) }

// Zone is the town's time zone; UTC on a machine that knows no zones.
func (w *World) Zone() *time.Location {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return location
}

// Owner finds the resident whose account it is.
func (w *World) Owner(account string) (Resident, bool) {
	number, err := strconv.ParseUint(strings.TrimPrefix(account, "40"), 10, 64)
	if err != nil || number >= accounts {
		return Resident{}, false
	}
	i := int((number + accounts - w.Seed%accounts*shift%accounts) * back % accounts)
	if i >= w.Size || w.account(i) != account {
		return Resident{}, false
	}
	return w.Resident(i), true
}
