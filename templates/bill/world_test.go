package bill

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/templates"
)

// printer is the one that all tests share: cutting fonts takes a while.
var printer = sync.OnceValues(NewPrinter)

// usual is a bill like most.
func usual() *Bill {
	b := &Bill{
		Provider: "ООО «УК „Верхнереченск Комфорт“»", ProviderINN: "6658123450",
		Payee: Payee{"ООО «УК „Верхнереченск Комфорт“»", "6658123450", "665801001", "40702810938000012345", "УРАЛЬСКИЙ БАНК ПАО СБЕРБАНК",
			"046577674", "30101810500000000674"},
		Account: "4077000001", Document: "77ВР000001-01-1026", Period: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC),
		Due: time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC), Payer: "Ёжикова Мария Петровна", Address: "г. Верхнереченск, ул. Садовая, д. 5, кв. 12",
		Area: "54,3 м²", Residents: "3 чел.", Debt: 3_120_55, Penalty: 45_12, Amount: 815_035,
	}
	return charge(b, 9)
}

// charge gives a bill some services, one of which was recalculated.
func charge(b *Bill, n int) *Bill {
	b.Charges = nil
	for i := range n {
		c := templates.Charge{Name: "Отопление", Unit: "Гкал", Volume: "1,032", Rate: "2\u00a0487,13", Charged: 2_566_72}
		if i == 2 {
			c.Name, c.Unit, c.Recalculated = "Обращение с твёрдыми коммунальными отходами (региональный оператор)", "чел.", -120_50
		}
		b.Charges = append(b.Charges, c)
	}
	return b
}

func document(t testing.TB, b *Bill) []byte {
	t.Helper()
	p, err := printer()
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := p.Print(b)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

// shown is what programs that know nothing of us make of a document.
type shown struct {
	text  string // spaces made single ones
	codes []string
	pages int
}

// show has a document read by poppler, and its QR codes by zbar from the pages as they would be printed at 150 dots an inch.
func show(t testing.TB, pdf []byte) (s shown) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "bill.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	s.text = squeeze(tool(t, "pdftotext", "-raw", file, "-"))
	tool(t, "pdftoppm", "-r", "150", "-gray", "-png", file, filepath.Join(dir, "page"))
	pages, err := filepath.Glob(filepath.Join(dir, "page-*.png"))
	if err != nil {
		t.Fatal(err)
	}
	s.pages = len(pages)
	for _, page := range pages {
		out, err := exec.Command("zbarimg", "--quiet", "--raw", page).Output() // its exit code 4 says that there is no code
		if code, exited := err.(*exec.ExitError); err != nil && (!exited || code.ExitCode() != 4) {
			t.Fatal(err)
		}
		if len(out) > 0 {
			s.codes = append(s.codes, strings.TrimSuffix(string(out), "\n"))
		}
	}
	return s
}

func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	command := exec.Command(name, args...)
	var complaints strings.Builder
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v (.ci/install installs what is missing)", name, err)
	}
	if complaints.Len() > 0 {
		t.Errorf("%s finds fault with the document: %s", name, &complaints)
	}
	return string(out)
}
