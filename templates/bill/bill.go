// Package bill prints bills (платёжный документ) as PDF: who owes what for which month, the charges by service, the requisites, and the QR code
// to pay by, in the sense of the form of приказ Минстроя России от 26.01.2018 № 43/пр.
//
// What it has printed it reads back from the bytes it is about to hand out, and compares account, month and sum in the text and in the QR
// code with the bill: one that does not agree is never handed out. It sends, stores and counts nothing, and no error of its names a value:
// those are personal data.
package bill

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rsc.io/qr/coding"

	"vestnik/engine"
	"vestnik/templates"
)

// Bill is what is printed.
type Bill struct {
	Provider    string // who sends it
	ProviderINN string
	Payee       Payee // where to pay; without Payee.Complete there is no QR code

	Account   string    // лицевой счёт (единый лицевой счёт)
	Document  string    // ИПД, the identifier of the payment document; may be empty
	Period    time.Time // any moment of the month that is billed
	Due       time.Time // the last day to pay; zero: none is told
	Payer     string    // who pays: may be empty
	Address   string    // of the premises: may be empty
	Area      string    // of the premises, as it is to be read: "54,3 м²"; may be empty
	Residents string    // how many live there; may be empty

	Charges []templates.Charge
	Debt    engine.Money // of earlier months; below zero: overpaid
	Penalty engine.Money
	Amount  engine.Money // all that is to be paid; zero or below: nothing
}

// Payee is where the money goes: the provider's settings payment.*.
type Payee struct {
	Name    string // of the receiver
	INN     string // 10 or 12 digits; may be empty
	KPP     string // 9 digits; may be empty
	Account string // расчётный счёт, 20 digits
	Bank    string
	BIC     string // 9 digits
	Corr    string // корреспондентский счёт, 20 digits; empty: the bank has none
}

// Complete reports whether a bank can be told where to pay to: name, account, bank and BIC are there.
func (p Payee) Complete() bool { return p.Name != "" && p.Account != "" && p.Bank != "" && p.BIC != "" }

// payable reports whether the bill carries a QR code.
func (b *Bill) payable() bool { return b.Amount > 0 && b.Payee.Complete() }

// month is the month of the bill as ГОСТ Р 56042-2014 writes it in PaymPeriod: "102026".
func (b *Bill) month() string { return b.Period.Format("012006") }

// Printer prints bills. It is safe for concurrent use.
type Printer struct {
	usual   [2]*faces // without and with Latin letters
	presses sync.Pool // of *press

	mutex sync.Mutex
	rare  map[string]*faces // by the letters that they have beyond the usual
}

// press is what the printing of one bill leaves behind for the next: room that is large, and would have to be found anew each time.
type press struct {
	drawing drawing
	sheet   sheet
	paper   paper
	reader  reader
}

// NewPrinter makes a Printer; it takes some milliseconds to cut the fonts.
func NewPrinter() (*Printer, error) {
	p := &Printer{rare: map[string]*faces{}, presses: sync.Pool{New: func() any { return newPress() }}}
	for i, letters := range [][]rune{cyrillic(), slices.Concat(cyrillic(), latin())} {
		f, err := newFaces(letters)
		if err != nil {
			return nil, fmt.Errorf("make the fonts of bills: %w", err)
		}
		p.usual[i] = f
	}
	return p, nil
}

func newPress() *press {
	packer, _ := zlib.NewWriterLevel(nil, zlib.BestSpeed) // the level is one that there is
	return &press{drawing: drawing{plans: map[coding.Version]*coding.Plan{}}, paper: paper{packer: packer}}
}

// ErrDisagrees means that what was printed is not what the bill says, in its text or in its QR code.
var ErrDisagrees = errors.New("the printed bill does not agree with its data")

// Print gives the bill as a PDF of one A4 page, or more if it has many services. A bill without an account, or printed otherwise than it says
// (ErrDisagrees), is refused.
func (p *Printer) Print(b *Bill) ([]byte, error) {
	if b.Account == "" || b.Period.IsZero() {
		return nil, errors.New("a bill needs an account and a month")
	}
	faces, err := p.facesFor(b)
	if err != nil {
		return nil, fmt.Errorf("print a bill: %w", err)
	}
	code := ""
	if b.payable() {
		code = payload(b)
	}
	press := p.presses.Get().(*press)
	defer p.presses.Put(press)
	pdf, err := press.print(faces, b, code)
	if err != nil {
		return nil, fmt.Errorf("print a bill: %w", err)
	}
	if err := press.reader.agree(pdf, b); err != nil {
		return nil, err
	}
	return bytes.Clone(pdf), nil
}

// print gives the bill, good until the next one is printed; code is the payload of its QR code, empty if it has none.
func (p *press) print(f *faces, b *Bill, code string) (pdf []byte, err error) {
	var pixels []byte
	side := 0
	if code != "" {
		if pixels, side, err = p.drawing.draw(code); err != nil {
			return nil, err
		}
	}
	p.sheet.begin(f)
	p.sheet.bill(b, side/dots)
	return p.paper.write(&p.sheet, b, pixels, side), nil
}

// mostRare is how many sets of letters are kept: those of many bills at once, such as the letters of a provider's name, not those of single names.
const mostRare = 32

// facesFor gives the usual faces, or some that have the bill's unusual letters too: whole alphabets would make every bill several times larger.
func (p *Printer) facesFor(b *Bill) (*faces, error) {
	texts := []string{b.Provider, b.Payee.Name, b.Payee.Bank, b.Account, b.Document, b.Payer, b.Address, b.Area, b.Residents}
	for _, c := range b.Charges {
		texts = append(texts, c.Name, c.Unit, c.Volume, c.Rate)
	}
	var rare []rune
	for _, f := range p.usual {
		if rare = f.lacking(rare[:0], texts); len(rare) == 0 {
			return f, nil
		}
	}
	slices.Sort(rare)
	return p.rareFaces(slices.Compact(rare))
}

func (p *Printer) rareFaces(rare []rune) (*faces, error) {
	key := string(rare)
	p.mutex.Lock()
	found := p.rare[key]
	p.mutex.Unlock()
	if found != nil {
		return found, nil
	}
	made, err := newFaces(slices.Concat(cyrillic(), latin(), rare, []rune{missing}))
	if err != nil {
		return nil, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if len(p.rare) >= mostRare {
		clear(p.rare)
	}
	p.rare[key] = made
	return made, nil
}
