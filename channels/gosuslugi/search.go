package gosuslugi

import (
	"encoding/xml"
	"errors"
	"slices"
	"strings"

	"vestnik/engine"
)

// mostRequests is how many requests a pack of documents may become when the format refuses it: enough to find two bad documents among 500.
const mostRequests = 32

// search places a pack of documents. When the format refuses a request (FMT*), one document may be the reason, such as one with a sum below zero:
// the halves are sent by themselves, until what is refused is one document. It is that document's fault as soon as another one was taken; that
// none is taken is ours, and the channel rests. So one bad document costs some twenty requests and keeps nobody waiting, where shutting
// the channel would stop all of the provider's bills until somebody had found it. A document that travels alone proves nothing of the
// format: it is tried again, and the channel goes on.
type search struct {
	*visit
	period  month
	left    int // requests that may yet be sent
	taken   bool
	refused []int // each by itself
	rest    []int // of which nobody knows
	fault   *engine.Fault
}

// place sends documents of one period.
func (v *visit) place(period month, pack []*document, who []int) {
	if len(pack) == 0 {
		return
	}
	s := search{visit: v, period: period, left: mostRequests}
	s.try(pack, who)
	if s.fault == nil {
		return
	}
	unclear := &engine.Fault{Reason: engine.Unknown, Code: s.fault.Code, Err: errors.New("the format refuses the document, or all documents")}
	switch {
	case s.taken:
		v.fail(s.refused, &engine.Fault{Reason: engine.BadMessage, Code: s.fault.Code, Err: errors.New("the document is not as the format demands")})
		v.fail(s.rest, unclear)
	case len(who) == 1:
		v.fail(who, unclear)
	default:
		v.fail(slices.Concat(s.refused, s.rest), s.fault)
	}
}

// try sends one request (importPaymentDocumentData), and its halves where that finds something.
func (s *search) try(pack []*document, who []int) {
	switch {
	case s.ctx.Err() != nil:
		s.fail(who, untried(s.ctx))
		return
	case s.left == 0:
		s.rest = append(s.rest, who...)
		return
	}
	s.left--
	answer, failed := s.post(s.ctx, s.office, billing, "importPaymentDocumentData", func(to *xml.Encoder) error {
		return s.office.writeDocuments(to, s.period, pack)
	})
	if failed == nil && answer.Body.Ack == nil {
		failed = strange(200)
	}
	switch {
	case failed == nil:
		s.taken = true
		s.queues.of(s.office).join(answer.Body.Ack.MessageGUID, s.cfg.now())
		s.later(who, receipt(billing.code, answer.Body.Ack.MessageGUID))
	case !strings.HasPrefix(failed.code, "FMT"):
		s.fail(who, s.doubting(failed, who))
	case len(pack) == 1:
		s.refused, s.fault = append(s.refused, who...), failed.Fault
	default:
		s.fault = failed.Fault
		half := len(pack) / 2
		s.try(pack[:half], who[:half])
		s.try(pack[half:], who[half:])
	}
}
