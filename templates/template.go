package templates

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"vestnik/engine"
)

// Template is one version of one template. It is immutable and safe for concurrent use; it implements engine.Text.
type Template struct {
	info      Info
	variables []variable
	index     map[string]int // name of a variable → place in variables
	timed     bool           // some variable is a time, so that the recipient's zone matters
	times     []int          // places of the variables that tell of a span of time

	subject, preheader, why program
	text, short, html       program
	buttons                 []button

	brief, paper, email slotSet // what each form of the message tells; brief is that of messengers

	zones *zones
	pages sync.Pool // of *page
}

// variable is a Variable as its template uses it.
type variable struct {
	Variable
	own      own
	required bool
}

// Info is what is told about a template.
type Info struct {
	Name        string               `json:"name"`
	Version     int                  `json:"version"`
	Kind        engine.Kind          `json:"kind"`
	Title       Title                `json:"title"`
	Description string               `json:"description"`
	Required    []Variable           `json:"required"`
	Optional    []Variable           `json:"optional"`
	Channels    []engine.ChannelName `json:"channels"`
	Encloses    Enclosure            `json:"encloses,omitempty"`
}

// Enclosure is a file that goes with the messages of a template. Packages below this one make them.
type Enclosure string

// The enclosures.
const (
	NoEnclosure   Enclosure = ""
	EnclosesBill  Enclosure = "bill"  // the bill as PDF
	EnclosesEvent Enclosure = "event" // the span of time the message is about (from … to, starts_at … ends_at), for calendars
)

// Title is a template's name for people.
type Title struct {
	RU string `json:"ru"`
	EN string `json:"en"`
}

// maxVariables bounds a template, so that what is gathered about one recipient has a fixed place.
const maxVariables = 32

// Parse reads a template from its folder: message.txt with the front matter, short.txt, message.html. It finds everything that could go
// wrong later but the values: unknown variables, unsafe places in HTML, unknown types.
func Parse(name string, version int, folder fs.FS) (*Template, error) {
	t, err := read(name, version, folder)
	if err != nil {
		return nil, fmt.Errorf("template %s@%d: %w", name, version, err)
	}
	return t, nil
}

func read(name string, version int, folder fs.FS) (*Template, error) {
	if !validName(name) || version < 1 {
		return nil, errors.New("a template is named with small letters, digits and hyphens, and its versions begin at 1")
	}
	var files [3]string
	for i, file := range []string{"message.txt", "short.txt", "message.html"} {
		content, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		files[i] = string(content)
	}
	f, message, err := readFront(files[0])
	if err != nil {
		return nil, err
	}
	t := &Template{zones: &zones{}, index: map[string]int{}}
	t.info = Info{Name: name, Version: version, Kind: f.kind, Title: Title{f.titleRU, f.titleEN}, Description: f.description,
		Required: f.required, Optional: f.optional, Encloses: f.encloses}
	for _, ch := range engine.ChannelNames() {
		if engine.Allowed(f.kind, ch) {
			t.info.Channels = append(t.info.Channels, ch)
		}
	}
	if err := t.declare(f); err != nil {
		return nil, err
	}
	if err := t.encloses(); err != nil {
		return nil, err
	}
	t.pages.New = func() any { return newPage(t) }
	return t, t.compile(f, message, files[1], files[2])
}

// declare gives every variable its place.
func (t *Template) declare(f front) error {
	for required, list := range [][]Variable{f.optional, f.required} {
		for _, v := range list {
			if _, twice := t.index[v.Name]; twice || slices.Contains(derivedSlots[:], v.Name) {
				return fmt.Errorf("variable %q is declared twice", v.Name)
			}
			t.add(v, required == 1)
		}
	}
	for _, v := range implicit(f.kind) {
		if i, declared := t.index[v.Name]; !declared {
			t.add(v, false)
		} else if t.variables[i].Type != v.Type {
			return fmt.Errorf("variable %q is of type %s", v.Name, v.Type)
		}
	}
	if i, ok := t.index["services"]; ok != slices.ContainsFunc(t.variables, func(v variable) bool { return v.Type == TypeServices }) ||
		ok && t.variables[i].Type != TypeServices {
		return errors.New(`the variable of type services is named "services"`)
	}
	if len(t.variables) > maxVariables {
		return fmt.Errorf("more than %d variables", maxVariables)
	}
	return nil
}

func (t *Template) add(v Variable, required bool) {
	t.index[v.Name] = len(t.variables)
	t.variables = append(t.variables, variable{v, ownFields[v.Name], required})
	isTime := v.Type == TypeTime || v.Type == TypeMoment
	t.timed = t.timed || isTime
	if isTime || slices.Contains(spanFields, v.Name) {
		t.times = append(t.times, t.index[v.Name])
	}
}

func (t *Template) compile(f front, message, short, html string) (err error) {
	slots, types := map[string]int{}, map[string]Type{}
	for i, name := range derivedSlots {
		slots[name] = i
	}
	for _, name := range derivedLinks {
		types[name] = TypeLink
	}
	for i, v := range t.variables {
		slots[v.Name], types[v.Name] = derivedCount+i, v.Type
	}
	for _, part := range []struct {
		name, text string
		into       *program
	}{
		{"subject", f.subject, &t.subject}, {"preheader", f.preheader, &t.preheader}, {"why", f.why, &t.why},
		{"message.txt", message, &t.text}, {"short.txt", short, &t.short},
	} {
		if *part.into, err = compileText(part.name, part.text, layoutText, slots, types); err != nil {
			return err
		}
	}
	t.html, err = compileHTML("message.html", html, layoutHTML, slots, types)
	t.need()
	return errors.Join(err, t.press(f.buttons, slots, types))
}

// Info tells about the template. Its slices must not be changed.
func (t *Template) Info() Info { return t.info }

// Kind is what campaigns of this template are about.
func (t *Template) Kind() engine.Kind { return t.info.Kind }

// Render writes the message for one recipient over one channel: for e-mail the subject, the full text and the HTML, on paper the subject
// and the full text, elsewhere the subject and the short text. An error means this recipient cannot be rendered over this channel; it names
// the variable, never its value.
//
// A house chat is read by neighbours: whatever the template, the recipient's own fields are left out there.
//
// With Links, links lead to Links.Click(n), and Content.Links[n] is where they lead on; one destination has one n in all parts.
func (t *Template) Render(ch engine.ChannelName, letter *engine.Letter) (engine.Content, error) {
	if !slices.Contains(t.info.Channels, ch) {
		return engine.Content{}, fmt.Errorf("template %s does not go over %s", t.info.Name, ch)
	}
	pg := t.pages.Get().(*page)
	defer t.pages.Put(pg)
	return pg.render(ch, letter)
}

// Check tells what is missing or malformed for the recipient, for intake: nil means that Render will not refuse it. Each Field is the name
// of a variable, with its place in a list: "services[2].charged". It is cheap: nothing is decoded that nobody needs.
func (t *Template) Check(campaignVars json.RawMessage, r *engine.Recipient) (problems []engine.Problem) {
	var space [maxVariables]datum
	data := space[:len(t.variables)]
	if !t.gather(data, string(campaignVars), r) {
		problems = append(problems, engine.Problem{Field: "vars", Code: codeMalformed, Message: "vars is a JSON object"})
	}
	for i := range t.variables {
		if wrong := t.variables[i].check(data[i]); wrong != nil {
			problems = append(problems, wrong.problem(t.variables[i].Name))
		}
	}
	return problems
}

// CheckVars tells what is malformed in the variables of a campaign. What is missing there its recipients may bring. Each Field begins
// with "vars". Empty vars are fine.
func (t *Template) CheckVars(vars json.RawMessage) (problems []engine.Problem) {
	var space [maxVariables]datum
	data := space[:len(t.variables)]
	if !t.scan(data, string(vars)) {
		return []engine.Problem{{Field: "vars", Code: codeMalformed, Message: "vars is a JSON object"}}
	}
	for i, v := range t.variables {
		if data[i].blank() {
			continue
		}
		if wrong := v.Type.check(data[i]); wrong != nil {
			problems = append(problems, wrong.problem("vars."+v.Name))
		}
	}
	return problems
}

// forChannels are variables that no template shows and a channel uses: the photos of a post in a house chat.
var forChannels = []string{"photo", "photos"}

// Unknown lists the names in vars that the template does not know: they are ignored, which is worth a warning.
func (t *Template) Unknown(vars json.RawMessage) (unknown []string) {
	eachMember(string(vars), func(key, _ datum) {
		name, _ := key.str()
		if _, known := t.index[name]; !known && ownFields[name] == notOwn && !slices.Contains(forChannels, name) && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	})
	return unknown
}

// check tells what is wrong with a value of the variable; nil if nothing is.
func (v *variable) check(d datum) *fault {
	if !d.blank() {
		return v.Type.check(d)
	}
	if v.required {
		return &fault{code: codeMissing}
	}
	return nil
}

// gather finds the value of every variable: the recipient's own fields win over its vars, and those over the campaign's. It reports whether
// both vars are JSON objects.
func (t *Template) gather(data []datum, campaignVars string, r *engine.Recipient) bool {
	recipients := t.gatherOwn(data, r)
	return t.scan(data, campaignVars) && recipients
}

// gatherOwn is gather without the campaign.
func (t *Template) gatherOwn(data []datum, r *engine.Recipient) bool {
	for i := range t.variables {
		data[i] = t.variables[i].own.of(r)
	}
	return t.scan(data, string(r.Vars))
}

// scan takes from a JSON object the values of variables that have none yet.
func (t *Template) scan(data []datum, vars string) bool {
	if vars == "" || vars == "null" {
		return true
	}
	return eachMember(vars, func(key, value datum) {
		name := key.text
		if key.kind == escaped {
			name, _ = key.str()
		}
		if i, known := t.index[name]; known && data[i].blank() {
			data[i] = value
		}
	})
}
