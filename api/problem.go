package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
	"vestnik/engine"
)

// failure is an error that knows how it is told to a client; it becomes application/problem+json (RFC 9457).
type failure struct {
	status   int
	code     string           // key of words, and the end of the problem's type
	args     []any            // of the words
	mistakes []intake.Problem // everything wrong with the input
	also     map[string]any   // further members
	after    time.Duration    // when to ask again; zero: the usual, where there is one
}

func (f *failure) Error() string { return strconv.Itoa(f.status) + " " + f.code }

func fail(status int, code string, args ...any) *failure {
	return &failure{status: status, code: code, args: args}
}

// invalid tells everything that is wrong with the input.
func invalid(mistakes ...intake.Problem) *failure {
	return &failure{status: http.StatusUnprocessableEntity, code: "invalid", mistakes: mistakes}
}

var errNotFound = fail(http.StatusNotFound, "not_found")

// retryAfter is how many seconds a client is asked to wait while a store is down.
const retryAfter = "5"

// failureOf finds out how an error is told. What is not known is an error of ours.
func failureOf(err error, language intake.Language) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if e, ok := errors.AsType[*engine.StatusError](err); ok {
		return fail(http.StatusConflict, "wrong_status", e.Status, say(language, "do."+e.Wanted))
	}
	if e, ok := errors.AsType[*engine.RetriedError](err); ok {
		return &failure{status: http.StatusConflict, code: "retried", args: []any{e.By}, also: map[string]any{"retried_by": e.By}}
	}
	if e, ok := errors.AsType[*engine.InvalidError](err); ok {
		return invalid(translate(language, e.Problems)...)
	}
	if e, ok := errors.AsType[*intake.Error](err); ok {
		return &failure{status: e.Status, code: cmp.Or(fileCodes[e.Status], "bad_file"), mistakes: e.Problems}
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fail(http.StatusRequestEntityTooLarge, "too_large", bytesText(e.Limit))
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok {
		return failureOfEcho(e)
	}
	switch {
	case errors.Is(err, engine.ErrDown), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fail(http.StatusServiceUnavailable, "down")
	case errors.Is(err, engine.ErrNotFound):
		return errNotFound
	case errors.Is(err, engine.ErrConflict):
		return fail(http.StatusConflict, "conflict")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fail(http.StatusRequestTimeout, "timeout")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fail(http.StatusBadRequest, "cut_off")
	}
	return fail(http.StatusInternalServerError, "internal")
}

// fileCodes are the codes of files that are refused for what they are sent like, and not for what is in them.
var fileCodes = map[int]string{
	http.StatusRequestTimeout: "timeout", http.StatusRequestEntityTooLarge: "file_too_large", http.StatusUnsupportedMediaType: "unsupported_file",
}

func failureOfEcho(e *echo.HTTPError) *failure {
	switch e.Code {
	case http.StatusNotFound:
		return fail(e.Code, "no_route")
	case http.StatusMethodNotAllowed:
		return fail(e.Code, "method_not_allowed")
	}
	return fail(http.StatusInternalServerError, "internal")
}

// translate tells the engine's problems in a language.
func translate(language intake.Language, problems []engine.Problem) []intake.Problem {
	list := make([]intake.Problem, len(problems))
	for i, p := range problems {
		list[i] = intake.Problem{Field: p.Field, Code: p.Code, Message: p.Message}
		if language == intake.English {
			continue
		}
		field := p.Field[strings.LastIndexByte(p.Field, '.')+1:]
		field, _, _ = strings.Cut(field, "[")
		general := "engine." + p.Code
		list[i].Message = cmp.Or(say(language, general+"."+field), say(language, general), p.Message)
	}
	return list
}

// refuse answers with the problem an error is. An answer that has begun cannot be taken back: the connection is cut, so that the client
// sees that it is not whole.
func (s *Server) refuse(c echo.Context, err error) {
	if c.Response().Committed {
		panic(http.ErrAbortHandler)
	}
	language := languageOf(c.Request())
	f := failureOf(err, language)
	if f.status >= http.StatusInternalServerError {
		s.blame(c, err)
	}
	header := c.Response().Header()
	switch f.status {
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", retryAfter)
	case http.StatusTooManyRequests:
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.after.Seconds()))))
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", `Bearer realm="vestnik"`)
	}
	body := map[string]any{
		"type": "/docs#" + f.code, "title": title(language, f.status), "status": f.status, "code": f.code,
		"detail": say(language, f.code, f.args...), "request_id": requestID(c),
	}
	if len(f.mistakes) > 0 {
		body["errors"] = f.mistakes
	}
	maps.Copy(body, f.also)
	text, _ := json.Marshal(body) // of strings, numbers and our own structs: it cannot fail
	header.Set("Content-Language", string(language))
	header.Set("Cache-Control", "no-store")
	if c.Request().Method == http.MethodHead {
		_ = c.NoContent(f.status)
		return
	}
	_ = c.Blob(f.status, "application/problem+json", text) // the client is gone: nobody is left to be told
}

// blame logs an error of ours or of a store. Errors carry no personal data.
func (s *Server) blame(c echo.Context, err error) {
	s.config.Log.Error("request failed", "route", c.Path(), "request_id", requestID(c), "error", err)
}

// bytesText writes a size for people.
func bytesText(n int64) string {
	for _, unit := range []string{"B", "KiB", "MiB"} {
		if n < 1024 || n%1024 != 0 {
			return strconv.FormatInt(n, 10) + " " + unit
		}
		n /= 1024
	}
	return strconv.FormatInt(n, 10) + " GiB"
}
