package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers the n-th request, from 1 on, by do, and gives a client that never pauses for long.
func serve(t *testing.T, do func(n int, w http.ResponseWriter, r *http.Request)) (*Client, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		do(int(asked.Add(1)), w, r)
	}))
	t.Cleanup(server.Close)
	c := New(server.URL+"/", "vst_test_x_y")
	c.Longest, c.Language = time.Millisecond, "en"
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c, &asked
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestRequests(t *testing.T) {
	ctx := t.Context()
	for name, is := range map[string]struct {
		call   func(c *Client) error
		method string
		uri    string
		body   string // a part of it
		answer string
	}{
		"create": {func(c *Client) error {
			_, err := c.CreateCampaign(ctx, Order{Name: "Счёт", Kind: "bill", Template: "bill-monthly"})
			return err
		}, "POST", "/v1/campaigns", `"template":"bill-monthly"`, `{}`},
		"named": {func(c *Client) error {
			_, err := c.CreateCampaign(ctx, Order{Name: "Счёт", Kind: "bill", Template: "bill-monthly", Named: "autumn"})
			return err
		}, "POST", "/v1/campaigns", `"route":"autumn"`, `{}`},
		"retry":    {func(c *Client) error { _, err := c.Retry(ctx, "x"); return err }, "POST", "/v1/campaigns/x/retry", "{}", `{}`},
		"dry run":  {func(c *Client) error { _, err := c.DryRun(ctx, "x"); return err }, "POST", "/v1/campaigns/x/dry-run", "{}", `{}`},
		"campaign": {func(c *Client) error { _, err := c.Campaign(ctx, "a/b"); return err }, "GET", "/v1/campaigns/a%2Fb", "", `{}`},
		"start":    {func(c *Client) error { _, err := c.Start(ctx, "x"); return err }, "POST", "/v1/campaigns/x/start", "{}", `{}`},
		"pause":    {func(c *Client) error { _, err := c.Pause(ctx, "x"); return err }, "POST", "/v1/campaigns/x/pause", "{}", `{}`},
		"resume":   {func(c *Client) error { _, err := c.Resume(ctx, "x"); return err }, "POST", "/v1/campaigns/x/resume", "{}", `{}`},
		"cancel":   {func(c *Client) error { _, err := c.Cancel(ctx, "x"); return err }, "POST", "/v1/campaigns/x/cancel", "{}", `{}`},
		"funnel":   {func(c *Client) error { _, err := c.Funnel(ctx, "x", "house"); return err }, "GET", "/v1/campaigns/x/funnel?by=house", "", `{}`},
		"totals":   {func(c *Client) error { _, err := c.Totals(ctx, time.Unix(0, 0).UTC(), time.Time{}, "kind"); return err }, "GET", "/v1/analytics/funnel?by=kind&from=1970-01-01T00%3A00%3A00Z", "", `{}`},
		"message": {func(c *Client) error {
			_, err := c.SendMessage(ctx, MessageOrder{Kind: "bill", Recipient: engine.Recipient{Account: "1"}})
			return err
		}, "POST", "/v1/messages", `"recipient":{"account":"1"}`, `{}`},
		"outcome": {func(c *Client) error { _, err := c.Message(ctx, "x"); return err }, "GET", "/v1/messages/x", "", `{}`},
		"payments": {func(c *Client) error {
			_, err := c.Payments(ctx, []engine.Payment{{Reference: "r", Amount: 150}})
			return err
		}, "POST", "/v1/payments", `"amount":"1.50"`, `{}`},
		"events": {func(c *Client) error { _, err := c.Events(ctx, []Event{{ID: "e", Type: "opened"}}); return err }, "POST", "/v1/events", `"event_id":"e"`, `{}`},
		"upload": {func(c *Client) error {
			_, err := c.PutRecipients(ctx, "x", Audience{Body: strings.NewReader("account\n1\n"), Type: CSV, Reject: true})
			return err
		}, "PUT", "/v1/campaigns/x/recipients?on_error=reject", "account\n1\n", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				h := r.Header
				for what, fine := range map[string]bool{
					"method":   r.Method == is.method,
					"address":  r.RequestURI == is.uri,
					"body":     strings.Contains(string(body), is.body),
					"key":      h.Get("Authorization") == "Bearer vst_test_x_y",
					"language": h.Get("Accept-Language") == "en",
					"once":     (h.Get("Idempotency-Key") != "") == (r.Method == http.MethodPost),
				} {
					if !fine {
						t.Errorf("%s: %s %s %v\n%s", what, r.Method, r.RequestURI, h, body)
					}
				}
				_, _ = io.WriteString(w, is.answer)
			})
			if err := is.call(c); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestProblemTellsEverything(t *testing.T) {
	c, asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		refuse(w, 422, `{"title":"Invalid","status":422,"code":"invalid","detail":"Two things.","errors":[{"field":"name","code":"missing","message":"It is required."},{"line":3,"column":14,"field":"amount","code":"money","message":"No."}]}`)
	})
	_, err := c.CreateCampaign(t.Context(), Order{})
	var p *Problem
	if !errors.As(err, &p) || p.Status != 422 || p.Code != "invalid" || len(p.Errors) != 2 || p.Errors[1].Line != 3 {
		t.Fatalf("%#v", err)
	}
	const want = "422 Invalid: Two things.\n  name: It is required.\n  3:14: amount: No."
	if err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestRepeating(t *testing.T) {
	get := func(ctx context.Context, c *Client) error { _, err := c.Campaign(ctx, "x"); return err }
	order := func(ctx context.Context, c *Client) error { _, err := c.CreateCampaign(ctx, Order{}); return err }
	upload := func(ctx context.Context, c *Client) error {
		_, err := c.PutRecipients(ctx, "x", Audience{Body: strings.NewReader("x"), Type: CSV})
		return err
	}
	for name, is := range map[string]struct {
		call   func(context.Context, *Client) error
		status int
		body   string
		asked  int64
		fine   bool
	}{
		"busy":             {get, 429, `{}`, 3, true},
		"down":             {get, 503, `not JSON`, 3, true},
		"down, an order":   {order, 503, `{}`, 3, true},
		"running already":  {order, 409, `{"code":"idempotency_running"}`, 3, true},
		"wrong status":     {order, 409, `{"code":"wrong_status"}`, 1, false},
		"our defect":       {get, 500, `{}`, 1, false},
		"down, an upload":  {upload, 503, `{}`, 1, false},
		"a proxy's answer": {get, 502, `<html>`, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			keys := map[string]bool{}
			c, asked := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
				keys[r.Header.Get("Idempotency-Key")] = true
				if n < 3 {
					w.Header().Set("Retry-After", "1")
					refuse(w, is.status, is.body)
					return
				}
				_, _ = io.WriteString(w, `{}`)
			})
			if err := is.call(t.Context(), c); (err == nil) != is.fine {
				t.Errorf("%v", err)
			}
			if asked.Load() != is.asked {
				t.Errorf("asked %d times, want %d", asked.Load(), is.asked)
			}
			if len(keys) != 1 {
				t.Errorf("the Idempotency-Key changed between tries: %v", keys)
			}
		})
	}
}

func TestRepeatingEnds(t *testing.T) {
	c, asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { refuse(w, 503, `{}`) })
	_, err := c.Campaign(t.Context(), "x")
	if p := (*Problem)(nil); !errors.As(err, &p) || p.Status != 503 || asked.Load() != 5 {
		t.Errorf("%v after %d", err, asked.Load())
	}
	c.Longest = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err = c.Campaign(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a pause must end with its context: %v", err)
	}
}

func TestLostAnswerIsAskedForAgain(t *testing.T) {
	c, asked := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			panic(http.ErrAbortHandler) // the connection is cut before an answer
		}
		_, _ = io.WriteString(w, `{"id":"one"}`)
	})
	got, err := c.CreateCampaign(t.Context(), Order{})
	if err != nil || got.ID != "one" || asked.Load() != 2 {
		t.Errorf("%v %v after %d", got, err, asked.Load())
	}
}

func TestPages(t *testing.T) {
	c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") == "" {
			_, _ = io.WriteString(w, `{"items":[{"id":"a"},{"id":"b"}],"next_cursor":"n"}`)
			return
		}
		_, _ = io.WriteString(w, `{"items":[{"id":"c"}]}`)
	})
	var ids []string
	for campaign, err := range c.AllCampaigns(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(campaign.ID))
	}
	if fmt.Sprint(ids) != "[a b c]" {
		t.Error(ids)
	}
}

func TestUploadTellsProgress(t *testing.T) {
	c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"accepted":2,"rejected":1,"duplicates":0,"errors":[{"line":2,"column":5,"field":"email","code":"email","message":"no"}],"errors_truncated":true}`)
	})
	var last int64
	text := strings.Repeat("x", 1<<20)
	taken, err := c.PutRecipients(t.Context(), "x", Audience{Body: strings.NewReader(text), Type: NDJSON, Encoding: "", Progress: func(n int64) { last = n }})
	if err != nil || last != 1<<20 || taken.Accepted != 2 || !taken.Truncated || len(taken.Errors) != 1 {
		t.Errorf("%+v %v after %d bytes", taken, err, last)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "5": 5 * time.Second, "-1": 0, "soon": 0,
		"Thu, 05 Nov 2026 09:00:07 GMT": 7 * time.Second, "Thu, 05 Nov 2026 08:00:00 GMT": 0,
	} {
		if have := retryAfter(value, now); have != want {
			t.Errorf("%q: %v, want %v", value, have, want)
		}
	}
}
