package intake_test

import (
	"strings"
	"testing"

	"vestnik/api/intake"
)

// TestFields reads one value of one column, and compares what became of it: the value, or "✗" and the code.
func TestFields(t *testing.T) {
	for _, c := range []struct{ column, value, want string }{
		{"email", "a@b.ru", "a@b.ru"},
		{"email", "Ivan.Petrov+zhku@mail.example.ru", "Ivan.Petrov+zhku@mail.example.ru"},
		{"email", "иван@почта.рф", "иван@почта.рф"},
		{"email", "ivan@почта.рф", "ivan@почта.рф"},
		{"email", "a@xn--80a1acny.xn--p1ai", "a@xn--80a1acny.xn--p1ai"},
		{"email", "ivаn@mail.ru", "✗bad_email"}, // a Russian а
		{"email", "ivan@mаil.ru", "✗bad_email"}, // here too
		{"email", "a@b", "✗bad_email"},
		{"email", "a@b..ru", "✗bad_email"},
		{"email", "a@b.ru.", "✗bad_email"},
		{"email", "a@-b.ru", "✗bad_email"},
		{"email", "a@127.0.0.1", "✗bad_email"},
		{"email", "a@[127.0.0.1]", "✗bad_email"},
		{"email", "a..b@c.ru", "✗bad_email"},
		{"email", ".a@c.ru", "✗bad_email"},
		{"email", "a.@c.ru", "✗bad_email"},
		{"email", "a@b@c.ru", "✗bad_email"},
		{"email", "@c.ru", "✗formula"},
		{"email", "a b@c.ru", "✗bad_email"},
		{"email", "a@b.ru, c@d.ru", "✗bad_email"},
		{"email", "Иван <a@b.ru>", "✗bad_email"},
		{"email", "a\u200b@b.ru", "✗bad_email"},
		{"email", strings.Repeat("a", 64) + "@b.ru", strings.Repeat("a", 64) + "@b.ru"},
		{"email", strings.Repeat("a", 65) + "@b.ru", "✗bad_email"},
		{"email", "a@" + strings.Repeat("b.", 126) + "ru", "✗bad_email"},
		{"email", "нет", "✗bad_email"},
		{"vk_id", "123", "123"},
		{"vk_id", "id123", "123"},
		{"vk_id", "https://vk.com/id123", "123"},
		{"vk_id", "https://m.vk.com/id123/", "123"},
		{"vk_id", "vk.ru/id123", "123"},
		{"vk_id", "0", "✗bad_vk_id"},
		{"vk_id", "-1", "✗bad_vk_id"},
		{"vk_id", "durov", "✗bad_vk_id"},
		{"vk_id", "9223372036854775808", "✗bad_vk_id"},
		{"house", "5E3C7D52-11AA-4D0C-9F00-00000000000F", "5e3c7d52-11aa-4d0c-9f00-00000000000f"},
		{"house", "5e3c7d52-11aa-4d0c-9f00-00000000000", "✗bad_guid"},
		{"house", "5e3c7d52-11aa-4d0c-9f00-00000000000g", "✗bad_guid"},
		{"house", "5e3c7d52x11aa-4d0c-9f00-00000000000f", "✗bad_guid"},
		{"house", "5e3c7d52-11aa-4d0c-9f00-0000000000-f", "✗bad_guid"},
		{"gis_account_guid", "00000000-0000-0000-0000-000000000000", "✗bad_guid"},
		{"timezone", "Europe/Moscow", "Europe/Moscow"},
		{"timezone", "Local", "✗bad_timezone"},
		{"timezone", "../etc/passwd", "✗bad_timezone"},
		{"timezone", "МСК", "✗bad_timezone"},
		{"delivery", "electronic", "electronic"},
		{"delivery", "Бумажная", "paper"},
		{"delivery", "обе", "both"},
		{"delivery", "Электронная и бумажная", "both"},
		{"delivery", "почтой", "✗bad_delivery"},
		{"period", "2026-10", "2026-10"},
		{"period", "10.2026", "2026-10"},
		{"period", "10/2026", "2026-10"},
		{"period", "Октябрь 2026", "2026-10"},
		{"period", "октября  2026 г.", "2026-10"},
		{"period", "март 2026 года", "2026-03"},
		{"period", "мая 2026", "2026-05"},
		{"period", "май 2026 гг", "✗bad_period"},
		{"period", "2026-00", "✗bad_period"},
		{"period", "1026-10", "✗bad_period"},
		{"period", "окт 2026", "✗bad_period"},
		{"period", "+026-10", "✗bad_period"},
		{"due_date", "2026-11-10", "2026-11-10"},
		{"due_date", "10.11.2026", "2026-11-10"},
		{"due_date", "1.2.2026", "2026-02-01"},
		{"due_date", "29.02.2028", "2028-02-29"},
		{"due_date", "29.02.2026", "✗bad_date"},
		{"due_date", "2026-11-31", "✗bad_date"},
		{"due_date", "11/10/2026", "✗bad_date"},
		{"due_date", "10.11.26", "✗bad_date"},
		{"due_date", "2026-1-100", "✗bad_date"},
		{"amount", "1234.56", "1234.56"},
		{"amount", "1 234,56", "1234.56"},
		{"amount", "1\u00a0234,5", "1234.50"},
		{"amount", "0", "0.00"},
		{"amount", "-10,00", "-10.00"},
		{"amount", "999999999.99", "999999999.99"},
		{"amount", "1000000000.00", "1000000000.00"},
		{"amount", ".50", "✗bad_amount"},
		{"amount", "1,234.56", "✗bad_amount"},
		{"amount", "1,234", "✗bad_amount"},
		{"amount", "12 руб.", "✗bad_amount"},
		{"amount", "1e3", "✗bad_amount"},
		{"amount", "=5", "✗bad_amount"},
		{"document_id", strings.Repeat("9", 64), strings.Repeat("9", 64)},
		{"document_id", strings.Repeat("9", 65), "✗too_long"},
		{"premises", "12а", "12а"},
		{"phone", "+7 495 123-45-67", "+7 495 123-45-67"},
		{"phone", "+", "✗formula"},
		{"note", "-", "-"},
		{"note", "+cmd", "✗formula"},
		{"note", " =1", "✗formula"},
	} {
		got := read(t, csvType, "account;"+c.column+"\n1;"+c.value+"\n")
		want := `"` + c.want + `"`
		if c.column == "vk_id" {
			want = ":" + c.want
		}
		if code, bad := strings.CutPrefix(c.want, "✗"); bad {
			want = "✗ 2:3 " + c.column + " " + code
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s %q: %swant %s", c.column, c.value, got, want)
		}
	}
}

func TestProblemsHoldNoValues(t *testing.T) {
	const secret = "Тайна"
	for contentType, text := range map[string]string{
		csvType:    "account;name;email;amount;period\n" + secret + ";=" + secret + ";" + secret + ";" + secret + ";" + secret + "\n",
		ndjsonType: `{"account":"=` + secret + `","email":"` + secret + `","amount":"` + secret + `","x":` + secret,
	} {
		row, err := intake.NewReader(strings.NewReader(text), formatOf(t, contentType, ""), intake.Options{}).Next()
		if err != nil || len(row.Problems) < 3 {
			t.Fatal(err, row.Problems)
		}
		for _, p := range row.Problems {
			if strings.Contains(p.Message, secret) {
				t.Errorf("%s tells a value: %s", p.Code, p.Message)
			}
		}
	}
}
