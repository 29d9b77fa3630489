// Package bill prints bills (платёжный документ) as PDF: who owes what for which month, the charges by service, the requisites, and the QR code
// to pay by, in the sense of the form of приказ Минстроя России от 26.01.2018 № 43/пр.
//
// What it has printed it reads back from the bytes it is about to hand out, and compares account, month and sum in the text and in the QR
// code with the bill: one that does not agree is never handed out. It sends, stores and counts nothing, and no error of its names a value:
// those are personal data.
package bill

import (
	"errors"
	"fmt"
	"slices"
	"time"

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
type Printer struct{ faces []*faces } // the fewest letters first: documents with few are made sooner

// NewPrinter makes a Printer; it takes some milliseconds to cut the fonts.
func NewPrinter() (*Printer, error) {
	p := &Printer{}
	for _, letters := range [][]rune{russian(), everyday(), nil} {
		f, err := newFaces(letters)
		if err != nil {
			return nil, fmt.Errorf("make the fonts of bills: %w", err)
		}
		p.faces = append(p.faces, f)
	}
	return p, nil
}

// ErrDisagrees means that what was printed is not what the bill says, in its text or in its QR code.
var ErrDisagrees = errors.New("the printed bill does not agree with its data")

// Print gives the bill as a PDF of one A4 page, or more if it has many services. A bill without an account, or printed otherwise than it says
// (ErrDisagrees), is refused.
func (p *Printer) Print(b *Bill) ([]byte, error) {
	if b.Account == "" || b.Period.IsZero() {
		return nil, errors.New("a bill needs an account and a month")
	}
	code := ""
	if b.payable() {
		code = payload(b)
	}
	s := newSheet(p.facesFor(b))
	s.bill(b, code)
	pdf, err := s.finish(b)
	if err != nil {
		return nil, fmt.Errorf("print a bill: %w", err)
	}
	if err := agree(pdf, b); err != nil {
		return nil, err
	}
	return pdf, nil
}

// facesFor chooses the faces with the fewest letters that have all those of the bill; what none has, the last ones make visible.
func (p *Printer) facesFor(b *Bill) *faces {
	texts := []string{b.Provider, b.Payee.Name, b.Payee.Bank, b.Account, b.Document, b.Payer, b.Address, b.Area, b.Residents}
	for _, c := range b.Charges {
		texts = append(texts, c.Name, c.Unit)
	}
	for _, f := range p.faces {
		if !slices.ContainsFunc(texts, func(text string) bool { return !f.has(text) }) {
			return f
		}
	}
	return p.faces[len(p.faces)-1]
}
