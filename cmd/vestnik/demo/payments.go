package demo

import (
	"fmt"

	"vestnik/engine"
)

// Payments tells what a resident pays on account of a message of the kind: nothing, one payment, or several. A payment that the bank reports
// twice comes twice, under one reference.
func (w *World) Payments(p Resident, f Fate, kind engine.Kind) (list []engine.Payment) {
	if f.Pays == Never || !kind.Payable() {
		return nil
	}
	b := w.Bill(p)
	document, period, amount := b.Document, b.Period, b.Amount
	if kind == engine.KindDebt {
		n := w.Notice(p)
		document, period, amount = n.Document, n.Period, n.Amount
	}
	if amount <= 0 {
		return nil
	}
	parts := []engine.Money{amount}
	switch half := amount / 2; f.Pays {
	case InTwo:
		parts = []engine.Money{half, amount - half}
	case InPart:
		parts = []engine.Money{half}
	}
	for i, part := range parts {
		if part == 0 {
			continue
		}
		payment := engine.Payment{Reference: fmt.Sprintf("%s/%d/%d", document, w.Seed, i+1), DocumentID: document, Amount: part}
		if f.ByAccount {
			payment.DocumentID, payment.Account, payment.Period = "", p.Account, period.Format("2006-01")
		}
		list = append(list, payment)
	}
	if f.Twice && len(list) > 0 {
		list = append(list, list[0])
	}
	return list
}
