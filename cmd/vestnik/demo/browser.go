package demo

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vestnik/api/client"
)

// patience is how long a resident waits for a page: a demo on a busy machine is slow, not broken.
const patience = 5 * time.Minute

// get looks at an address, and tells in page where it led.
func (r *Residents) get(address string, page *string) error {
	return r.knock(http.MethodGet, address, "", page)
}

// post sends a form.
func (r *Residents) post(address string, form url.Values) error {
	return r.knock(http.MethodPost, address, form.Encode(), nil)
}

// knock asks an address, again after a while when the server says that it cannot just now.
func (r *Residents) knock(method, address, body string, page *string) error {
	return insist(r.ctx, func() error {
		request, err := http.NewRequestWithContext(r.ctx, method, address, strings.NewReader(body))
		if err != nil {
			return errors.New("an address in a letter makes no sense")
		}
		if body != "" {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return r.ask(request, page)
	})
}

// ask asks once.
func (r *Residents) ask(request *http.Request, page *string) error {
	answer, err := r.web.Do(request)
	if err != nil {
		return fmt.Errorf("a public door did not answer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if page != nil {
		*page = answer.Request.URL.String()
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("a public door broke off: %w", err)
	}
	if answer.StatusCode >= 300 {
		return &client.Problem{Status: answer.StatusCode, Title: "a public door is closed"}
	}
	return nil
}
