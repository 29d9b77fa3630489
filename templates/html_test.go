package templates

import (
	"bytes"
	"encoding/json"
	htmltemplate "html/template"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"vestnik/engine"
)

// references are the built-in HTML files as html/template itself understands them.
var references = sync.OnceValue(func() map[string]*htmltemplate.Template {
	parsed := map[string]*htmltemplate.Template{}
	for _, info := range builtins().List() {
		source, err := builtin.ReadFile("builtin/" + info.Name + "/message.html")
		if err != nil {
			panic(err)
		}
		t := htmltemplate.Must(htmltemplate.New("layout").Funcs(functions).Parse(dedent(layoutHTML)))
		parsed[info.Name] = htmltemplate.Must(t.New("message").Parse(dedent(string(source))))
	}
	return parsed
})

// reference prepares to render a letter's HTML with html/template.
func reference(tb testing.TB, t *Template, letter engine.Letter) func() string {
	tb.Helper()
	pg := newPage(t)
	if err := pg.fill(engine.Email, &letter); err != nil {
		tb.Fatal(err)
	}
	for _, line := range []struct {
		slot int
		p    program
	}{{slotSubject, t.subject}, {slotPreheader, t.preheader}, {slotWhy, t.why}} {
		pg.sentence(line.slot, line.p)
	}
	data := map[string]any{}
	for i, name := range derivedSlots {
		data[name] = pg.slots[i]
	}
	for i, v := range t.variables {
		data[v.Name] = pg.slots[derivedCount+i]
	}
	var services []map[string]string
	for i := range pg.lines {
		service := map[string]string{}
		for f, name := range lineFields {
			service[name] = pg.lines[i].field(f)
		}
		services = append(services, service)
	}
	data["services"] = services
	parsed := references()[t.info.Name].Funcs(htmltemplate.FuncMap{"link": pg.follow})
	return func() string {
		var out bytes.Buffer
		if err := parsed.Execute(&out, data); err != nil {
			tb.Fatal(err)
		}
		return strings.TrimSpace(out.String())
	}
}

// FuzzHTML puts hostile values wherever a provider can put one. Whatever they are, the program's HTML is that of html/template byte for
// byte, and its elements and attributes are those of the message with harmless values.
func FuzzHTML(f *testing.F) {
	for _, text := range []string{
		`</td></tr></table><script>alert(1)</script>`, `" onmouseover="alert(1)`, `'><img src=x onerror=alert(1)>`, `<!--`, `-->`, `]]>`,
		`</title><svg/onload=alert(1)>`, `</style>`, `{{.name}}`, "a\x00b\u202ec", `+ADw-script+AD4-`, "\xff\xfe<", `&lt;b&gt;`, `<plaintext>`, "a\r\nBcc: b",
	} {
		f.Add(text, "https://example.ru/?a="+text)
	}
	f.Add("text", `https://example.ru/"onclick="x`)
	f.Add("text", "javascript:alert(1)")
	f.Add("text", "https://example.ru/%zz' (x)")
	f.Fuzz(func(t *testing.T, text, link string) {
		for _, info := range library(t).List() {
			template, letter := letterOf(t, info.Name)
			poison(t, template, &letter, text, link)
			if template.Check(nil, letter.Recipient) != nil {
				continue // refused at intake
			}
			content, err := template.Render(engine.Email, &letter)
			if err != nil {
				t.Fatalf("%s: passed the check, but %v", info.Name, err)
			}
			if want := reference(t, template, letter)(); content.HTML != want {
				t.Fatalf("%s differs from html/template:\n%s\nwant\n%s", info.Name, content.HTML, want)
			}
			harmlessLink := "https://example.ru/harmless"
			if trim(link) == "" {
				harmlessLink = "" // no link is not hostile, and shows no button
			}
			poison(t, template, &letter, "harmless", harmlessLink)
			harmless, err := template.Render(engine.Email, &letter)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := skeleton(t, content.HTML), skeleton(t, harmless.HTML); !slices.Equal(got, want) {
				t.Fatalf("%s: a value changed the document:\n%q\nwant\n%q", info.Name, got, want)
			}
			if strings.ContainsAny(content.Subject, "\r\n") {
				t.Fatalf("%s: a subject of two lines: %q", info.Name, content.Subject)
			}
		}
	})
}

// poison puts text into every text and link into every link. A text that would be blank, and so change what is shown at all, gets a letter.
func poison(t *testing.T, template *Template, letter *engine.Letter, text, link string) {
	t.Helper()
	text = "x" + text
	vars := map[string]any{}
	if err := json.Unmarshal(letter.Recipient.Vars, &vars); err != nil {
		t.Fatal(err)
	}
	for _, v := range template.variables {
		switch v.Type {
		case TypeText:
			vars[v.Name] = text
		case TypeLines:
			vars[v.Name] = []string{text, text}
		case TypeLink:
			vars[v.Name] = link
		case TypeServices:
			vars[v.Name] = []map[string]string{{"name": text, "unit": text, "volume": "1", "rate": "2", "charged": "2.00"}}
		}
	}
	letter.Recipient.Vars, _ = json.Marshal(vars)
	letter.Recipient.Name, letter.Recipient.Account, letter.Recipient.DocumentID, letter.Recipient.Premises = text, text, text, text
	letter.Provider.Name, letter.Provider.INN = text, text
	for key := range letter.Provider.Settings {
		letter.Provider.Settings[key] = text
	}
}

// skeleton lists the elements of a document with the names of their attributes, and the values of those that act.
func skeleton(t *testing.T, document string) (elements []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		element := n.Data
		for _, a := range n.Attr {
			element += " " + a.Key
			if a.Key != "href" && a.Key != "src" {
				element += "=" + a.Val
			} else if !strings.HasPrefix(a.Val, "https://") && !strings.HasPrefix(a.Val, "http://") {
				t.Fatalf("a link leads to %q", a.Val)
			}
		}
		elements = append(elements, element)
	}
	return elements
}

// TestUnsafePlaces refuses to compile templates that put variables where escaping them as text is not enough.
func TestUnsafePlaces(t *testing.T) {
	slots, types := map[string]int{"x": 0, "u": 1, "services": 2}, map[string]Type{"x": TypeText, "u": TypeLink, "services": TypeServices}
	for source, fine := range map[string]bool{
		`<p>{{.x}}</p>`:                              true,
		`<p title="{{.x}}">{{.u}}</p>`:               true,
		`<a href="{{.u}}">{{.x}}</a>`:                true,
		`<a href="{{link .u}}">{{.x}}</a>`:           true,
		`<title>{{.x}}</title>`:                      true,
		`<p>{{if not .x}}a{{else if .u}}b{{end}}`:    true,
		`<a href="{{.x}}">a</a>`:                     false,
		`<a href="{{link .x}}">a</a>`:                false,
		`<a href="https://host/?q={{.x}}">a</a>`:     false,
		`<p title={{.x}}>a</p>`:                      false,
		`<p style="color:{{.x}}">a</p>`:              false,
		`<p onclick="f({{.x}})">a</p>`:               false,
		`<script>{{.x}}</script>`:                    false,
		`<style>{{.x}}</style>`:                      false,
		`<p {{.x}}>a</p>`:                            false,
		`<{{.x}}>`:                                   true, // html/template makes it the text "&lt;…"
		`<a href="{{if .x}}{{.u}}{{else}}">{{end}}a`: false,
		`{{.unknown}}`:                               false,
		`{{.x.y}}`:                                   false,
		`{{$.x}}`:                                    true,
		`{{$y := .x}}{{$y}}`:                         false,
		`{{.x | html}}`:                              false,
		`{{printf "%s" .x}}`:                         false,
		`{{template "none" .}}`:                      false,
		`{{.services}}`:                              false,
		`{{range .x}}{{end}}`:                        false,
		`{{range .services}}{{.name}}{{$.x}}{{end}}`: true,
		`{{range .services}}{{.x}}{{end}}`:           false,
		`{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}`: false,
		`{{with .x}}{{.}}{{end}}`:                                   false,
		`{{"text"}}`:                                                false,
		`{{if eq .x "a"}}b{{end}}`:                                  false,
	} {
		_, err := compileHTML("message.html", source, "", slots, types)
		if (err == nil) != fine {
			t.Errorf("%s: error %v", source, err)
		}
	}
}
