package bill

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vestnik/engine"
	"vestnik/templates"
)

// agree compares what a document says, in its text and in its QR code, with the bill it was printed from.
func (r *reader) agree(pdf []byte, b *Bill) error {
	p, err := r.read(pdf)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDisagrees, err)
	}
	month, _ := parsePeriod(p.after(labelPeriod))
	sum, _ := parseSum(p.after(labelTotal))
	switch {
	case squeeze(p.after(labelAccount)) != squeeze(b.Account):
		return fmt.Errorf("%w: the account in the text", ErrDisagrees)
	case month != b.month():
		return fmt.Errorf("%w: the month in the text", ErrDisagrees)
	case sum != b.Amount:
		return fmt.Errorf("%w: the sum in the text", ErrDisagrees)
	case b.payable() != (p.code != ""):
		return fmt.Errorf("%w: its QR code is missing or too much", ErrDisagrees)
	case p.code == "":
		return nil
	}
	return agreeCode(fields(p.code), b)
}

// agreeCode compares the fields of the QR code that say who pays how much to whom.
func agreeCode(code map[string]string, b *Bill) error {
	for _, field := range []struct{ name, value string }{
		{"Sum", strconv.FormatInt(int64(b.Amount), 10)}, {"PersAcc", squeeze(b.Account)}, {"PaymPeriod", b.month()},
		{"PersonalAcc", b.Payee.Account}, {"BIC", b.Payee.BIC}, {"PayeeINN", b.Payee.INN},
	} {
		if code[field.name] != field.value {
			return fmt.Errorf("%w: %s in the QR code", ErrDisagrees, field.name)
		}
	}
	return nil
}

// after gives the text that was set right behind a label.
func (p printed) after(label string) string {
	_, rest, _ := strings.Cut("\n"+p.texts, "\n"+label+"\n")
	text, _, _ := strings.Cut(rest, "\n")
	return text
}

// squeeze leaves single spaces.
func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

// parsePeriod reads "октябрь 2026 г." as "102026".
func parsePeriod(text string) (string, bool) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return "", false
	}
	for month := time.January; month <= time.December; month++ {
		name, _, _ := strings.Cut(templates.Period(time.Date(2000, month, 1, 0, 0, 0, 0, time.UTC)), " ")
		if name == words[0] {
			return fmt.Sprintf("%02d%s", month, words[1]), true
		}
	}
	return "", false
}

// parseSum reads "−1 234,56 ₽".
func parseSum(text string) (engine.Money, bool) {
	text = strings.TrimSuffix(strings.NewReplacer(" ", "", "\u00a0", "", "−", "-", ",", ".").Replace(text), "₽")
	sum, err := engine.ParseMoney(text)
	return sum, err == nil
}
