package config

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"vestnik/cmd/vestnik/tongue"
)

// Problem is one thing wrong with the set-up.
type Problem struct {
	Where   string // "vestnik.yaml:3:7", the name of a variable, or empty
	Key     string // "redis.url"
	Message string // in words, without the value
}

// Invalid lists everything wrong with the set-up.
type Invalid []Problem

// Error tells every problem on a line of its own.
func (i Invalid) Error() string {
	lines := make([]string, len(i))
	for n, p := range i {
		if lines[n] = p.Key + ": " + p.Message; p.Where != "" {
			lines[n] = p.Where + ": " + lines[n]
		}
	}
	return strings.Join(lines, "\n")
}

// reader fills a Config and remembers where each value came from.
type reader struct {
	tongue.Tongue
	config   Config
	keys     []key
	env      map[string]string
	where    map[string]string // by path of the key
	problems []Problem
}

func newReader(environ []string, t tongue.Tongue) *reader {
	r := &reader{Tongue: t, keys: keys(), env: map[string]string{}, where: map[string]string{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		r.env[name] = value
	}
	return r
}

// problem notes what is wrong with a key.
func (r *reader) problem(where, path, message string) {
	r.problems = append(r.problems, Problem{Where: where, Key: path, Message: message})
}

// environment takes the variables. One that is set to nothing counts as not set.
func (r *reader) environment() {
	leaves(r.keys, func(k key) {
		name := k.variable()
		value, file := r.env[name], ""
		if k.secret() {
			file = r.env[name+strings.ToUpper(fileSuffix)]
		}
		switch {
		case value != "" && file != "":
			r.problem(name, k.path, r.Say("задано и значение, и файл", "both the value and a file are given"))
		case value != "":
			r.set(k, name, value)
		case file != "":
			r.setFrom(k, name+strings.ToUpper(fileSuffix), file)
		}
	})
}

// defaults fills in what nobody has set.
func (r *reader) defaults() {
	leaves(r.keys, func(k key) {
		if _, set := r.where[k.path]; set {
			return
		}
		if text, ok := k.tag.Lookup("default"); ok {
			r.set(k, "", text)
		}
	})
}

// setFrom gives a key the content of a file.
func (r *reader) setFrom(k key, where, file string) {
	content, err := os.ReadFile(file)
	if err != nil {
		r.where[k.path] = where
		r.problem(where, k.path+fileSuffix, r.Say("файл не читается: ", "the file cannot be read: ")+cause(err))
		return
	}
	r.set(k, where, strings.TrimRight(string(content), "\r\n"))
}

// cause is what the system says of a file, without repeating its name and the call.
func cause(err error) string {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		return fmt.Sprintf("%s: %v", path.Path, path.Err)
	}
	return err.Error()
}

// set gives a key its value from text.
func (r *reader) set(k key, where, text string) {
	r.where[k.path] = where
	field := reflect.ValueOf(&r.config).Elem().FieldByIndex(k.field)
	if message := r.assign(field, text); message != "" {
		r.problem(where, k.path, message)
	}
}

// assign writes text into a field and tells in words what it should have been.
func (r *reader) assign(field reflect.Value, text string) (message string) {
	switch target := field.Addr().Interface().(type) {
	case *Secret:
		if target.UnmarshalText([]byte(text)) != nil {
			return r.Say("должно быть в base64", "must be base64")
		}
	case *Counts:
		if target.UnmarshalText([]byte(text)) != nil {
			return r.Say("должно быть вида email=8, vk=2", "must be like email=8, vk=2")
		}
	case *time.Duration:
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil {
			return r.Say("должна быть длительность: 500ms, 30s, 2h", "must be a duration: 500ms, 30s, 2h")
		}
		*target = d
	case encoding.TextUnmarshaler:
		if target.UnmarshalText([]byte(text)) != nil {
			return r.Say("значение не годится", "this value will not do")
		}
	case *string:
		*target = strings.TrimSpace(text)
	case *int:
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return r.Say("должно быть целое число", "must be a whole number")
		}
		*target = n
	case *bool:
		b, err := strconv.ParseBool(strings.TrimSpace(text))
		if err != nil {
			return r.Say("должно быть true или false", "must be true or false")
		}
		*target = b
	default:
		panic(fmt.Sprintf("config: no reader for %T", target)) // a field of Config of a new type: TestExample finds it
	}
	return ""
}
