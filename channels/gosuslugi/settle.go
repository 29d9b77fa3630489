package gosuslugi

import (
	"slices"
	"strings"
)

// settle notes what became of the events whose notices a request had: those that were placed are remembered, those that were refused forgotten.
// An event of which the result says nothing stays in doubt. parts are by TransportGUID; nil: all were refused.
func (q question) settle(parts map[string]*importResult) {
	byNotice := map[string][]int{}
	for _, i := range q.who {
		if id := q.notice(i); id != "" {
			byNotice[id] = append(byNotice[id], i)
		}
	}
	if len(byNotice) == 0 {
		return
	}
	ids := make([]string, 0, len(byNotice))
	for id := range byNotice {
		ids = append(ids, id)
	}
	events, err := q.events(q.ctx, q.office, ids)
	if err != nil {
		q.askOnce(byNotice, ids)
		return
	}
	var placed []*event
	var gone, sure []string
	for id, e := range events {
		part := parts[strings.ToLower(id)]
		switch {
		case part != nil && len(part.Errors) == 0:
			e.GUID = part.GUID
			placed, sure = append(placed, e), append(sure, id)
		case part != nil && !refused(part.Errors[0].Code).doubt, parts == nil:
			gone = append(gone, id)
			if part != nil && ruleOf(part.Errors[0].Code).gone && e.Follows != "" {
				gone = append(gone, e.Follows) // what it was to follow is not there any more: the next attempt stands alone
			}
		}
	}
	q.retract(q.ctx, q.office, gone)
	if q.enter(q.ctx, q.office, placed) != nil {
		q.askOnce(byNotice, sure)
	}
}

// askOnce puts off the answers about notices that could not be noted: forgotten, nothing could follow them.
func (q question) askOnce(byNotice map[string][]int, ids []string) {
	for _, i := range slices.Concat(pick(byNotice, ids)...) {
		if q.pending[i].Polls < mostPolls && q.results[i].Fault == nil {
			q.results[i] = q.askAgain(q.pending[i])
		}
	}
}

func pick(from map[string][]int, ids []string) (lists [][]int) {
	for _, id := range ids {
		lists = append(lists, from[id])
	}
	return lists
}
