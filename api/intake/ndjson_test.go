package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"vestnik/api/intake"
)

func TestNDJSON(t *testing.T) {
	check(t, ndjsonType, []reading{
		{"all fields", `{"account":"12","name":"Пётр","email":"p@x.ru","vk_id":5,"gis_account_guid":"0F2B5C1A-7D4E-4A90-8C11-00000000000A","house":"5e3c7d52-11aa-4d0c-9f00-000000000001","premises":12,"timezone":"Asia/Omsk","delivery":"both","document_id":77,"period":"10.2026","amount":1234.5,"due_date":"10.11.2026"}`,
			`1 {"account":"12","name":"Пётр","email":"p@x.ru","vk_id":5,"gis_account_guid":"0f2b5c1a-7d4e-4a90-8c11-00000000000a","house":"5e3c7d52-11aa-4d0c-9f00-000000000001","premises":"12","timezone":"Asia/Omsk","delivery":"both","document_id":"77","period":"2026-10","amount":"1234.50","due_date":"2026-11-10"}`},
		{"Russian keys", `{"Лицевой счёт":"1","ФИО":"A","Сумма":"1 234,56"}`, `1 {"account":"1","name":"A","amount":"1234.56"}`},
		{"variables", `{"account":1, "services": [{"name":"Вода","rate":12.340}], "vars":{"amount":1e2,"debt":"5"},"x":null,"y":""}`,
			`1 {"account":"1","vars":{"services":[{"name":"Вода","rate":12.340}],"amount":1e2,"debt":"5","y":""}}`},
		{"null and empty are absent", `{"account":"1","name":null,"email":"","vk_id":null,"amount":null,"vars":null}`, `1 {"account":"1"}`},
		{"escapes", `{"acc\u006funt":"\u0031","name":"\u041f\u0451\"\\\/","k\"":"\ud83d\ude00\n"}`, `1 {"account":"1","name":"Пё\"\\/","vars":{"k\"":"\ud83d\ude00\n"}}`},
		{"mark, CRLF, blank lines, spaces", "\ufeff{\"account\":\"1\"}\r\n\r\n \t\n \t{ \"account\" : \"2\" , \"x\" : [ 1 , true ] } \n{\"account\":\"3\"}", "1 {\"account\":\"1\"}\n4 {\"account\":\"2\",\"vars\":{\"x\":[1,true]}}\n5 {\"account\":\"3\"}"},
		{"kopecks are exact", `{"account":"1","amount":90071992547.01}`, `1 {"account":"1","amount":"90071992547.01"}`},
		{"empty", "\n\n", "! 0:0 empty"},
		{"nothing", "", "! 0:0 empty"},
	})
}

func TestNDJSONHostile(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	var wide strings.Builder
	for i := range 300 {
		fmt.Fprintf(&wide, `,"v%d":1`, i)
	}
	bad := []reading{
		{"no JSON", `hello`, "1:1 bad_json"},
		{"no object", `"account"`, "1:1 not_an_object"},
		{"an array", `[{"account":"1"}]`, "1:1 array"},
		{"cut off", `{"account":"1"`, "1:15 bad_json"},
		{"a comma too many", `{"account":"1",}`, "1:16 bad_json"},
		{"a comma too few", `{"account":"1" "name":"A"}`, "1:16 bad_json"},
		{"text behind", `{"account":"1"} x`, "1:17 bad_json"},
		{"NUL behind", "{\"account\":\"1\"}\x00", "1:16 bad_json"},
		{"two objects", `{"account":"1"}{"account":"2"}`, "1:16 bad_json"},
		{"an unknown escape", `{"account":"1","Ё":"\x"}`, "1:21 bad_escape"},
		{"half a surrogate pair", `{"account":"1","x":"\ud83d"}`, "1:21 bad_escape"},
		{"NUL", `{"account":"1","x":"\u0000"}`, "1:21 bad_character"},
		{"a raw control character", "{\"account\":\"1\",\"x\":\"\x01\"}", "1:21 bad_character"},
		{"a line end in a name", `{"account":"1","name":"A\nB"}`, "1:23 name line_end"},
		{"the same key twice", `{"account":"1","x":1,"x":2,"ЛС":"3"}`, "1:22 x duplicate_key, 1:28 account duplicate_key"},
		{"a variable twice", `{"account":"1","x":1,"vars":{"x":2}}`, "1:30 x duplicate_key"},
		{"the same key twice, deep", `{"account":"1","x":[{"a":{"b":1},"b":2,"a":3}]}`, "1:40 duplicate_key"},
		{"an empty key", `{"account":"1","":2}`, "1:16 no_key"},
		{"an empty key, deep", `{"account":"1","x":{"":2}}`, "1:21 no_key"},
		{"vars no object", `{"account":"1","vars":[1]}`, "1:23 vars vars_no_object"},
		{"wrong types", `{"account":{},"name":true,"premises":1.5,"email":[],"amount":false,"vk_id":1e3}`, "1:12 account wrong_type, 1:22 name wrong_type, 1:38 premises wrong_type, 1:50 email wrong_type, 1:62 amount wrong_type, 1:76 vk_id wrong_type"},
		{"numbers that are none", `{"account":"1","x":01}`, "1:21 bad_json"},
		{"numbers too large", `{"account":"1","x":1e999}`, "1:20 bad_number"},
		{"an amount in powers", `{"account":"1","amount":1e3}`, "1:25 amount bad_amount"},
		{"an amount of a third of a kopeck", `{"account":"1","amount":0.333}`, "1:25 amount bad_amount"},
		{"too deep", `{"account":"1","x":` + deep + `}`, "1:51 too_deep"},
		{"too many variables", `{"account":"1"` + wide.String() + `}`, "1:2210 too_many_variables"},
		{"no account", `{"name":"A"}`, "1:0 account required"},
		{"an empty account", `{"account":" ","email":"a"}`, "1:24 email bad_email, 1:0 account required"},
		{"formulas", `{"account":"=1","name":"@x","x":"=free"}`, "1:12 account formula, 1:24 name formula"},
		{"no UTF-8", "{\"account\":\"Ё\xff\"}", "1:14 bad_encoding"},
		{"too long", `{"account":"1","x":"` + strings.Repeat("x", 10<<20) + `"}`, "1:0 row_too_long"},
	}
	for i := range bad {
		bad[i].want = "1 ✗ " + bad[i].want + "\n2 {\"account\":\"good\"}"
		bad[i].text += "\n{\"account\":\"good\"}\n"
	}
	check(t, ndjsonType, bad)
}

func TestRowsOfMaxRow(t *testing.T) {
	for _, c := range []struct{ contentType, begin, end string }{{csvType, "account,x\n1,", "\n"}, {ndjsonType, `{"account":"1","x":"`, "\"}\n"}} {
		_, row, _ := strings.Cut("\n"+c.begin, "\n")
		if c.contentType == csvType {
			row = "1,"
		}
		fits := strings.Repeat("x", intake.MaxRow-len(row)-len(c.end))
		if got := read(t, c.contentType, c.begin+fits+c.end); strings.Contains(got, "✗") {
			t.Errorf("%s: a row of MaxRow bytes is refused", c.contentType)
		}
		if got := read(t, c.contentType, c.begin+fits+"x"+c.end); !strings.Contains(got, "row_too_long") {
			t.Errorf("%s: a row of one byte more is taken", c.contentType)
		}
	}
}
