// Package client speaks the HTTP API of an installation: what a provider's developer would write for themselves, typed.
//
// One method a door of the API; a refusal is a *Problem with everything that was wrong. What may safely be asked twice is asked again
// when the server says "not now" (429, 503) and, for requests under an Idempotency-Key, when the answer was lost on the way; an upload is
// never repeated. It keeps no state between calls, holds no answers back and knows nothing of stores and channels.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client asks one installation with one key. It is safe for concurrent use; the fields are not to be changed once it is in use.
type Client struct {
	URL      string        // of the installation, for instance "https://vestnik.example.ru"
	Key      string        // "vst_live_…" or "vst_test_…"
	HTTP     *http.Client  // nil: one that waits at most Patience for the beginning of an answer and has no limit on uploads
	Language string        // of messages for people: "ru" or "en"; empty means "ru"
	Tries    int           // how often a request that may be repeated is sent in all; 0 means 5
	Longest  time.Duration // the longest pause before the next try, Retry-After included; 0 means 30 s
}

// Patience is how long the client of New waits for the beginning of an answer once the request is sent.
const Patience = 2 * time.Minute

// agent tells the server who asks.
const agent = "vestnik-client"

// maxProblem bounds how much of a refusal is read.
const maxProblem = 4 << 20

// New makes a Client with the defaults.
func New(address, key string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = Patience
	transport.MaxIdleConnsPerHost = 64
	return &Client{URL: strings.TrimRight(address, "/"), Key: key, HTTP: &http.Client{Transport: transport}}
}

// request is one question to the API.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte    // may be sent again
	stream       io.Reader // cannot: sent once
	idempotency  string    // the Idempotency-Key of a POST
}

// repeatable reports whether asking twice does the same as asking once.
func (r request) repeatable() bool {
	return r.stream == nil && (r.method == http.MethodGet || r.idempotency != "")
}

// post is a POST of v as JSON under an Idempotency-Key: the given one, or a new one.
func post(path, key string, v any) (request, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return request{}, fmt.Errorf("write the request: %w", err)
	}
	if key == "" {
		key = rand.Text()
	}
	return request{method: http.MethodPost, path: path, body: body, idempotency: key, header: http.Header{"Content-Type": {"application/json"}}}, nil
}

// get is a GET.
func get(query url.Values, path ...string) request {
	return request{method: http.MethodGet, path: join(path...), query: query}
}

// join makes a path of parts, each escaped.
func join(parts ...string) string {
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return "/" + strings.Join(parts, "/")
}

// ask sends the request, again if need be, and decodes the answer.
func ask[T any](ctx context.Context, c *Client, r request) (answer T, err error) {
	body, err := c.open(ctx, r)
	if err != nil {
		return answer, err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("%s %s: read the answer: %w", r.method, r.path, err)
	}
	return answer, nil
}

// open sends the request, again if need be, and gives the body of a good answer.
func (c *Client) open(ctx context.Context, r request) (io.ReadCloser, error) {
	tries := c.Tries
	if tries <= 0 {
		tries = 5
	}
	for try := 1; ; try++ {
		body, pause, err := c.once(ctx, r, try)
		if err == nil || pause < 0 || try >= tries || !r.repeatable() || ctx.Err() != nil {
			return body, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		}
	}
}

// once sends the request once. With an error, pause says after how long it may be sent again, and is negative when that is of no use.
func (c *Client) once(ctx context.Context, r request, try int) (body io.ReadCloser, pause time.Duration, err error) {
	sent, err := c.build(ctx, r)
	if err != nil {
		return nil, -1, err
	}
	web := c.HTTP
	if web == nil {
		web = http.DefaultClient
	}
	answer, err := web.Do(sent)
	if err != nil {
		return nil, c.backoff(try), fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if answer.StatusCode/100 == 2 {
		return answer.Body, 0, nil
	}
	defer func() { _ = answer.Body.Close() }()
	problem := readProblem(answer)
	if !problem.passing() {
		return nil, -1, problem
	}
	if problem.RetryAfter > 0 {
		return nil, min(problem.RetryAfter, c.longest()), problem
	}
	return nil, c.backoff(try), problem
}

// longest is the longest pause between two tries.
func (c *Client) longest() time.Duration {
	if c.Longest > 0 {
		return c.Longest
	}
	return 30 * time.Second
}

// backoff is the pause after a try to which the server gave none: 0.2 s, doubled each time.
func (c *Client) backoff(try int) time.Duration {
	return min(200*time.Millisecond<<min(try-1, 10), c.longest())
}

// build makes the HTTP request.
func (c *Client) build(ctx context.Context, r request) (*http.Request, error) {
	address := strings.TrimRight(c.URL, "/") + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	body := r.stream
	if r.stream == nil && r.body != nil {
		body = bytes.NewReader(r.body)
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	for name, values := range r.header {
		sent.Header[name] = values
	}
	sent.Header.Set("User-Agent", agent)
	if sent.Header.Get("Accept") == "" {
		sent.Header.Set("Accept", "application/json")
	}
	if c.Language != "" {
		sent.Header.Set("Accept-Language", c.Language)
	}
	if c.Key != "" {
		sent.Header.Set("Authorization", "Bearer "+c.Key)
	}
	if r.idempotency != "" {
		sent.Header.Set("Idempotency-Key", r.idempotency)
	}
	return sent, nil
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
