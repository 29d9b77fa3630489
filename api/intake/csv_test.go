package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"vestnik/api/intake"
)

func windows1251(t testing.TB, text string) string {
	t.Helper()
	out, err := charmap.Windows1251.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCSVShapes(t *testing.T) {
	const russian = "Лицевой счёт;ФИО;Эл. почта;Сумма;Оплатить до\n0012;Пётр Ёлкин;p@почта.рф;1 234,56;10.11.2026\n"
	const want = `2 {"account":"0012","name":"Пётр Ёлкин","email":"p@почта.рф","amount":"1234.56","due_date":"2026-11-10"}`
	const plain = "account,name\n1,A\n2,B\n"
	const plainWant = "2 {\"account\":\"1\",\"name\":\"A\"}\n3 {\"account\":\"2\",\"name\":\"B\"}"
	check(t, csvType, []reading{
		{"UTF-8", russian, want},
		{"UTF-8 with BOM", "\ufeff" + russian, want},
		{"Windows-1251", windows1251(t, russian), want},
		{"commas", plain, plainWant},
		{"tabs", strings.ReplaceAll(plain, ",", "\t"), plainWant},
		{"sep line of Excel", "sep=;\n" + strings.ReplaceAll(plain, ",", ";"), "3 {\"account\":\"1\",\"name\":\"A\"}\n4 {\"account\":\"2\",\"name\":\"B\"}"},
		{"CRLF", strings.ReplaceAll(plain, "\n", "\r\n"), plainWant},
		{"CR", strings.ReplaceAll(plain, "\n", "\r"), plainWant},
		{"CR CR LF", strings.ReplaceAll(plain, "\n", "\r\r\n"), plainWant},
		{"no line end at the end", strings.TrimSuffix(plain, "\n"), plainWant},
		{"commas in a header of semicolons", "ЛС;Сумма, руб.;Адрес, дом, кв\n1;5;ул. Мира\n", `2 {"account":"1","vars":{"Сумма, руб.":"5","Адрес, дом, кв":"ул. Мира"}}`},
		{"headers in any shape", " ЛИЦЕВОЙ СЧЕТ ;E-Mail;vk id;Due-Date\n1;a@b.ru;7;2026-11-10\n", `2 {"account":"1","email":"a@b.ru","vk_id":7,"due_date":"2026-11-10"}`},
		{"blank lines and rows", "\n\r\naccount;name\n\n1;A\n ; \n;\n  \n2;B", "5 {\"account\":\"1\",\"name\":\"A\"}\n9 {\"account\":\"2\",\"name\":\"B\"}"},
		{"surplus empty cells", "account;name;;\n1;A;;;;\n2;B;;x\n", "2 {\"account\":\"1\",\"name\":\"A\"}\n3 ✗ 3:6 no_column_name"},
		{"quotes", "account;name;note\n\"1\";\"A; \"\"B\"\"\";\"\"\n2;ООО \"Роза\";5\" труба\n", `2 {"account":"1","name":"A; \"B\""}` + "\n" + `3 {"account":"2","name":"ООО \"Роза\"","vars":{"note":"5\" труба"}}`},
		{"a cell of several lines", "account,note\n1,\"a\r\nb\tc\"\n2,d\n", `2–3 {"account":"1","vars":{"note":"a\r\nb\tc"}}` + "\n" + `4 {"account":"2","vars":{"note":"d"}}`},
		{"variables", "account,services,a\"b\\,\n1,\"[\"\"x\"\"]\",back\\slash,\n", `2 {"account":"1","vars":{"services":"[\"x\"]","a\"b\\":"back\\slash"}}`},
		{"spaces around", "account,name\n\u00a01 ,\u200b A\u202f\n", `2 {"account":"1","name":"A"}`},
		{"the same numbers in other cells", "account,period,due_date,timezone\n1,2026-10,2026-11-10,Europe/Moscow\n2,2026-10,2026-11-10,Europe/Moscow\n", `
2 {"account":"1","timezone":"Europe/Moscow","period":"2026-10","due_date":"2026-11-10"}
3 {"account":"2","timezone":"Europe/Moscow","period":"2026-10","due_date":"2026-11-10"}`},
	})
}

func TestCSVHostile(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	many := strings.Repeat("x\n", intake.MaxRow)
	check(t, csvType, []reading{
		{"too few and too many cells", "account,name\n1\n2,B,C\n3,D\n", "2 ✗ 2:0 wrong_cell_count\n3 ✗ 3:0 wrong_cell_count\n4 {\"account\":\"3\",\"name\":\"D\"}"},
		{"a quote never closed", "account,name\n1,A\n2,\"B\n3,C\n", "2 {\"account\":\"1\",\"name\":\"A\"}\n3 ✗ 3:3 unclosed_quote\n4 {\"account\":\"3\",\"name\":\"C\"}"},
		{"a quote closed by another's", "account,name\n2,\"B\n3,\"C\"\n4,D\n", "2 ✗ 2:3 unclosed_quote\n3 {\"account\":\"3\",\"name\":\"C\"}\n4 {\"account\":\"4\",\"name\":\"D\"}"},
		{"a quote that swallows whole rows", "account,name,x\n1,\"A\n2,B,5\"\n3,C,6\n", "2 ✗ 2:0 wrong_cell_count\n3 ✗ 3:6 bad_quote\n4 {\"account\":\"3\",\"name\":\"C\",\"vars\":{\"x\":\"6\"}}"},
		{"a quote that swallows a row and fits", "account,name,x\n1,\"A\n2,B\",5\n3,C,6\n", "2 ✗ 2:5 name line_end\n3 ✗ 3:4 bad_quote\n4 {\"account\":\"3\",\"name\":\"C\",\"vars\":{\"x\":\"6\"}}"},
		{"good rows between two stray quotes", "account,name\n1,\"A\n2,B\n3,C\n4,D\"\n5,\"E\"\n", "2 ✗ 2:5 name line_end\n3 {\"account\":\"2\",\"name\":\"B\"}\n4 {\"account\":\"3\",\"name\":\"C\"}\n5 ✗ 5:4 bad_quote\n6 {\"account\":\"5\",\"name\":\"E\"}"},
		{"a quote in the last line", "account,name\n1,A\n2,\"", "2 {\"account\":\"1\",\"name\":\"A\"}\n3 ✗ 3:3 unclosed_quote"},
		{"text behind a quote", "account,name\n1,\"A\"B\n2,C\n", "2 ✗ 2:5 bad_quote\n3 {\"account\":\"2\",\"name\":\"C\"}"},
		{"a quote open for longer than a row may be", "account,name\n1,\"A\n" + many[:1000] + "2,B\n", "2 ✗ 2:3 unclosed_quote\n" + ragged(3, 500) + "503 {\"account\":\"2\",\"name\":\"B\"}"},
		{"a cell of 10 MB", "account,name\n1,A\n2," + long + "\n3,C\n", "2 {\"account\":\"1\",\"name\":\"A\"}\n3 ✗ 3:0 row_too_long\n4 {\"account\":\"3\",\"name\":\"C\"}"},
		{"a quoted cell of 10 MB", "account,name\n2,\"" + long + "\"\n3,C\n", "2 ✗ 2:0 row_too_long\n3 {\"account\":\"3\",\"name\":\"C\"}"},
		{"10 MB at the end", "account,name\n1,A\n" + long, "2 {\"account\":\"1\",\"name\":\"A\"}\n3 ✗ 3:0 row_too_long"},
		{"NUL and control characters", "account,name,note\n1,A\x00B,\n2,\x07,x\x7f\n\"3\n4\",\"a\nb\",\"c\nd\"\n", "2 ✗ 2:4 name bad_character\n3 ✗ 3:3 name bad_character, 3:6 note bad_character\n4 ✗ 4:3 account line_end, 5:6 name line_end\n5 ✗ 5:2 bad_quote\n6 ✗ 6:2 bad_quote\n7 ✗ 7:2 bad_quote"},
		{"a CR in a cell", "account,name\n1,A\rB\n", "2 ✗ 2:4 name line_end"},
		{"a byte in another encoding", "account,ФИО\n1,Ёж\n2,\xc8\xe2\xe0\xed\n3,Ян\n", "2 {\"account\":\"1\",\"name\":\"Ёж\"}\n3 ✗ 3:3 name bad_encoding\n4 {\"account\":\"3\",\"name\":\"Ян\"}"},
		{"formulas", "account,name,note,phone\n=1+1,@SUM(A1),+cmd|' /C calc'!A0,+7 (495) 123-45-67 доб. 3\n1,\"\tA\",-5 °C,+\n", "2 ✗ 2:1 account formula, 2:6 name formula, 2:15 note formula\n3 ✗ 3:3 name formula, 3:14 phone formula"},
		{"what spreadsheets break", "account,name\n\"1,23457E+11\",#Н/Д\n1E+5,#REF!\n", "2 ✗ 2:1 account rounded_account, 2:15 name spreadsheet_error\n3 ✗ 3:1 account rounded_account, 3:6 name spreadsheet_error"},
		{"all problems of a row at once", "ФИО;account;email;amount;due_date;period;house;vk_id;timezone;delivery\nЁж;;a@b;1.234;31.02.2026;2026-13;5;durov;Moscow;pigeon\n", "2 ✗ 2:4 account required, 2:5 email bad_email, 2:9 amount bad_amount, 2:15 due_date bad_date, 2:26 period bad_period, 2:34 house bad_guid, 2:36 vk_id bad_vk_id, 2:42 timezone bad_timezone, 2:49 delivery bad_delivery"},
		{"spaces for an account", "account,name\n  ,A\n", "2 ✗ 2:1 account required"},
		{"long values", "account,name\n" + strings.Repeat("ж", 65) + "," + strings.Repeat("я", 257) + "\n" + strings.Repeat("ж", 64) + "," + strings.Repeat("я", 256) + "\n", "2 ✗ 2:1 account too_long, 2:67 name too_long\n3 {\"account\":\"" + strings.Repeat("ж", 64) + "\",\"name\":\"" + strings.Repeat("я", 256) + "\"}"},
	})
}

func ragged(from, n int) string {
	var out strings.Builder
	for i := range n {
		out.WriteString(strings.ReplaceAll("# ✗ #:0 wrong_cell_count\n", "#", fmt.Sprint(from+i)))
	}
	return out.String()
}

func TestCSVFilesRefused(t *testing.T) {
	check(t, csvType, []reading{
		{"empty", "", "! 0:0 empty"},
		{"blank", "\r\n\n  \n", "! 0:0 empty"},
		{"a mark alone", "\ufeff", "! 0:0 empty"},
		{"header only", "account;name\n", "! 1:0 no_rows"},
		{"header and blank lines", "account;name\n\n;\n", "! 3:0 no_rows"},
		{"no account", "name;email\nA;a@b.ru\n", "! 1:0 account no_account_column"},
		{"no header", "0012345;Пётр;p@x.ru\n0012346;Яна;y@x.ru\n", "! 1:0 account no_header"},
		{"the same column twice", "account;ЛС;name;x;x;X\n1;1;A;1;2;3\n", "! 1:9 account duplicate_column, 1:19 x duplicate_column"},
		{"an account nowhere and a formula", "=x;name\n", "! 1:1 bad_header, 1:0 account no_account_column"},
		{"a header never closed", "\"account;name\n1;A\n", "! 1:0 bad_header"},
		{"a header that is no text", "account;n\x01\n1;A\n", "! 1:9 bad_header"},
		{"too many columns", "account" + strings.Repeat(",x", 300) + "\n", "! 1:0 too_many_columns"},
		{"UTF-16 with a mark", "\xff\xfea\x00c\x00", "! 1:0 utf16"},
		{"UTF-16 without", "a\x00c\x00c\x00o\x00u\x00n\x00t\x00\n\x00", "! 1:0 utf16"},
		{"a workbook", "PK\x03\x04\x14\x00\x06\x00", "! 1:0 workbook"},
		{"gzip without a word", "\x1f\x8b\x08\x00", "! 1:0 undeclared_gzip"},
		{"code page 866", "account,name\n1,\x88\xa2\xa0\xad\x8e\xa2\n", "! 1:0 unknown_encoding"},
		{"Windows-1251 that goes on in UTF-8", windows1251(t, "ЛС;ФИО\n1;"+strings.Repeat("Ёжик", 80<<10)+"\n") + strings.Repeat("1;Ёжик\n", 40<<10), "2 ✗ 2:0 row_too_long\n! 3:0 mixed_encoding"},
	})
}

func TestVariablesAreListed(t *testing.T) {
	for contentType, text := range map[string]string{
		csvType:    "account;Тариф;;debt\n1;2;;3\n",
		ndjsonType: `{"account":"1","Тариф":2,"vars":{"debt":3}}` + "\n" + `{"account":"2","Тариф":2}`,
	} {
		reader := intake.NewReader(strings.NewReader(text), formatOf(t, contentType, ""), intake.Options{})
		show(reader)
		if got := strings.Join(reader.Variables(), "|"); got != "Тариф|debt" {
			t.Errorf("%s: variables %q", contentType, got)
		}
	}
}
