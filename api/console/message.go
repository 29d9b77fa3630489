package console

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"vestnik/engine"
)

// message is the page of one message.
type message struct {
	kept
	Back     string
	Sender   string // as the header says, or the provider
	Campaign string
	About    string // address of the campaign; empty: it is a single message
	When     moment
	Size     string
	Tabs     []tab
	View     string // the tab that is open
	Letter   letter
	Source   string
	Files    []attached
	Frame    string // address of the HTML alone
	Download string // address of the source as a file; empty: there is none
}

// tab is one way to look at a message.
type tab struct {
	Name, Address string
	Open          bool
}

// attached is a file of a message.
type attached struct {
	Name, Size, Address string
	Shown               bool // browsers show it; others are saved
}

// keptID is what a message may be called: anything else is asked of no store.
var keptID = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// kept gives the provider's message that the address names. This is the one place where one provider is kept from the messages of another,
// viewers from all of them, and test keys from real ones.
func (v *visit) kept() (engine.Kept, error) {
	if !v.mayRead() {
		return engine.Kept{}, errClosed
	}
	id := v.r.PathValue("id")
	if !keptID.MatchString(id) {
		return engine.Kept{}, engine.ErrNotFound
	}
	k, err := v.stores.Inbox.Get(v.r.Context(), v.key.Provider, id)
	if err != nil {
		return k, fmt.Errorf("read a message: %w", err)
	}
	if v.key.Mode == engine.Test && k.Mode != engine.Test {
		return engine.Kept{}, engine.ErrNotFound
	}
	return k, nil
}

// showMessage shows one message.
func showMessage(v *visit) error {
	k, err := v.kept()
	if err != nil {
		return err
	}
	l, here := letterOf(k), inboxPath+"/"+k.ID
	shown := message{
		kept: v.keptOf(k.KeptHead), Back: inboxPath, Sender: l.field("From"), Campaign: k.Name, When: v.whole(k.At), Size: v.size(k.Size), Letter: l,
		Frame: here + "/html", View: v.r.URL.Query().Get("view"),
	}
	if shown.Sender == "" {
		shown.Sender = v.provider.Name
	}
	if c, err := v.stores.Registry.Campaign(v.r.Context(), k.Campaign); err == nil && !c.Single {
		shown.About = home + "/campaigns/" + string(c.ID)
	}
	if k.Source != nil {
		shown.Source, shown.Download = strings.ToValidUTF8(string(k.Source), "�"), here+"/source"
	}
	for i, f := range l.Files {
		shown.Files = append(shown.Files, attached{f.Name, v.size(len(f.Data)), here + "/files/" + strconv.Itoa(i), f.Type == pdf})
	}
	v.addTabs(&shown, here)
	if shown.View == "html" {
		v.w.Header().Set("Content-Security-Policy", framingPolicy)
	}
	return v.show(http.StatusOK, "message", v.page(shown.Subject, shown))
}

// addTabs adds the ways to look at a message that there are; the first is open unless another is asked for.
func (v *visit) addTabs(shown *message, here string) {
	l, open := &shown.Letter, shown.View
	shown.View = ""
	for _, view := range []struct {
		name  string
		there bool
	}{{"html", l.HTML != ""}, {"text", l.Text != "" || l.HTML == ""}, {"headers", len(l.Fields) > 0}, {"source", shown.Source != ""}} {
		if !view.there {
			continue
		}
		if shown.View == "" || view.name == open {
			shown.View = view.name
		}
		shown.Tabs = append(shown.Tabs, tab{Name: v.Say("view." + view.name), Address: here + "?view=" + view.name})
	}
	for i := range shown.Tabs {
		shown.Tabs[i].Open = strings.HasSuffix(shown.Tabs[i].Address, "="+shown.View)
	}
}

// size writes a number of bytes: "24 КБ".
func (v voice) size(n int) string {
	switch {
	case n < 1<<10:
		return v.number(int64(n)) + nbsp + v.choose("Б", "B")
	case n < 10<<20:
		return v.number(int64(n+512)>>10) + nbsp + v.choose("КБ", "KB")
	}
	return v.number(int64(n+1<<19)>>20) + nbsp + v.choose("МБ", "MB")
}

// Policies of what belongs to a message: its page may frame the HTML of ours, and the HTML may load nothing at all, run nothing and is of no
// origin, so that a template can do no harm to who looks at it. A file is shown by the browser's own viewer.
const (
	framingPolicy = policy + "; frame-src 'self'"
	letterPolicy  = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
		"sandbox allow-popups allow-popups-to-escape-sandbox"
	filePolicy = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// openPixel is our own picture that tells that a message was opened: who looks at it here is not who it was sent to.
var openPixel = regexp.MustCompile(`<img [^>]*src="[^"]*/t/o/[^"]*"[^>]*>`)

// showHTML shows the HTML of a message alone, as the page's frame wants it: links open elsewhere, pictures that came along are in it.
func showHTML(v *visit) error {
	k, err := v.kept()
	if err != nil {
		return err
	}
	l := letterOf(k)
	if l.HTML == "" {
		return engine.ErrNotFound
	}
	text := strings.Replace(openPixel.ReplaceAllLiteralString(l.HTML, ""), "<head>", `<head><base target="_blank">`, 1)
	for id, f := range l.inline {
		text = strings.ReplaceAll(text, `"cid:`+id+`"`, `"data:`+f.Type+";base64,"+base64.StdEncoding.EncodeToString(f.Data)+`"`)
	}
	return v.hand("text/html; charset=utf-8", letterPolicy, "", []byte(text))
}

// showSource gives a message as a file that mail programs open.
func showSource(v *visit) error {
	k, err := v.kept()
	if err != nil {
		return err
	}
	if k.Source == nil {
		return engine.ErrNotFound
	}
	return v.hand("message/rfc822", policy, mime.FormatMediaType("attachment", map[string]string{"filename": k.ID + ".eml"}), k.Source)
}

// pdf is the one type of file that is shown and not saved.
const pdf = "application/pdf"

// showFile gives a file of a message.
func showFile(v *visit) error {
	k, err := v.kept()
	if err != nil {
		return err
	}
	list := letterOf(k).Files
	n, err := strconv.Atoi(v.r.PathValue("n"))
	if err != nil || n < 0 || n >= len(list) {
		return engine.ErrNotFound
	}
	f, kind, how := list[n], "application/octet-stream", "attachment"
	switch f.Type {
	case pdf:
		kind, how = pdf, "inline"
	case "text/calendar":
		kind = f.Type
	}
	return v.hand(kind, filePolicy, mime.FormatMediaType(how, map[string]string{"filename": f.Name}), f.Data)
}

// hand gives the browser something that is no page.
func (v *visit) hand(kind, policy, disposition string, data []byte) error {
	header := v.w.Header()
	header.Set("Content-Type", kind)
	header.Set("Content-Security-Policy", policy)
	if disposition != "" {
		header.Set("Content-Disposition", disposition)
	}
	header.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = v.w.Write(data) // the browser is gone: nobody is left to be told
	return nil
}
