package gosuslugi

import (
	"context"
	"errors"
	"strings"
	"time"

	"vestnik/engine"
)

// A receipt is what was asked and where, in words divided by blanks: the code of a counter and the acknowledgment; for notices also the
// TransportGUID of the notice, which many residents share; or waited and the names of errands.
const (
	sought        = "s" // documents that were looked for
	soughtReport  = "p" // an outage report that was looked for
	soughtMeeting = "v" // the notice of a meeting that was looked for
	waited        = "w" // errands
)

func receipt(words ...string) string { return strings.Join(words, " ") }

func waitFor(names []string) string { return receipt(append([]string{waited}, names...)...) }

// mostPolls is how often a request is asked about, some four hours, before it counts as lost.
const mostPolls = 12

// Confirm asks what became of messages; see engine.Confirmer. A question without an answer is asked again; what ГИС ЖКХ has forgotten, or does
// not get done, is handed over again, after a look whether it is there.
func (c *Channel) Confirm(ctx context.Context, from engine.Sender, pending []engine.Receipt) []engine.Result {
	results := make([]engine.Result, len(pending))
	o, err := officeOf(from.Provider)
	groups := map[string][]int{} // by what is asked: notices of one request share an acknowledgment
	for i, r := range pending {
		ask := r.Text
		if words := strings.Fields(r.Text); len(words) > 2 && words[0] != waited {
			ask = receipt(words[:2]...)
		}
		groups[ask] = append(groups[ask], i)
	}
	for ask, who := range groups {
		if err != nil || ctx.Err() != nil {
			for _, i := range who {
				results[i] = c.askAgain(pending[i])
			}
			continue
		}
		q := question{Channel: c, ctx: ctx, office: o, pending: pending, results: results, who: who}
		q.put(strings.Fields(ask))
	}
	if withdraws(from.Campaign) {
		for i := range results {
			results[i].Document = "" // it was taken back, and is nobody's to pay
		}
	}
	return results
}

// askAgain puts a question off.
func (c *Channel) askAgain(r engine.Receipt) engine.Result {
	next := min(r.Polls+1, len(c.cfg.Schedule)-1)
	return engine.Result{Later: &engine.Later{Receipt: r.Text, After: c.cfg.Schedule[next]}}
}

// question is one question of a Confirm, about the messages who.
type question struct {
	*Channel
	ctx     context.Context
	office  *office
	pending []engine.Receipt
	results []engine.Result
	who     []int
}

func (q question) put(words []string) {
	switch {
	case len(words) < 2:
		q.each(engine.Result{Fault: &engine.Fault{Reason: engine.Unknown, Code: "receipt", Err: errors.New("a receipt that cannot be read")}})
	case words[0] == waited:
		done, failed := q.fulfil(q.ctx, q.office, words[1:])
		switch {
		case failed != nil && failed.code != "" && ruleOf(failed.code).reason != engine.Unavailable:
			q.each(engine.Result{Fault: failed.Fault})
		case done:
			q.each(again())
		default:
			q.wait()
		}
	default:
		at := map[string]counter{billing.code: billing, sought: billing, houses.code: houses, outages.code: outages, soughtReport: outages, soughtMeeting: houses}[words[0]]
		if at == billing && !q.worthAsking(q.ctx, q.office, words[1], q.polls()) {
			q.wait()
			return
		}
		state, failed := q.state(q.ctx, q.office, at, words[1])
		if at == billing && failed == nil && state.State == ready {
			q.queues.of(q.office).leave(words[1])
		}
		switch {
		case failed != nil && ruleOf(failed.code).code == "INT002013":
			q.lost(words[0])
		case failed != nil || state.State != ready:
			q.wait()
		case words[0] == sought:
			q.found(state)
		case words[0] == soughtReport || words[0] == soughtMeeting:
			q.foundEvent(state, q.notice(q.who[0]))
		default:
			q.imported(state, words[0])
		}
	}
}

func (q question) each(r engine.Result) {
	for _, i := range q.who {
		q.results[i] = r
	}
}

// wait asks again later, but not for ever.
func (q question) wait() {
	for _, i := range q.who {
		if q.pending[i].Polls >= mostPolls {
			q.lost(strings.Fields(q.pending[i].Text)[0])
			return
		}
		q.results[i] = q.askAgain(q.pending[i])
	}
}

// lost gives up a request of which nobody knows what became.
func (q question) lost(kind string) {
	if kind == billing.code {
		q.doubt(q.ctx, q.office, q.keys(q.who))
	}
	q.each(engine.Result{Fault: &engine.Fault{Reason: engine.Unknown, Code: "INT002013", Err: errors.New("ГИС ЖКХ does not say what became of the request")}})
}

func (q question) keys(who []int) []string {
	keys := make([]string, len(who))
	for k, i := range who {
		keys[k] = q.pending[i].Key
	}
	return keys
}

// imported reads what became of the parts of an import.
func (q question) imported(state *stateResult, kind string) {
	if whole := wholeError(state); whole != nil {
		failed := refused(whole.Code)
		if failed.doubt && kind == billing.code {
			q.doubt(q.ctx, q.office, q.keys(q.who))
		}
		q.stale(failed)
		q.each(engine.Result{Fault: failed.Fault})
		if !failed.doubt {
			q.settle(nil)
		}
		return
	}
	byTransport := map[string]*importResult{}
	for i := range state.Imports {
		parts := state.Imports[i].Wrapped
		if parts == nil {
			parts = state.Imports[i : i+1]
		}
		for k := range parts {
			byTransport[strings.ToLower(parts[k].Transport)] = &parts[k]
		}
	}
	var doubtful []int
	for _, i := range q.who {
		transport := q.notice(i)
		if transport == "" {
			transport = guidOf(q.pending[i].Key)
		}
		doubt := false
		if q.results[i], doubt = q.outcome(byTransport[transport]); doubt && kind == billing.code {
			doubtful = append(doubtful, i)
		}
		if kind == billing.code {
			q.results[i].Document = q.results[i].ID
		}
	}
	if doubtful != nil {
		q.doubt(q.ctx, q.office, q.keys(doubtful))
	}
	q.settle(byTransport)
}

// notice is the TransportGUID of the notice that a message is asked about; empty if it is none.
func (q question) notice(i int) string {
	if words := strings.Fields(q.pending[i].Text); len(words) > 2 && words[0] != waited {
		return words[2]
	}
	return ""
}

// wholeError is the error of a request as a whole; nil if it has none.
func wholeError(state *stateResult) *wireError {
	if state.Error != nil {
		return state.Error
	}
	if len(state.Imports) > 0 {
		return state.Imports[0].Whole
	}
	return nil
}

// outcome reads what became of one part. doubt means that it may be there all the same.
func (q question) outcome(part *importResult) (r engine.Result, doubt bool) {
	switch {
	case part == nil:
		return engine.Result{Fault: &engine.Fault{Reason: engine.Unknown, Code: "missing", Err: errors.New("the result says nothing of the message")}}, true
	case len(part.Errors) == 0:
		id := part.Unique
		if id == "" {
			id = part.GUID
		}
		return engine.Result{ID: id, Received: true}, false
	case ruleOf(part.Errors[0].Code).done:
		return engine.Result{Received: true}, false
	case part.Errors[0].exists():
		fault := &engine.Fault{Reason: engine.Unknown, Code: "exists", Err: errors.New("the document is there already")}
		return engine.Result{Fault: fault}, true // the next attempt looks for it
	}
	failed := refused(part.Errors[0].Code)
	q.stale(failed)
	return engine.Result{Fault: failed.Fault}, failed.doubt
}

// stale forgets the registries when ГИС ЖКХ does not know what they say.
func (q question) stale(failed *failure) {
	if failed.code == "" || !ruleOf(failed.code).stale {
		return
	}
	v := visit{Channel: q.Channel, office: q.office}
	var names []string
	for _, number := range []int{extraServices, housingServices, utilityServices, decisionKinds, penaltyKinds, outageReasons, outageKinds} {
		names = append(names, v.list(number).name)
	}
	q.forget(q.ctx, q.office, names)
}

// found reads which of the documents looked for are there. Of the others nobody doubts any more that they are not.
func (q question) found(state *stateResult) {
	if state.Error != nil && ruleOf(state.Error.Code).code != "INT002012" {
		q.each(engine.Result{Fault: refused(state.Error.Code).Fault})
		return
	}
	there := map[string]string{}
	for _, d := range state.Documents {
		if d.Number != "" && d.Withdrawn != "true" {
			there[d.Number] = d.ID
		}
	}
	settled := map[string][]byte{}
	for _, i := range q.who {
		key := q.pending[i].Key
		settled[doubtOf(key)] = nil
		q.results[i] = again()
		if id := there[numberOf(key)]; id != "" {
			q.results[i] = engine.Result{ID: id, Document: id, Received: true}
		}
	}
	if err := q.cfg.Notes.Write(context.WithoutCancel(q.ctx), q.office.provider, settled, time.Second); err != nil {
		q.each(engine.Result{Fault: storeDown(err)})
	}
}
