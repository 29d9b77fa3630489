package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// query reads the parameters of an address like a form reads a body: everything that is wrong is told at once.
type query struct {
	*form
	values url.Values
}

func readQuery(c echo.Context) *query {
	return &query{form: &form{language: languageOf(c.Request())}, values: c.QueryParams()}
}

// take gives a parameter that may be given once.
func (q *query) take(name string) string {
	given := q.values[name]
	delete(q.values, name)
	if len(given) == 0 {
		return ""
	}
	if len(given) > 1 {
		q.wrong(name, "many")
	}
	return given[0]
}

// word reads a parameter that is one of a few words.
func (q *query) word(name string, words ...string) string {
	given := q.take(name)
	if given != "" && !slices.Contains(words, given) {
		q.wrong(name, "unknown", strings.Join(words, ", "))
		return ""
	}
	return given
}

// number reads a whole number within bounds; absent is def.
func (q *query) number(name string, low, def, high int) int {
	given := q.take(name)
	if given == "" {
		return def
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < low || n > high {
		q.wrong(name, "number", low, high)
		return def
	}
	return n
}

// limit is how many items of a list are wanted.
func (q *query) limit() int { return q.number("limit", 1, 100, 1000) }

// moment reads a time by RFC 3339, or a day, which begins at midnight of the zone.
func (q *query) moment(name string, zone *time.Location) (t time.Time, day bool) {
	given := q.take(name)
	if given == "" {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339, given); err == nil {
		return t, false
	}
	t, err := time.ParseInLocation(time.DateOnly, given, zone)
	if err != nil {
		q.wrong(name, "moment")
	}
	return t, err == nil
}

// close notes the parameters nobody asked for.
func (q *query) close() error {
	names := make([]string, 0, len(q.values))
	for name := range q.values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		q.wrong(name, "unknown_parameter")
	}
	return q.err()
}

// readEither reads what a request names by parameters, if it has any, as an object whose members they are, and otherwise by its body.
func readEither(c echo.Context, parameters ...string) (*object, error) {
	q := readQuery(c)
	if len(q.values) == 0 {
		_, o, err := readForm(c)
		return o, err
	}
	o := q.object(parameters...)
	return o, q.close()
}

// object gives parameters as the members of an object.
func (q *query) object(parameters ...string) *object {
	o := &object{form: q.form, members: map[string]json.RawMessage{}}
	for _, name := range parameters {
		if text := q.take(name); text != "" {
			o.members[name], _ = json.Marshal(text) // of a string: it cannot fail
		}
	}
	return o
}

// accepts reports whether a request prefers one media type to JSON.
func accepts(r *http.Request, media string) bool {
	for item := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		name, _, _ := strings.Cut(item, ";")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case media:
			return true
		case echo.MIMEApplicationJSON:
			return false
		}
	}
	return false
}

// names writes values of a string type as strings.
func names[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}
