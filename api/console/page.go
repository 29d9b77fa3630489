package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
	"time"
)

// How often an open page looks again: while something is under way, and while opens and payments still trickle in.
const (
	quick = 2 * time.Second
	slow  = 15 * time.Second
)

//go:embed pages/*.html
var pageFiles embed.FS

// page is what every page has around its body.
type page struct {
	voice
	Title    string
	Provider string // its name; empty before sign-in
	Here     string // address of the section this page belongs to
	Reads    bool   // who is signed in may see messages
	Other    string // address of this page in the other language
	Style    string // address of the style sheet
	Script   string
	Icon     string
	Every    int64 // how often the script looks again, in milliseconds; 0: never
	Body     any
}

// page begins a page.
func (v *visit) page(title string, body any) page {
	other := v.r.URL.Query()
	other.Del("token") // it is not to be passed on
	other.Set("lang", v.choose(string(english), string(russian)))
	here := home
	if strings.HasPrefix(v.r.URL.Path, inboxPath) {
		here = inboxPath
	}
	return page{
		Here: here, Reads: v.mayRead(),
		voice: v.voice, Title: title, Provider: v.provider.Name, Other: v.r.URL.Path + "?" + other.Encode(),
		Style: v.assets.address("console.css"), Script: v.assets.address("live.js"), Icon: v.assets.address("icon.svg"), Body: body,
	}
}

// parsePages reads every page: the layout with one body each.
func parsePages() (map[string]*template.Template, error) {
	pages := map[string]*template.Template{}
	for _, name := range []string{"campaigns", "campaign", "inbox", "message", "signin", "nothing"} {
		parsed, err := template.New(name).Option("missingkey=error").ParseFS(pageFiles, "pages/layout.html", "pages/parts.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("read page %s: %w", name, err)
		}
		pages[name] = parsed
	}
	return pages, nil
}

// show writes a page, or for the page's script its changing part. Nothing is written before all of it was made.
func (v *visit) show(status int, name string, p page) error {
	part := "page"
	if v.live() {
		part = "live"
	}
	var text bytes.Buffer
	if err := v.pages[name].ExecuteTemplate(&text, part, p); err != nil {
		return fmt.Errorf("make page %s: %w", name, err)
	}
	header := v.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", string(v.Language))
	header.Add("Vary", "Accept-Language, Cookie, Vestnik-Part")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(text.Bytes()) // the browser is gone: nobody is left to be told
	return nil
}
