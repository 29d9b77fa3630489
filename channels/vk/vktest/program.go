package vktest

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// mostCalls is how many calls a program may make.
const mostCalls = 25

// step is one call of a program.
type step struct {
	method string
	params json.RawMessage
}

// parse reads programs of the one form we send: return [API.method({…}),…]; with JSON objects for parameters. VKScript is larger, but what a
// client does not mean to send must not pass. Escapes that VKScript may read otherwise than JSON does are refused too.
func parse(code string) (steps []step, ok bool) {
	rest, ok := strings.CutPrefix(code, "return [")
	if !ok {
		return nil, false
	}
	for {
		if rest, ok = strings.CutPrefix(rest, "API."); !ok {
			return nil, false
		}
		name, after, found := strings.Cut(rest, "(")
		if !found || strings.Trim(name, ".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return nil, false
		}
		end := endOfObject(after)
		if end < 0 {
			return nil, false
		}
		steps = append(steps, step{name, json.RawMessage(after[:end])})
		if rest, ok = strings.CutPrefix(after[end:], ")"); !ok {
			return nil, false
		}
		if rest == "];" {
			return steps, true
		}
		if rest, ok = strings.CutPrefix(rest, ","); !ok {
			return nil, false
		}
	}
}

// endOfObject is where the object that text begins with ends, or -1. It looks at brackets and quotes only; who decodes it sees the rest.
func endOfObject(text string) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			if i++; i == len(text) || !strings.ContainsRune(`"\nt`, rune(text[i])) {
				return -1
			}
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case depth == 0:
			return -1
		}
	}
	return -1
}

// execute runs a program. A call that fails returns false; its error stands in execute_errors, and the last one there again as execute's own.
func (s *Server) execute(form url.Values, trouble Trouble) reply {
	steps, ok := parse(form.Get("code"))
	if !ok {
		return refuse(12, form)
	}
	if len(steps) > mostCalls {
		return refuse(13, form)
	}
	values := make([]any, len(steps))
	var failed []callFail
	for i, step := range steps {
		value, code := any(nil), trouble.CallCode
		if code == 0 || step.method != cmp.Or(trouble.CallMethod, "messages.send") {
			value, code = s.run(step.method, step.params)
		}
		values[i] = value
		if code != 0 {
			values[i] = false
			failed = append(failed, callFail{step.method, code, wordsOf(code)})
		}
	}
	if n := len(failed); n > 0 {
		failed = append(failed, callFail{"execute", failed[n-1].Code, failed[n-1].Message})
	}
	return reply{Response: values, Failed: failed}
}

// run calls one method that a program may call.
func (s *Server) run(method string, params json.RawMessage) (value any, code int) {
	switch method {
	case "messages.send":
		return s.send(params)
	case "messages.isMessagesFromGroupAllowed":
		return s.allowed(params)
	case "docs.getMessagesUploadServer":
		return s.placeFor(params)
	case "docs.save":
		return s.saveDocument(params)
	}
	return nil, 3
}

// broken is the error for parameters that cannot be decoded: 12 for what is no JSON, 100 for what has another form than is documented.
func broken(err error) int {
	if _, is := errors.AsType[*json.SyntaxError](err); is {
		return 12
	}
	return 100
}
