package bill

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/templates"
)

// TestBillIsReadByOthers prints bills of all kinds and has poppler and zbar read them.
func TestBillIsReadByOthers(t *testing.T) {
	long := strings.Repeat("Общество с ограниченной ответственностью ", 4) + "«Управляющая компания»"
	for name, test := range map[string]struct {
		change func(*Bill)
		says   []string // beside account, month and sum
		pages  int
	}{
		"usual": {func(*Bill) {}, []string{"ПЛАТЁЖНЫЙ ДОКУМЕНТ", "Ёжикова Мария Петровна", "77ВР000001-01-1026", "40702810938000012345", "046577674",
			"30101810500000000674", "6658123450 / 665801001", "Оплатить до 10 ноября 2026 г.", "−120,50", "2 446,22", "22 979,98 ₽", "3 120,55 ₽", "45,12 ₽",
			"Оплата ЖКУ за 10.2026, лицевой счёт 4077000001"}, 1},
		"nowhere to pay":   {func(b *Bill) { b.Payee.BIC = "" }, nil, 1},
		"nothing to pay":   {func(b *Bill) { b.Amount = 0 }, []string{"Платить ничего не нужно"}, 1},
		"overpaid":         {func(b *Bill) { b.Amount, b.Debt = -500_00, -9_000_00 }, []string{"Переплата", "−9 000,00 ₽"}, 1},
		"bare":             {func(b *Bill) { *b = Bill{Provider: "УК", Account: "1", Period: b.Period, Amount: 100} }, nil, 1},
		"many services":    {func(b *Bill) { charge(b, 100) }, []string{"Страница 3 из 3"}, 3},
		"long names":       {func(b *Bill) { b.Provider, b.Payee.Name, b.Payer, b.Address = long, long, long, long }, nil, 2},
		"all peoples":      {func(b *Bill) { b.Payer = "Гөлнәра Җәлилева Ӄэйңын Ҳаҗы Ґалаґан" }, []string{"Гөлнәра Җәлилева Ӄэйңын Ҳаҗы Ґалаґан"}, 1},
		"other alphabets":  {func(b *Bill) { b.Payer = "გიორგი Ἀθῆναι Սարգսյան" }, []string{"გიორგი Ἀθῆναι Սարգսյան"}, 1},
		"letters unknown":  {func(b *Bill) { b.Payer = "王 Ван 🙂" }, []string{"□ Ван □"}, 1},
		"a bar in a name":  {func(b *Bill) { b.Payer, b.Payee.Name = "Иванов|Sum=1", "УК|Sum=1" }, nil, 1},
		"a large sum":      {func(b *Bill) { b.Amount = 99_999_999_99 }, []string{"99 999 999,99 ₽"}, 1},
		"an account long":  {func(b *Bill) { b.Account = strings.Repeat("1234567890", 6) }, nil, 1},
		"no bank account":  {func(b *Bill) { b.Payee.Corr = "" }, nil, 1},
		"a word too wide":  {func(b *Bill) { b.Charges[0].Name = strings.Repeat("Ы", 120) }, nil, 1},
		"spaces in a name": {func(b *Bill) { b.Payer = " Иванов \u00a0 Иван " }, []string{"Иванов Иван"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := usual()
			test.change(b)
			pdf := document(t, b)
			got := show(t, pdf)
			keep(t, name, pdf)
			for _, want := range append(test.says, b.Account, "октябрь 2026 г.", flat(templates.Money(b.Amount))) {
				if !strings.Contains(got.text, want) {
					t.Errorf("it does not say %q:\n%s", want, got.text)
				}
			}
			if got.pages != test.pages {
				t.Errorf("it has %d pages", got.pages)
			}
			if !b.payable() {
				if len(got.codes) > 0 {
					t.Errorf("it has a code: %q", got.codes)
				}
			} else if len(got.codes) != 1 || got.codes[0] != payload(b) {
				t.Errorf("its code says %q, want %q", got.codes, payload(b))
			}
			checkMargins(t, pdf)
		})
	}
}

// keep leaves the documents in the folder that BILLS names, for people to look at.
func keep(t *testing.T, name string, pdf []byte) {
	if dir := os.Getenv("BILLS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".pdf"), pdf, 0o644); err != nil {
			t.Error(err)
		}
	}
}

var wordAt = regexp.MustCompile(`<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)"`)

// checkMargins sees that no word stands in the margins, where printers do not print.
func checkMargins(t *testing.T, pdf []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bill.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	words := wordAt.FindAllStringSubmatch(tool(t, "pdftotext", "-bbox", file, "-"), -1)
	if len(words) < 10 {
		t.Fatalf("only %d words", len(words))
	}
	for _, word := range words {
		at := [4]float64{}
		for i := range at {
			at[i], _ = strconv.ParseFloat(word[i+1], 64)
		}
		if at[0] < margin-1 || at[2] > pageWidth-margin+1 || at[1] < margin-12 || at[3] > pageHeight-margin+8 {
			t.Errorf("a word stands at %v", at)
		}
	}
}

// TestFontsTravelAlong sees that whoever opens a bill needs no font of their own, and that its text can be searched.
func TestFontsTravelAlong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bill.pdf")
	if err := os.WriteFile(file, document(t, usual()), 0o600); err != nil {
		t.Fatal(err)
	}
	fonts := strings.Split(strings.TrimSpace(tool(t, "pdffonts", file)), "\n")[2:]
	if len(fonts) != 2 {
		t.Errorf("%q", fonts)
	}
	for _, font := range fonts {
		if !regexp.MustCompile(`CID TrueType +Identity-H +yes +(yes|no) +yes`).MatchString(font) {
			t.Errorf("%q", font)
		}
	}
	if info := tool(t, "pdfinfo", file); !strings.Contains(info, "Page size:       595") || !strings.Contains(info, "(A4)") ||
		!strings.Contains(info, "Платёжный документ за октябрь 2026 г.") {
		t.Error(info)
	}
}

func TestBillThatCannotBePrinted(t *testing.T) {
	p, err := printer()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Bill){
		"no account": func(b *Bill) { b.Account = "" }, "no month": func(b *Bill) { b.Period = time.Time{} },
		"an account with a letter nobody has": func(b *Bill) { b.Account = "12🙂" },
		"an account with a bar":               func(b *Bill) { b.Account = "12|Sum=1" },
	} {
		b := usual()
		change(b)
		if pdf, err := p.Print(b); err == nil || pdf != nil {
			t.Errorf("%s: %d bytes, %v", name, len(pdf), err)
		}
	}
}

// TestBillsAtOnce prints the same bills from many goroutines, with the small fonts and the whole ones.
func TestBillsAtOnce(t *testing.T) {
	usualPDF := document(t, usual())
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			b := usual()
			if i%2 == 1 {
				b.Payer = "გიორგი"
			}
			if pdf := document(t, b); i%2 == 0 && string(pdf) != string(usualPDF) {
				t.Error("the same bill is printed otherwise")
			}
		})
	}
	running.Wait()
}

// TestDisagreement compares a document with every bill that differs from its own in what matters.
func TestDisagreement(t *testing.T) {
	pdf := document(t, usual())
	if err := (&reader{}).agree(pdf, usual()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Bill){
		"account": func(b *Bill) { b.Account = "4077000002" }, "month": func(b *Bill) { b.Period = b.Period.AddDate(0, 1, 0) },
		"year": func(b *Bill) { b.Period = b.Period.AddDate(1, 0, 0) }, "sum": func(b *Bill) { b.Amount++ }, "sign": func(b *Bill) { b.Amount = -b.Amount },
		"payee's account": func(b *Bill) { b.Payee.Account = "40702810938000012346" }, "BIC": func(b *Bill) { b.Payee.BIC = "046577675" },
		"INN": func(b *Bill) { b.Payee.INN = "6658123451" }, "no code expected": func(b *Bill) { b.Payee.BIC = "" },
	} {
		b := usual()
		change(b)
		if err := (&reader{}).agree(pdf, b); !errors.Is(err, ErrDisagrees) || strings.Contains(err.Error(), b.Account) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForgedDocument puts another's QR code, or none, on a bill, and sees that a damaged document does not pass.
func TestForgedDocument(t *testing.T) {
	p, err := printer()
	if err != nil {
		t.Fatal(err)
	}
	other := usual()
	other.Amount--
	for name, code := range map[string]string{"another's": payload(other), "none": "", "of no standard": "https://example.org", "of two sums": payload(usual()) + "|Sum=1"} {
		pdf, err := newPress().print(p.usual[0], usual(), code)
		if err != nil {
			t.Fatal(err)
		}
		if err := (&reader{}).agree(pdf, usual()); !errors.Is(err, ErrDisagrees) {
			t.Errorf("a code %s: %v", name, err)
		}
	}
	pdf := document(t, usual())
	for at := 100; at < len(pdf); at += len(pdf) / 60 {
		if err := (&reader{}).agree(pdf[:at], usual()); !errors.Is(err, ErrDisagrees) {
			t.Errorf("the first %d bytes: %v", at, err)
		}
	}
	for at := 0; at < len(pdf); at += 97 {
		damaged := bytes.Clone(pdf)
		damaged[at] ^= 0x15
		if err := (&reader{}).agree(damaged, usual()); err != nil && !errors.Is(err, ErrDisagrees) {
			t.Errorf("with byte %d changed: %v", at, err)
		}
	}
}

// TestUnusualLetters prints bills with letters of which no two have the same: each has its own, and the fonts kept for them stay few.
func TestUnusualLetters(t *testing.T) {
	p, err := NewPrinter()
	if err != nil {
		t.Fatal(err)
	}
	for letter := 'ა'; letter < 'ა'+mostRare+3; letter++ {
		b := usual()
		b.Payer, b.Charges[0].Volume = "Müller "+string(letter), "≈ 1"
		pdf, err := p.Print(b)
		if err != nil {
			t.Fatal(err)
		}
		said, err := (&reader{}).read(pdf)
		if err != nil || !strings.Contains(said.texts, b.Payer) || !strings.Contains(said.texts, "≈ 1") {
			t.Errorf("%c: %v: %q", letter, err, said.texts)
		}
	}
	if len(p.rare) > mostRare {
		t.Errorf("%d sets of fonts are kept", len(p.rare))
	}
}

// BenchmarkPrint is what a bill costs, with its being read back.
func BenchmarkPrint(b *testing.B) {
	bill := usual()
	document(b, bill)
	b.ReportAllocs()
	for b.Loop() {
		document(b, bill)
	}
}

// BenchmarkAgree is what reading it back takes of that.
func BenchmarkAgree(b *testing.B) {
	bill := usual()
	pdf, reader := document(b, bill), reader{}
	b.ReportAllocs()
	for b.Loop() {
		if err := reader.agree(pdf, bill); err != nil {
			b.Fatal(err)
		}
	}
}
