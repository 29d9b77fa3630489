package gosuslugi

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// What must be known before something can be placed (registries, accounts of houses) is asked of ГИС ЖКХ as everything is: now the question,
// later the answer. An errand is such a question. Its note says first that it was asked, so that others do not ask too, and then the answer.

// errand is something to be asked for.
type errand struct {
	name   string // of its note, without blanks
	at     counter
	action string
	write  body
}

// kept is the note of an errand.
type kept struct {
	Ack  string          `json:"ack,omitempty"`  // asked, not answered yet
	Data json.RawMessage `json:"data,omitempty"` // answered
}

// How long answers are believed, and how long one is waited for before it is asked for again: ГИС ЖКХ forgets results after half an hour.
const (
	answerAge = 12 * time.Hour
	askedAge  = 25 * time.Minute
)

// fetch gives what is known of errands, by name, and which names have to be waited for.
func (v *visit) fetch(errands []errand) (known map[string]json.RawMessage, waiting []string, failed *failure) {
	names := make([]string, len(errands))
	for i, e := range errands {
		names[i] = e.name
	}
	texts, err := v.cfg.Notes.Read(v.ctx, v.office.provider, names)
	if err != nil {
		return nil, nil, &failure{Fault: storeDown(err)}
	}
	known = map[string]json.RawMessage{}
	for i, e := range errands {
		var k kept
		if texts[i] != nil && json.Unmarshal(texts[i], &k) == nil && k.Data != nil {
			known[e.name] = k.Data
			continue
		}
		if k.Ack == "" {
			if failed = v.ask(e); failed != nil {
				return known, waiting, failed
			}
		}
		waiting = append(waiting, e.name)
	}
	return known, waiting, nil
}

// ask sends an errand and notes that it did.
func (v *visit) ask(e errand) *failure {
	answer, failed := v.post(v.ctx, v.office, e.at, e.action, e.write)
	if failed != nil {
		return failed
	}
	if answer.Body.Ack == nil {
		return strange(200)
	}
	if err := v.note(context.WithoutCancel(v.ctx), v.office, e.name, kept{Ack: answer.Body.Ack.MessageGUID}, askedAge); err != nil {
		return &failure{Fault: storeDown(err)}
	}
	return nil
}

func (c *Channel) note(ctx context.Context, o *office, name string, k kept, age time.Duration) error {
	text, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("write a note: %w", err)
	}
	return c.cfg.Notes.Write(ctx, o.provider, map[string][]byte{name: text}, age)
}

// forget drops what is known, because it is out of date.
func (c *Channel) forget(ctx context.Context, o *office, names []string) {
	notes := map[string][]byte{}
	for _, name := range names {
		notes[name] = nil
	}
	_ = c.cfg.Notes.Write(ctx, o.provider, notes, time.Second) // otherwise it goes by itself
}

// fulfil asks what became of errands; done means that all have been answered.
func (c *Channel) fulfil(ctx context.Context, o *office, names []string) (done bool, failed *failure) {
	texts, err := c.cfg.Notes.Read(ctx, o.provider, names)
	if err != nil {
		return false, &failure{Fault: storeDown(err)}
	}
	done = true
	for i, name := range names {
		var k kept
		if texts[i] == nil || json.Unmarshal(texts[i], &k) != nil || k.Data != nil {
			continue // answered, or forgotten: then it is asked again
		}
		answered, failed := c.answer(ctx, o, name, k.Ack)
		if failed != nil {
			return false, failed
		}
		done = done && answered
	}
	return done, nil
}

// answer asks about one errand, and notes the answer.
func (c *Channel) answer(ctx context.Context, o *office, name, ack string) (done bool, failed *failure) {
	state, failed := c.state(ctx, o, counterOf(name), ack)
	if failed != nil || state.State != ready {
		return false, failed
	}
	if state.Error != nil && ruleOf(state.Error.Code).code != "INT002012" {
		c.forget(ctx, o, []string{name})
		return false, refused(state.Error.Code)
	}
	var data any
	switch {
	case strings.HasPrefix(name, listPrefix):
		data = entriesIn(state)
	case strings.HasPrefix(name, papersPrefix):
		data = papersIn(state)
	default:
		data = accountsIn(state)
	}
	text, err := json.Marshal(data)
	if err == nil {
		err = c.note(ctx, o, name, kept{Data: text}, answerAge)
	}
	if err != nil {
		return false, &failure{Fault: storeDown(err)}
	}
	return true, nil
}

// state asks how far a request is (getState, which is never signed).
func (c *Channel) state(ctx context.Context, o *office, at counter, ack string) (*stateResult, *failure) {
	answer, failed := c.post(ctx, o, at, "getState", func(e *xml.Encoder) error {
		return e.Encode(wantState{Spaces: spaces("base"), MessageGUID: ack})
	})
	if failed != nil {
		return nil, failed
	}
	if answer.Body.State == nil {
		return nil, strange(200)
	}
	return answer.Body.State, nil
}
