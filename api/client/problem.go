package client

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// Problem is a refusal as the API tells it: application/problem+json (RFC 9457).
type Problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail,omitempty"`
	Code   string    `json:"code,omitempty"`   // for programs, for instance "wrong_status"
	Errors []Mistake `json:"errors,omitempty"` // everything that was wrong with the input
	// RequestID is what the server's log knows the request by.
	RequestID string `json:"request_id,omitempty"`

	RetryAfter time.Duration `json:"-"` // when the server may be asked again; 0: it did not say
}

// Mistake is one thing wrong with the input: of a field of a JSON body, or of a place in a file.
type Mistake struct {
	Field   string `json:"field,omitempty"`
	Line    int    `json:"line,omitempty"`   // counted from 1; 0: not of a line
	Column  int    `json:"column,omitempty"` // character of that line, counted from 1; 0: the line as a whole
	Code    string `json:"code"`
	Message string `json:"message"`
}

// String tells the place and the message: "3:14: amount: …".
func (m Mistake) String() string {
	var place []string
	if m.Line > 0 {
		place = append(place, strings.TrimSuffix(fmt.Sprintf("%d:%d", m.Line, m.Column), ":0"))
	}
	if m.Field != "" {
		place = append(place, m.Field)
	}
	return strings.Join(append(place, m.Message), ": ")
}

// passing reports whether the same request may fare better soon: the server is busy or a store is down, or a first try of it is still
// being worked on.
func (p *Problem) passing() bool {
	return p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable ||
		p.Status == http.StatusConflict && p.Code == "idempotency_running"
}

// Error tells status, title and detail, and every mistake on a line of its own.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", p.Status, p.Title)
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, m := range p.Errors {
		b.WriteString("\n  " + m.String())
	}
	return b.String()
}

// readProblem reads a refusal; one that is not problem+json, as a proxy in between would send, keeps its status.
func readProblem(answer *http.Response) *Problem {
	p := &Problem{}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if kind == "application/problem+json" || kind == "application/json" {
		if json.NewDecoder(io.LimitReader(answer.Body, maxProblem)).Decode(p) != nil {
			p = &Problem{}
		}
	}
	p.Status = answer.StatusCode
	if p.Title == "" {
		p.Title = http.StatusText(answer.StatusCode)
	}
	p.RetryAfter = retryAfter(answer.Header.Get("Retry-After"), time.Now())
	return p
}
