package intake

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"vestnik/engine"
)

// Bounds of what is read.
const (
	MaxRow       = 256 << 10 // bytes of one row, its line ends included
	MaxVariables = 256       // variables of one row, and members of any one JSON object
	maxDepth     = 32        // of nested JSON
)

// Language is the language of messages.
type Language string

// The languages. The zero Language is Russian.
const (
	Russian Language = "ru"
	English Language = "en"
)

// Options of a Reader. The zero value is fine.
type Options struct {
	Language Language // of messages; Russian by default
	MaxBytes int64    // how much text, uncompressed, a stream may hold; 4 GiB by default
}

// Row is one recipient as it was written, good or bad.
type Row struct {
	Line      int              // its first physical line, from 1
	Lines     int              // how many physical lines it takes: 1, or more when quoted cells hold line ends
	Recipient engine.Recipient // complete if there are no Problems, otherwise whatever could be read
	Problems  []Problem        // all at once; empty: the row is good
}

// Problem is one thing wrong with a row or with a file.
type Problem struct {
	Line    int    `json:"line,omitempty"`   // physical line, from 1; zero if it is not about a line
	Column  int    `json:"column,omitempty"` // character of that line, from 1; zero if it is about the line as a whole
	Field   string `json:"field,omitempty"`  // field of the recipient or name of the variable; empty if it is about the row
	Code    string `json:"code"`             // for programs
	Message string `json:"message"`          // for people; holds no value of the row
}

// Error ends the reading: the file or the stream as a whole is at fault. Rows read before it stand.
type Error struct {
	Status   int       // HTTP status that says it: 400, 408, 413, 415 or 422
	Problems []Problem // at least one; Line is how far the reading came
	Err      error     // what the stream answered; nil if the stream is fine and the content is not
}

func (e *Error) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Message
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives the error of the stream, such as an *http.MaxBytesError.
func (e *Error) Unwrap() error { return e.Err }

// Reader reads recipients. It is not safe for concurrent use, starts no goroutines and need not be closed.
type Reader struct {
	rows interface{ next() error }
	checker
	line  int // the last line that was read completely
	found bool
	err   error
}

// NewReader reads r, which it neither closes nor touches before Next.
func NewReader(r io.Reader, format Format, options Options) *Reader {
	if options.MaxBytes <= 0 {
		options.MaxBytes = 4 << 30
	}
	reader := &Reader{checker: newChecker(options.Language)}
	source := &source{stream: newInflater(r, format.compression, options.MaxBytes), charset: format.charset}
	if source.table = !format.lines; format.lines {
		reader.rows = &jsonRows{Reader: reader, source: source, names: map[string]field{}}
	} else {
		reader.rows = &csvRows{Reader: reader, source: source}
	}
	return reader
}

// Next gives the next row, good or bad. At the end of the file it answers io.EOF, and an *Error when the reading cannot go on: a stream
// that is cut off, too large or wrongly compressed, a file without a header that is understood, without rows or in an unknown encoding.
func (r *Reader) Next() (Row, error) {
	if r.err != nil {
		return Row{}, r.err
	}
	r.row = Row{Lines: 1}
	err := r.rows.next()
	if err == io.EOF && !r.found {
		err = r.refuse(0, "empty")
	}
	if err != nil {
		r.err = err
		return Row{}, err
	}
	r.found = true
	return r.row, nil
}

// Variables lists what became template variables: all such columns of a CSV file once Next was called, the keys met so far in NDJSON
// (up to MaxVariables), each once, as they were written, in order of appearance.
func (r *Reader) Variables() []string { return r.variables }

// refuse ends the reading because of the content.
func (r *Reader) refuse(line int, code string, args ...any) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Problems: []Problem{r.told(line, 0, "", code, args...)}}
}

// broken ends the reading after line because of the stream.
func (r *Reader) broken(line int, s *source) error {
	if s.err == io.EOF || s.err == nil {
		return io.EOF
	}
	var refusal refusal
	if errors.As(s.err, &refusal) {
		return r.refuse(line, string(refusal))
	}
	code, status, cause := s.stream.fault(s.err)
	return &Error{Status: status, Problems: []Problem{r.told(line, 0, "", code)}, Err: cause}
}
