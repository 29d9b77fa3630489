package demo

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/api/intake"
	"vestnik/engine"
	"vestnik/templates"
)

var today = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func TestRequisitesHaveTheirCheckDigits(t *testing.T) {
	// Known numbers: Сбербанк (ИНН, ОГРН) and its correspondent account; an account of the Treasury.
	if got := inn("770708389"); got != "7707083893" {
		t.Errorf("ИНН %s", got)
	}
	if got := ogrn("102770013219"); got != "1027700132195" {
		t.Errorf("ОГРН %s", got)
	}
	if got := bankAccount("025", "30101810000000000225"); got != "30101810400000000225" {
		t.Errorf("корр. счёт %s", got)
	}
	for seed := range uint64(50) {
		c := NewWorld(seed, 1, today).Company
		if inn(c.INN[:9]) != c.INN || ogrn(c.OGRN[:12]) != c.OGRN || len(c.KPP) != 9 || len(c.BIC) != 9 {
			t.Errorf("seed %d: %+v", seed, c)
		}
		if bankAccount(c.BIC[6:], c.Account) != c.Account || bankAccount("0"+c.BIC[4:6], c.Corr) != c.Corr {
			t.Errorf("seed %d: accounts %+v", seed, c)
		}
		if c.INN[:2] != "00" {
			t.Errorf("seed %d: the company could be real: %s", seed, c.INN)
		}
	}
}

var guidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestHouses(t *testing.T) {
	w := NewWorld(7, 20_000, today)
	addresses, flats := map[string]bool{}, 0
	for i, h := range w.Houses {
		if !guidText.MatchString(h.ID) || addresses[h.Address] || h.first != flats {
			t.Fatalf("house %d: %+v", i, h)
		}
		addresses[h.Address] = true
		flats += h.Flats
	}
	if flats != w.Size {
		t.Errorf("%d flats for %d accounts", flats, w.Size)
	}
}

func TestResidents(t *testing.T) {
	w := NewWorld(7, 20_000, today)
	accounts, documents, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	mailboxes, noMail := map[Mailbox]int{}, 0
	for i := range w.Size {
		p := w.Resident(i)
		b, n := w.Bill(p), w.Notice(p)
		if len(p.Account) != 10 || accounts[p.Account] || documents[b.Document] || documents[n.Document] || b.Document == n.Document {
			t.Fatalf("account %d is not one of a kind: %+v %+v", i, p, b)
		}
		accounts[p.Account], documents[b.Document], documents[n.Document] = true, true, true
		if got := len([]rune(b.Document)); got != 18 {
			t.Fatalf("a document's identifier has 18 characters, not %d: %s", got, b.Document)
		}
		sum := b.Debt + b.Penalty
		for _, c := range b.Services {
			sum += c.Charged
		}
		if sum != b.Amount || b.Amount <= 0 || n.Amount != b.Debt+b.Penalty {
			t.Fatalf("account %d: charges of %s add up to %s", i, b.Amount, sum)
		}
		checkName(t, p.Name)
		names[p.Name] = true
		mailboxes[p.Mailbox]++
		if p.Email == "" {
			noMail++
		} else if back, ok := w.At(p.Email); !ok || back != p {
			t.Fatalf("the mail of account %d goes to %+v", i, back)
		} else if !strings.HasSuffix(p.Email, ".example") {
			t.Fatalf("%s could be real", p.Email)
		}
		if p.GIS != "" && !guidText.MatchString(p.GIS) {
			t.Fatalf("GUID %s", p.GIS)
		}
	}
	if len(names) < 15_000 {
		t.Errorf("only %d different names", len(names))
	}
	for _, m := range []Mailbox{Fine, Dead, Full, Greylist, Returns} {
		if mailboxes[m] < 50 {
			t.Errorf("%d mailboxes of kind %d", mailboxes[m], m)
		}
	}
	if noMail < 400 || noMail > 800 {
		t.Errorf("%d without mail", noMail)
	}
}

// checkName sees to it that surname, name and patronymic are of one gender.
func checkName(t *testing.T, full string) {
	t.Helper()
	parts := strings.Fields(full)
	if len(parts) != 3 {
		t.Fatalf("name %q", full)
	}
	she := strings.HasSuffix(parts[2], "на")
	for _, s := range surnames {
		if s.he == s.she || parts[0] != s.he && parts[0] != s.she {
			continue
		}
		if parts[0] != s.of(she) {
			t.Fatalf("name %q", full)
		}
		return
	}
}

func TestNobodyIsAtOtherAddresses(t *testing.T) {
	w := NewWorld(1, 10, today)
	for _, address := range []string{"", "@", "ivanov@mail.example", "ivanov.10@mail.example", "ivanov.-1@mail.example", "nobody.3@mail.example"} {
		if p, ok := w.At(address); ok {
			t.Errorf("%q: %+v", address, p)
		}
	}
}

func TestASeedMakesOneWorld(t *testing.T) {
	read := func(seed uint64, kind engine.Kind) []byte {
		a, err := NewWorld(seed, 400, today).Audience(t.TempDir(), kind)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(a.File)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, kind := range Kinds() {
		if !bytes.Equal(read(3, kind), read(3, kind)) {
			t.Errorf("%s: the same seed makes two lists", kind)
		}
		if bytes.Equal(read(3, kind), read(4, kind)) {
			t.Errorf("%s: two seeds make one list", kind)
		}
	}
	a, b := NewWorld(3, 400, today), NewWorld(3, 400, today)
	for i := range a.Size { // in another order
		j := a.Size - 1 - i
		if a.Fate(a.Resident(j), engine.KindBill) != b.Fate(b.Resident(j), engine.KindBill) {
			t.Fatalf("account %d has two fates", j)
		}
	}
}

// TestListsAreUnderstood reads every list as the API does: nothing may be rejected, and the templates must have all they require.
func TestListsAreUnderstood(t *testing.T) {
	w := NewWorld(1, 600, today)
	for _, kind := range Kinds() {
		a, err := w.Audience(t.TempDir(), kind)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(a.File)
		if err != nil {
			t.Fatal(err)
		}
		format, err := intake.FormatOf(a.Type, "")
		if err != nil {
			t.Fatal(err)
		}
		order := w.Order(kind, "https://site.example")
		text, err := templates.Builtin().Find(t.Context(), engine.TemplateRef{Name: order.Template})
		if err != nil {
			t.Fatal(err)
		}
		vars, err := json.Marshal(order.Vars)
		if err != nil {
			t.Fatal(err)
		}
		rows, people := intake.NewReader(file, format, intake.Options{}), 0
		for row, err := range all(rows) {
			if err != nil || len(row.Problems) > 0 {
				t.Fatalf("%s: %v %v", kind, err, row.Problems)
			}
			if problems := text.Check(vars, &row.Recipient); len(problems) > 0 {
				t.Fatalf("%s: %v", kind, problems)
			}
			if unknown := text.Unknown(row.Recipient.Vars); len(unknown) > 0 && kind != engine.KindOutage {
				t.Fatalf("%s: nobody needs %v", kind, unknown)
			}
			people++
		}
		_ = file.Close()
		if people != a.Rows || people == 0 {
			t.Errorf("%s: %d rows, %d written", kind, people, a.Rows)
		}
	}
}

func all(r *intake.Reader) func(func(intake.Row, error) bool) {
	return func(yield func(intake.Row, error) bool) {
		for {
			row, err := r.Next()
			if err == io.EOF || !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func TestPayments(t *testing.T) {
	w := NewWorld(5, 5000, today)
	ways, twice, beforehand := map[Paying]int{}, 0, len(w.beforehand(engine.KindBill))
	for i := range w.Size {
		p := w.Resident(i)
		f := w.Fate(p, engine.KindBill)
		list := w.Payments(p, f, engine.KindBill)
		paid, seen := engine.Money(0), map[string]bool{}
		for _, payment := range list {
			if (payment.DocumentID == "") == (payment.Account == "") || (payment.Account == "") != (payment.Period == "") || payment.Amount <= 0 {
				t.Fatalf("payment %+v", payment)
			}
			if seen[payment.Reference] {
				twice++
				continue
			}
			seen[payment.Reference] = true
			paid += payment.Amount
		}
		ways[f.Pays]++
		switch amount := w.Bill(p).Amount; {
		case f.Pays == Never && len(list) > 0, (f.Pays == InFull || f.Pays == InTwo) && paid != amount, f.Pays == InPart && (paid >= amount || paid == 0):
			t.Fatalf("account %d pays %s of %s in way %d", i, paid, amount, f.Pays)
		}
		if len(w.Payments(p, f, engine.KindOutage)) > 0 {
			t.Fatal("an outage is paid for")
		}
	}
	if ways[InFull] < 1000 || ways[InTwo] < 20 || ways[InPart] < 20 || twice < 10 || beforehand < 50 {
		t.Errorf("ways %v, %d twice, %d beforehand", ways, twice, beforehand)
	}
}

func TestOrdersAreJSON(t *testing.T) {
	w := NewWorld(1, 10, today)
	for _, kind := range Kinds() {
		o := w.Order(kind, "https://site.example")
		if problems := o.Route.Check(kind); len(problems) > 0 {
			t.Errorf("%s: %v", kind, problems)
		}
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var back client.Order
		if err := json.Unmarshal(text, &back); err != nil || back.Name != o.Name || back.Template == "" {
			t.Errorf("%s: %v %s", kind, err, text)
		}
	}
}

func BenchmarkResident(b *testing.B) {
	w := NewWorld(1, 100_000, today)
	for i := 0; b.Loop(); i++ {
		w.Bill(w.Resident(i % w.Size))
	}
}

func TestAccountsHaveOwners(t *testing.T) {
	for _, seed := range []uint64{0, 1, 7, 123_456_789_012} {
		w := NewWorld(seed, 500, today)
		for i := range w.Size {
			if p, ok := w.Owner(w.account(i)); !ok || p.Number != i {
				t.Fatalf("seed %d: account %d belongs to %d, %v", seed, i, p.Number, ok)
			}
		}
		for _, account := range []string{"", "40", "4000000000000", "x", w.account(500)} {
			if p, ok := w.Owner(account); ok {
				t.Errorf("account %q belongs to %d", account, p.Number)
			}
		}
	}
}
