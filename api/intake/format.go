package intake

import (
	"mime"
	"net/http"
	"strings"
)

// Format says how to read a body. FormatOf makes it; the zero Format is plain CSV whose encoding is found out.
type Format struct {
	lines       bool // NDJSON, otherwise CSV
	compression string
	charset     charset
}

// The compressions.
const (
	gzipped = "gzip"
	zstded  = "zstd"
)

var mediaTypes = map[string]bool{ // true: NDJSON
	"text/csv":                  false, // RFC 7111
	"application/csv":           false,
	"text/tab-separated-values": false,
	"application/vnd.ms-excel":  false, // what browsers on Windows call a .csv file
	"application/x-ndjson":      true,
	"application/ndjson":        true,
	"application/jsonl":         true,
	"application/x-jsonlines":   true,
}

var charsets = map[string]charset{
	"":             unknownCharset,
	"utf-8":        utf8Charset,
	"utf8":         utf8Charset,
	"us-ascii":     utf8Charset,
	"windows-1251": windows1251,
	"cp1251":       windows1251,
	"x-cp1251":     windows1251,
}

var compressions = map[string]string{"": "", "identity": "", "gzip": gzipped, "x-gzip": gzipped, "zstd": zstded}

// FormatOf reads the Content-Type and Content-Encoding of a request. What it does not know is an *Error with Status 415 whose messages
// are in Russian; use FormatIn for another language.
func FormatOf(contentType, contentEncoding string) (Format, error) {
	return FormatIn(Russian, contentType, contentEncoding)
}

// FormatIn is FormatOf with messages in a language.
func FormatIn(language Language, contentType, contentEncoding string) (Format, error) {
	refuse := func(code string) (Format, error) {
		return Format{}, &Error{Status: http.StatusUnsupportedMediaType, Problems: []Problem{{Code: code, Message: message(language, code)}}}
	}
	media, params, err := mime.ParseMediaType(contentType)
	lines, known := mediaTypes[media]
	if err != nil || !known {
		return refuse("unsupported_media_type")
	}
	compression, known := compressions[strings.ToLower(strings.TrimSpace(contentEncoding))]
	if !known {
		return refuse("unsupported_encoding")
	}
	set, known := charsets[strings.ToLower(params["charset"])]
	if !known || lines && set == windows1251 { // RFC 8259 §8.1: JSON between systems is UTF-8
		return refuse("unsupported_charset")
	}
	if lines {
		set = utf8Charset
	}
	return Format{lines: lines, compression: compression, charset: set}, nil
}
