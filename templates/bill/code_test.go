package bill

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rsc.io/qr/coding"

	"vestnik/engine"
)

func TestPayload(t *testing.T) {
	want := "ST00012|Name=ООО «УК „Верхнереченск Комфорт“»|PersonalAcc=40702810938000012345|BankName=УРАЛЬСКИЙ БАНК ПАО СБЕРБАНК|BIC=046577674|" +
		"CorrespAcc=30101810500000000674|Sum=815035|Purpose=Оплата ЖКУ за 10.2026, лицевой счёт 4077000001|PayeeINN=6658123450|KPP=665801001|" +
		"LastName=Ёжикова|FirstName=Мария|MiddleName=Петровна|PayerAddress=г. Верхнереченск, ул. Садовая, д. 5, кв. 12|PersAcc=4077000001|" +
		"PaymPeriod=102026|QuittId=77ВР000001-01-1026|TechCode=02"
	if got := payload(usual()); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	b := usual()
	b.Payee.Corr, b.Payee.KPP, b.Payer, b.Address, b.Document = "", "", "ИП Длинное Имя Из Пяти Слов", "", ""
	want = "ST00012|Name=ООО «УК „Верхнереченск Комфорт“»|PersonalAcc=40702810938000012345|BankName=УРАЛЬСКИЙ БАНК ПАО СБЕРБАНК|BIC=046577674|" +
		"CorrespAcc=0|Sum=815035|Purpose=Оплата ЖКУ за 10.2026, лицевой счёт 4077000001|PayeeINN=6658123450|PersAcc=4077000001|PaymPeriod=102026|TechCode=02"
	if got := payload(b); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// required are the fields that ГОСТ Р 56042-2014 demands, in its order.
var required = []string{"Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc"}

// lengths are the most letters a field may have by the standard.
var lengths = map[string]int{"Name": 160, "PersonalAcc": 20, "BankName": 45, "BIC": 9, "CorrespAcc": 20, "Purpose": 210, "PayeeINN": 12, "KPP": 9,
	"PaymPeriod": 6, "TechCode": 2}

// FuzzPayload puts anything into the texts of a bill: the payload stays one that a bank can read, the sum stays the bill's, and no text becomes
// another field.
func FuzzPayload(f *testing.F) {
	f.Add("УК|Sum=1", "Банк\r\nBIC=1", "Иванов|Иван|PersAcc=2", "д. 5 | кв. 1", "1001", "77АА|x", int64(815035))
	f.Add(strings.Repeat("ё|", 300), strings.Repeat(" ", 70)+"Банк", "а б в г", "\xff\xfe", "ЛС №1", "\x00", int64(1))
	f.Add("=", "ST00012", "|", "||", "|", "", int64(1)<<60)
	f.Fuzz(func(t *testing.T, name, bank, payer, address, account, document string, sum int64) {
		b := &Bill{Payee: Payee{Name: name, Account: "40702810938000012345", Bank: bank, BIC: "046577674"}, Payer: payer, Address: address, Account: account,
			Document: document, Period: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Amount: engine.Money(sum)}
		got := payload(b)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x00") {
			t.Fatalf("%q", got)
		}
		code := fields(got)
		if code == nil || code["Sum"] != strconv.FormatInt(sum, 10) || code["PaymPeriod"] != "102026" || code["PersonalAcc"] != "40702810938000012345" {
			t.Fatalf("%q", got)
		}
		for field, value := range code {
			if most, bounded := lengths[field]; bounded && utf8.RuneCountInString(value) > most || value == "" || value != strings.TrimSpace(value) {
				t.Errorf("%s=%q", field, value)
			}
		}
		if !b.payable() || fieldValue(name, 160) == "" || fieldValue(bank, 45) == "" {
			return
		}
		for i, field := range required {
			if at := strings.Split(got, "|")[1+i]; !strings.HasPrefix(at, field+"=") {
				t.Errorf("field %d is %q, want %s", i, at, field)
			}
		}
	})
}

// A code is printed so large that its modules can be told apart, and no larger than the standard lets it be, whatever it says.
func TestPrintedSizeOfCodes(t *testing.T) {
	const millimetre = 72 / 25.4
	d := drawing{plans: map[coding.Version]*coding.Plan{}}
	for _, length := range []int{1, 300, 800, 2331} { // a code of level M holds no more
		_, dotted, err := d.draw(strings.Repeat("x", length))
		if err != nil {
			t.Fatalf("%d bytes: %v", length, err)
		}
		modules := dotted / dots
		side := codeSide(modules)
		if module := side / float64(modules); module < 0.4063*millimetre || side > 80*millimetre {
			t.Errorf("%d bytes: %.1f mm, a module %.3f mm", length, side/millimetre, module/millimetre)
		}
	}
	if _, _, err := d.draw(strings.Repeat("x", 2332)); err == nil {
		t.Error("what no code holds was drawn")
	}
}
