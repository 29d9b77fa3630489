package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// described is openapi.yaml and the answers that tests have seen.
var described = newDescription()

type description struct {
	doc    *openapi3.T
	router routers.Router

	mu       sync.Mutex
	produced map[string]bool // "GET /v1/campaigns 200"
}

func newDescription() *description {
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		panic(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	for _, media := range []string{"application/x-ndjson", "text/html", "image/gif", "application/yaml", "text/csv", "text/tab-separated-values", "message/rfc822", "application/octet-stream"} {
		openapi3filter.RegisterBodyDecoder(media, asText)
	}
	return &description{doc: doc, router: router, produced: map[string]bool{}}
}

func asText(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	text, err := io.ReadAll(body)
	return string(text), err
}

// check holds a request and its answer to the description.
func (d *description) check(t testing.TB, r *http.Request, body []byte, answer *httptest.ResponseRecorder) {
	t.Helper()
	route, params, err := d.router.FindRoute(r)
	if err != nil {
		if answer.Code != http.StatusNotFound && answer.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s %s is answered %d and not described: %v", r.Method, r.URL.Path, answer.Code, err)
		}
		return
	}
	d.mu.Lock()
	d.produced[fmt.Sprintf("%s %s %d", r.Method, route.Path, answer.Code)] = true
	d.mu.Unlock()
	if route.Operation.Responses.Status(answer.Code) == nil && answer.Code != http.StatusInternalServerError {
		t.Errorf("%s %s is answered %d, which is not described", r.Method, route.Path, answer.Code)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true}
	asked := r.Clone(context.Background())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	input := &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route, Options: options}
	if answer.Code < 400 && r.Header.Get("Content-Encoding") == "" {
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			t.Errorf("%s %s was taken but is not as described: %v", r.Method, route.Path, err)
		}
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.Code, Header: answer.Header(), Options: options,
		Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())),
	}
	if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
		t.Errorf("%s %s is not answered as described: %v\n%s", r.Method, route.Path, err, answer.Body)
	}
}

// promised yields every status the description names.
func (d *description) promised(yield func(method, path string, status int)) {
	for path, item := range d.doc.Paths.Map() {
		for method, op := range item.Operations() {
			for code := range op.Responses.Map() {
				if status, err := strconv.Atoi(code); err == nil {
					yield(method, path, status)
				}
			}
		}
	}
}

func (d *description) unproduced() (missing []string) {
	d.promised(func(method, path string, status int) {
		if key := fmt.Sprintf("%s %s %d", method, path, status); !d.produced[key] {
			missing = append(missing, key)
		}
	})
	return missing
}

// promises reports whether an answer is described.
func (d *description) promises(r route, status int) bool {
	op := d.doc.Paths.Value(r.path).GetOperation(r.method)
	return op.Responses.Status(status) != nil
}

func TestDescriptionIsValid(t *testing.T) {
	if err := described.doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestEveryRouteIsDescribedAndTheOtherWayRound(t *testing.T) {
	w := newWorld(t)
	routes := map[string]bool{}
	for _, r := range w.server.table {
		routes[r.method+" "+r.path] = true
		item := described.doc.Paths.Value(r.path)
		if item == nil || item.GetOperation(r.method) == nil {
			t.Errorf("%s %s is not in openapi.yaml", r.method, r.path)
			continue
		}
		op := item.GetOperation(r.method)
		if isPublic := op.Security != nil && len(*op.Security) == 0; isPublic != (r.role == public) {
			t.Errorf("%s %s: openapi.yaml and the table disagree about who needs a key", r.method, r.path)
		}
	}
	for path, item := range described.doc.Paths.Map() {
		for method := range item.Operations() {
			if !routes[method+" "+path] {
				t.Errorf("openapi.yaml has %s %s, the server has not", method, path)
			}
		}
	}
	for _, r := range w.server.echo.Routes() {
		if !routes[r.Method+" "+strings.NewReplacer(":id", "{id}", ":name", "{name}", ":account", "{account}", ":token", "{token}", ":channel", "{channel}", ":provider", "{provider}").Replace(r.Path)] {
			t.Errorf("%s %s is not in the table", r.Method, r.Path)
		}
	}
}
