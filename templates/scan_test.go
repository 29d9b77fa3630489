package templates

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzScan holds the scanner to encoding/json: on documents that are JSON objects it finds the same members with the same texts, and
// on all others it ends.
func FuzzScan(f *testing.F) {
	for _, doc := range []string{`{}`, `{"a":"b"}`, ` {"a" : 1.5 , "b":[1,{"c":"}"}],"d":null,"e":true}`, `{"a":"\"\\"}`, `{"\u0441":"\u0441\n"}`,
		`{"a"`, `{"a":}`, `{"a":1,}`, `[1]`, `"`, `{"a":"\`, string(believable()["bill-monthly"])} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		found := map[string]datum{}
		ok := eachMember(doc, func(key, value datum) {
			name, _ := datum{kind: key.kind, text: key.text}.untrimmed()
			found[name] = value
		})
		var want map[string]json.RawMessage
		if !utf8.ValidString(doc) || json.Unmarshal([]byte(doc), &want) != nil || want == nil {
			return
		}
		if !ok || len(found) != len(want) {
			t.Fatalf("found %d members, want %d", len(found), len(want))
		}
		for name, raw := range want {
			var text string
			if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
				continue
			}
			if got, ok := found[name].str(); !ok || got != trim(text) {
				t.Errorf("member %q is %q, want %q", name, got, text)
			}
		}
	})
}

// untrimmed is str with the spaces around.
func (d datum) untrimmed() (s string, err error) {
	err = json.Unmarshal([]byte(`"`+d.text+`"`), &s)
	return s, err
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"Ёлка, ул. Мира, 14\nкв. 5":    "Ёлка, ул. Мира, 14\nкв. 5",
		"a\x00b\r\nc\x1b[31m\x7f":      "ab\nc[31m",
		"\u202eлатипак\u202c \u2066x":  "латипак x",
		"№ 5 — «дом» … 15 % €":         "№ 5 — «дом» … 15 % €",
		"one\u2028two\u0085three":      "onetwothree",
		"bad \xff byte":                "bad \uFFFD byte",
		"unbroken" + nbsp + "space ؜؀": "unbroken" + nbsp + "space ؀",
	} {
		if got := clean(text); got != want {
			t.Errorf("clean(%q) = %q, want %q", text, got, want)
		}
	}
}
