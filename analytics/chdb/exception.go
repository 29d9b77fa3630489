package chdb

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// exception is an error of the engine, with the code ClickHouse gives it.
type exception struct {
	code int    // src/Common/ErrorCodes.cpp of ClickHouse
	text string // "Code: 60. DB::Exception: …"
}

func (e *exception) Error() string { return e.text }

// Codes of src/Common/ErrorCodes.cpp that this package raises or tells apart.
const (
	codeSyntaxError     = 62
	codeNotImplemented  = 48
	codeBadArguments    = 36
	codeTimeoutExceeded = 159
	codeStdException    = 1001
)

var codePrefix = regexp.MustCompile(`^(?:Code: (\d+)\. (?:DB::[A-Za-z]+: )?)+`)

// newException reads the code out of the engine's text; errors that crossed several layers carry the same prefix several times, and keep one.
func newException(text string) *exception {
	text = strings.TrimPrefix(text, "Error: ")
	found := codePrefix.FindStringSubmatch(text)
	if found == nil {
		return raise(codeStdException, text)
	}
	code, err := strconv.Atoi(found[1])
	if err != nil {
		code = codeStdException
	}
	return raise(code, text[len(found[0]):])
}

func raise(code int, text string) *exception {
	return &exception{code, "Code: " + strconv.Itoa(code) + ". DB::Exception: " + text}
}

// status is what ClickHouse's own HTTP interface answers to the commonest codes (src/Server/HTTP/exceptionCodeToHTTPStatus.cpp); 500 is its default.
func (e *exception) status() int {
	switch e.code {
	case 6, 26, 27, 38, 41, 43, 53, 72, 130, 131, 184, 386, 456, 457, codeBadArguments, codeSyntaxError:
		return http.StatusBadRequest
	case 46, 47, 50, 56, 60, 81, 115:
		return http.StatusNotFound
	case codeTimeoutExceeded:
		return http.StatusRequestTimeout
	case codeNotImplemented:
		return http.StatusNotImplemented
	}
	return http.StatusInternalServerError
}
