package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestTenantsApart has two providers with the same residents, accounts and documents. Whatever one asks of the other's is not there, in the same
// words as if it had never been, and the money, the bounces and the keys of one mean nothing to the other.
func TestTenantsApart(t *testing.T) {
	w := newTown(t)
	w.serve()
	ours, theirs := w.provider("УК «Ромашка»"), w.provider("УК «Лютик»")
	list := people(20)
	our, their := w.order(ours, list), w.order(theirs, list)
	message := w.message(ours, list[0])
	w.settled(ours, our)
	w.settled(theirs, their)

	wantRulesApart(w, ours.Key, theirs.Key)
	w.cross(theirs.Key, map[string]string{"campaigns": string(our), "messages": string(message)})
	wantOwn(w, theirs, their, our)

	w.pay(theirs, engine.PaymentReport{Accepted: 2, Matched: 2}, byDocument("r1", list[1], list[1].amount), byPeriod("r2", list[2], list[2].amount))
	w.pay(ours, engine.PaymentReport{Accepted: 1, Matched: 1}, byDocument("r1", list[3], list[3].amount)) // the same reference is another payment
	at := time.Now().Truncate(time.Millisecond)
	report, err := theirs.Events(t.Context(), []client.Event{
		{Type: engine.Opened, Account: list[4].account, Campaign: our, At: at}, {Type: engine.Opened, Message: message, At: at},
		{Type: engine.Bounced, DocumentID: list[5].document, At: at},
	})
	if err != nil || report.Accepted != 1 || report.Unknown != 2 {
		t.Errorf("%+v %v", report, err)
	}
	w.await("what happened to theirs", func() bool {
		now, ok := w.look(theirs, their)
		return ok && now.Funnel[5].Count == 2 && now.Channels[engine.Email].Bounced == 1
	})
	w.await("what happened to ours", func() bool { now, ok := w.look(ours, our); return ok && now.Funnel[5].Count == 1 })
	now := w.settled(ours, our)
	w.wantLedger(now, engine.Balance{Ordered: 20, Delivered: 20})
	if now.Funnel[3].Count != 0 || now.Funnel[5].Amount != list[3].amount {
		t.Errorf("what theirs did is in our funnel: %+v", now.Funnel)
	}

	// The address that came back to them is still written to by us.
	next := w.settled(ours, w.order(ours, list))
	w.wantLedger(next, engine.Balance{Ordered: 20, Delivered: 19, Suppressed: 1}) // one has paid us
	wantReplaysApart(w, ours, theirs)
}

// message sends one message.
func (w *town) message(c *client.Client, p person) engine.CampaignID {
	w.Helper()
	sent, err := c.SendMessage(w.Context(), client.MessageOrder{
		Kind: engine.KindStatus, Template: "status-changed", Route: onlyEmail, Recipient: engine.Recipient{Account: p.account, Email: p.email},
		Vars: map[string]any{"request": "17", "status": "done"},
	})
	if err != nil {
		w.Fatal(err)
	}
	return sent.ID
}

// shared are the operations that name nobody's object: what they answer is looked at elsewhere in this file or in the tests of package api, or the
// same for everybody.
var shared = map[string]bool{
	"post /v1/campaigns": true, "get /v1/campaigns": true, "post /v1/messages": true, "post /v1/payments": true, "get /v1/payments/gis": true,
	"post /v1/events":          true,
	"get /v1/analytics/funnel": true, "get /v1/accounts/{account}/timeline": true, "get /v1/templates": true, "get /v1/templates/{name}": true,
	"get /v1/templates/{name}/versions": true, "post /v1/templates/{name}/preview": true,
	"get /v1/routes": true, "put /v1/routes": true, "delete /v1/routes": true, "put /v1/routes/{name}": true, "delete /v1/routes/{name}": true,
	"get /v1/suppressions": true, "put /v1/suppressions": true, "delete /v1/suppressions": true,
	"get /v1/consents": true, "put /v1/consents": true, "delete /v1/consents": true,
	"get /v1/house-chats": true, "put /v1/house-chats": true, "delete /v1/house-chats": true,
}

var (
	pathLine   = regexp.MustCompile(`^  (/\S+):$`)
	methodLine = regexp.MustCompile(`^    (get|put|post|patch|delete):$`)
)

// cross asks every operation of the API that names an object for one of another provider's, by the API's own description, so that none is
// forgotten.
func (w *town) cross(key string, objects map[string]string) {
	w.Helper()
	_, spec := w.ask(http.MethodGet, "/openapi.yaml", "", "")
	path, crossed := "", 0
	for line := range strings.Lines(string(spec)) {
		line = strings.TrimRight(line, "\r\n")
		if found := pathLine.FindStringSubmatch(line); found != nil {
			path = found[1]
		}
		method := methodLine.FindStringSubmatch(line)
		if method == nil || !strings.HasPrefix(path, "/v1/") || shared[method[1]+" "+path] {
			continue
		}
		id, known := objects[strings.Split(path, "/")[2]]
		if !known || !strings.Contains(path, "{id}") {
			w.Errorf("%s %s: nobody has tried to cross it", method[1], path)
			continue
		}
		crossed++
		status, body := w.ask(strings.ToUpper(method[1]), strings.Replace(path, "{id}", id, 1), key, "{}")
		none, nothing := w.ask(strings.ToUpper(method[1]), strings.Replace(path, "{id}", "0123456789abcdef", 1), key, "{}")
		if status != http.StatusNotFound || none != status || anonymous(body) != anonymous(nothing) {
			w.Errorf("%s %s of another provider is answered %d %s\nand of nobody %d %s", method[1], path, status, body, none, nothing)
		}
	}
	if crossed < 9 {
		w.Errorf("only %d operations were crossed", crossed)
	}
}

// anonymous is a problem without what differs between any two requests.
func anonymous(body []byte) string {
	members := map[string]any{}
	_ = json.Unmarshal(body, &members) // what is no problem has no members
	delete(members, "request_id")
	return fmt.Sprint(members)
}

// ask sends a request by hand.
func (w *town) ask(method, path, key, body string) (int, []byte) {
	w.Helper()
	kind := "application/json"
	if method == http.MethodPut && strings.HasSuffix(path, "/recipients") {
		kind, body = client.CSV, header
	}
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := plain.RoundTrip(r)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer.StatusCode, text
}

// wantOwn checks that lists, totals and timelines know their own and nothing of the other's.
func wantOwn(w *town, c *client.Client, own, other engine.CampaignID) {
	w.Helper()
	for campaign, err := range c.AllCampaigns(w.Context()) {
		if err != nil || campaign.ID != own {
			w.Errorf("a list tells of %s: %v", campaign.ID, err)
		}
	}
	totals, err := c.Totals(w.Context(), time.Time{}, time.Time{}, "house")
	if err != nil || totals.Stages[0].Count != 20 || totals.Stages[1].Count != 20 {
		w.Errorf("%+v %v", totals, err)
	}
	status, timeline := w.ask(http.MethodGet, "/v1/accounts/"+people(1)[0].account+"/timeline", c.Key, "")
	if status != http.StatusOK || bytes.Contains(timeline, []byte(other)) || !bytes.Contains(timeline, []byte(own)) || bytes.Contains(timeline, []byte("status-changed")) {
		w.Errorf("%d %s", status, timeline)
	}
}

// wantRulesApart checks that routes, stops, consents and house chats are their provider's own: what one has written the other neither reads nor removes.
func wantRulesApart(w *town, ours, theirs string) {
	w.Helper()
	const stopped = "/v1/suppressions?channel=email&address=nobody@example.net"
	for _, rule := range []struct{ put, body, get, word, drop string }{
		{"/v1/routes/night-ours", `{"lanes":[[{"channel":"email"}]]}`, "/v1/routes", "night-ours", "/v1/routes/night-ours"},
		{"/v1/suppressions", `{"channel":"email","address":"nobody@example.net"}`, stopped, "manual", stopped},
		{"/v1/consents", `{"account":"consenting","how":"paper"}`, "/v1/consents?account=consenting", "paper", ""},
		{"/v1/house-chats", `{"id":"lenina-5","network":"max","houses":["0c5b2444-70a0-4932-980c-b4dc0d3f02b5"]}`, "/v1/house-chats", "lenina-5", "/v1/house-chats?id=lenina-5"},
	} {
		if status, answer := w.ask(http.MethodPut, rule.put, ours, rule.body); status/100 != 2 {
			w.Errorf("PUT %s: %d %s", rule.put, status, answer)
		}
		if _, answer := w.ask(http.MethodGet, rule.get, theirs, ""); bytes.Contains(answer, []byte(rule.word)) {
			w.Errorf("%s of the other provider: %s", rule.get, answer)
		}
		if rule.drop != "" { // withdrawing a consent that was never given is no error, and nothing to see
			w.ask(http.MethodDelete, rule.drop, theirs, "")
		}
		if status, answer := w.ask(http.MethodGet, rule.get, ours, ""); status != http.StatusOK || !bytes.Contains(answer, []byte(rule.word)) {
			w.Errorf("%s of our own: %d %s", rule.get, status, answer)
		}
	}
}

// wantReplaysApart checks that an Idempotency-Key is its provider's own.
func wantReplaysApart(w *town, ours, theirs *client.Client) {
	w.Helper()
	order := client.Order{Name: "Ноябрь", Kind: engine.KindBill, Template: "bill-monthly", Once: "the same for both"}
	first, err := ours.CreateCampaign(w.Context(), order)
	if err != nil {
		w.Fatal(err)
	}
	second, err := theirs.CreateCampaign(w.Context(), order)
	if err != nil || second.ID == first.ID {
		w.Errorf("an answer for one provider was given to another: %v", err)
	}
	again, err := ours.CreateCampaign(w.Context(), order)
	if err != nil || again.ID != first.ID {
		w.Errorf("the same order again made another campaign: %v", err)
	}
}
