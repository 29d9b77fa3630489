package templates

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"vestnik/engine"
)

func TestParseRef(t *testing.T) {
	for text, want := range map[string]engine.TemplateRef{
		"bill-monthly": {Name: "bill-monthly"}, "bill-monthly@3": {Name: "bill-monthly", Version: 3}, "a": {Name: "a"},
		"": {}, "@1": {}, "a@": {}, "a@0": {}, "a@-1": {}, "a@1@2": {}, "a@x": {}, "A": {}, "../a": {}, "a b": {}, "счёт": {},
		strings.Repeat("a", 65): {},
	} {
		got, err := ParseRef(text)
		if got != want || (err == nil) != (want.Name != "") {
			t.Errorf("ParseRef(%q) = %v, %v", text, got, err)
		}
	}
}

// TestList holds the built-in templates to the public table of what each requires and may use.
func TestList(t *testing.T) {
	want := []string{
		"action-required action requires deadline what",
		"ad-offer ad requires advertiser erid offer",
		"bill-monthly bill requires amount due_date period",
		"bill-withdrawn bill requires period",
		"debt-notice debt requires amount period",
		"meeting-finished meeting requires ends_at starts_at topic",
		"meeting-planned meeting requires ends_at starts_at topic",
		"meeting-started meeting requires ends_at starts_at topic",
		"outage-planned outage requires from reason service",
		"outage-restored outage requires service",
		"outage-urgent outage requires from reason service",
		"status-changed status requires request status",
	}
	var got []string
	for _, info := range library(t).List() {
		var names []string
		for _, v := range info.Required {
			names = append(names, v.Name)
		}
		slices.Sort(names)
		got = append(got, info.Name+" "+string(info.Kind)+" requires "+strings.Join(names, " "))
		if info.Version != 1 || info.Title.RU == "" || info.Title.EN == "" || info.Description == "" || len(info.Channels) == 0 {
			t.Errorf("%s does not tell all about itself: %+v", info.Name, info)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const goodMessage = "kind: action\ntitle: Т\ntitle-en: T\nabout: a\nrequires: x text\nsubject: {{.x}}\npreheader: p\nwhy: w\n---\n{{.x}}\n"

func folder(message, short, html string) fstest.MapFS {
	return fstest.MapFS{"message.txt": {Data: []byte(message)}, "short.txt": {Data: []byte(short)}, "message.html": {Data: []byte(html)}}
}

func TestVersions(t *testing.T) {
	var list []*Template
	for _, version := range []int{2, 10, 1} {
		parsed, err := Parse("mine", version, folder(goodMessage, "v", "<p>{{.x}}"))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, parsed)
	}
	library, err := NewLibrary(list...)
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[int]int{0: 10, 1: 1, 2: 2, 10: 10} {
		pinned, err := library.Pin(t.Context(), engine.TemplateRef{Name: "mine", Version: version})
		if err != nil || pinned != (engine.TemplateRef{Name: "mine", Version: want}) {
			t.Errorf("version %d is pinned to %v (%v)", version, pinned, err)
		}
	}
	for _, ref := range []engine.TemplateRef{{Name: "mine", Version: 3}, {Name: "none"}, {Name: "none", Version: 1}} {
		if text, err := library.Open(t.Context(), ref); text != nil || !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%v: %v, %v", ref, text, err)
		}
		if _, err := library.Pin(t.Context(), ref); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%v: %v", ref, err)
		}
	}
	if infos := library.List(); len(infos) != 1 || infos[0].Version != 10 {
		t.Errorf("listed %v", infos)
	}
	if _, err := NewLibrary(list[0], list[0]); err == nil {
		t.Error("one version twice in a library")
	}
}

func TestParseErrors(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(goodMessage, old, new, 1) }
	for what, message := range map[string]string{
		"no front matter":                    "hello",
		"an unknown key":                     swap("about:", "abuot:"),
		"a missing key":                      swap("why: w\n", ""),
		"a key twice":                        swap("about: a", "about: a\nabout: b"),
		"an empty key":                       swap("about: a", "about:"),
		"an unknown kind":                    swap("kind: action", "kind: spam"),
		"an unknown type":                    swap("x text", "x texte"),
		"no type":                            swap("x text", "x"),
		"a bad name":                         swap("x text", "X text"),
		"a variable twice":                   swap("x text", "x text, x money"),
		"a derived name":                     swap("x text", "x text, pay link"),
		"services of another name":           swap("x text", "x text, list services"),
		"services of another type":           swap("x text", "x text, services text"),
		"an own field's type":                swap("x text", "x text, name money"),
		"an unknown variable":                swap("---\n{{.x}}", "---\n{{.y}}"),
		"bad syntax":                         swap("---\n{{.x}}", "---\n{{.x"),
		"an unknown variable in the subject": swap("subject: {{.x}}", "subject: {{.y}}"),
		"too many variables":                 swap("x text", "x text"+strings.Repeat(", x text", 40)),
	} {
		if _, err := Parse("mine", 1, folder(message, "", "")); err == nil {
			t.Errorf("a template with %s was parsed", what)
		}
	}
	if _, err := Parse("mine", 1, folder(goodMessage, "", "<script>{{.x}}</script>")); err == nil {
		t.Error("a template with a script was parsed")
	}
	if _, err := Parse("mine", 1, fstest.MapFS{}); err == nil {
		t.Error("a template without files was parsed")
	}
	for _, name := range []string{"", "A", "a@1"} {
		if _, err := Parse(name, 1, folder(goodMessage, "", "")); err == nil {
			t.Errorf("a template named %q was parsed", name)
		}
	}
	if _, err := Parse("mine", 0, folder(goodMessage, "", "")); err == nil {
		t.Error("a version 0 was parsed")
	}
}
