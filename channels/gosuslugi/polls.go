package gosuslugi

import (
	"context"
	"encoding/xml"
	"sync"
	"time"
)

// When many requests of a provider wait for their results, one question tells which of them have one (getRequestsState, which only the service of
// bills has), and only those are asked for theirs. What a process knows of it, it keeps to itself: another one asks once more.
const (
	fewRequests = 3                // fewer are asked for their results at once
	mostAsked   = 10_000           // in one question, by the schema
	pollsOfMany = 3                // later a request is asked for its result itself: that is seldom, and only so is heard that it was forgotten
	requestAge  = 30 * time.Minute // after that ГИС ЖКХ forgets a request
	restOfMany  = 10 * time.Minute // without such questions, when one was refused
)

// queues are the requests that wait, by provider and stand.
type queues struct {
	mu   sync.Mutex
	list map[string]*queue
}

func (l *queues) of(o *office) *queue {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := string(o.provider) + " " + o.address
	if l.list == nil {
		l.list = map[string]*queue{}
	}
	if l.list[name] == nil {
		l.list[name] = &queue{waits: map[string]*awaited{}}
	}
	return l.list[name]
}

// queue is the requests of one provider that wait.
type queue struct {
	asking sync.Mutex // one question at a time: whoever waits for it has its answer then
	rest   time.Time  // until then nothing is asked; under asking

	mu    sync.Mutex
	waits map[string]*awaited // by acknowledgment
}

// awaited is one request.
type awaited struct {
	since time.Time // known here
	asked time.Time // last, in vain; zero: never
	ready bool
}

// join notes a request that waits.
func (q *queue) join(ack string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waits[ack] == nil {
		q.waits[ack] = &awaited{since: now}
	}
}

// leave forgets a request that does not wait any more.
func (q *queue) leave(ack string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.waits, ack)
}

// look tells what is known of a request: that it has a result, or when it was last asked about in vain.
func (q *queue) look(ack string) (ready bool, asked time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w := q.waits[ack]; w != nil {
		return w.ready, w.asked
	}
	return true, time.Time{} // somebody has got its result meanwhile
}

// unsure gives the requests of which nobody knows whether they have a result, and forgets those that are too old.
func (q *queue) unsure(now time.Time) (list []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for ack, w := range q.waits {
		switch {
		case now.Sub(w.since) > requestAge:
			delete(q.waits, ack)
		case !w.ready && len(list) < mostAsked:
			list = append(list, ack)
		}
	}
	return list
}

// hear notes an answer.
func (q *queue) hear(asked, ready []string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, ack := range asked {
		if w := q.waits[ack]; w != nil {
			w.asked = now
		}
	}
	for _, ack := range ready {
		if w := q.waits[ack]; w != nil {
			w.ready = true
		}
	}
}

// worthAsking reports whether a request of the service of bills is to be asked for its result: it has one, or nobody can tell.
func (c *Channel) worthAsking(ctx context.Context, o *office, ack string, polls int) bool {
	if polls >= pollsOfMany {
		return true
	}
	q := c.queues.of(o)
	q.join(ack, c.cfg.now())
	q.asking.Lock()
	defer q.asking.Unlock()
	now := c.cfg.now()
	ready, asked := q.look(ack)
	if ready || now.Sub(asked) < c.cfg.Schedule[0]/2 {
		return ready
	}
	list := q.unsure(now)
	if len(list) < fewRequests || now.Before(q.rest) {
		return true
	}
	processed, ok := c.states(ctx, o, list)
	if !ok {
		q.rest = now.Add(restOfMany)
		return true
	}
	q.hear(list, processed, now)
	ready, asked = q.look(ack)
	return ready || asked != now // a question that holds only so many
}

// states asks which requests have a result. A question that is refused keeps nobody waiting: not ok. With none at all the answer cannot be an empty
// list, by the schema; that it is the fault "nothing to export" is a guess.
func (c *Channel) states(ctx context.Context, o *office, acks []string) (processed []string, ok bool) {
	answer, failed := c.post(ctx, o, billing, "getRequestsState", func(to *xml.Encoder) error {
		return to.Encode(wantStates{Spaces: spaces("base"), Acks: acks})
	})
	switch {
	case failed != nil:
		return nil, ruleOf(failed.code).code == "INT002012"
	case answer.Body.States == nil:
		return nil, false
	}
	return answer.Body.States.Acks, true
}

// polls is how often the messages of a question were asked about before.
func (q question) polls() (most int) {
	for _, i := range q.who {
		most = max(most, q.pending[i].Polls)
	}
	return most
}
