package gosuslugi

import (
	"encoding/xml"
	"errors"
	"strings"

	"vestnik/engine"
)

// What one request may hold, by the schemas.
const mostNotices = 100

// story is what a message is to tell its house.
type story struct {
	telling
	of    int // the message
	msg   *engine.Message
	id    string // TransportGUID: the same for all residents of the house, on every attempt
	house string // in small letters
	ref   string // of the campaign

	own, earlier *event // of an attempt before, and of an outage before; nil: there was none
}

// notice is one story as it is sent: an outage report, or news and what they take the place of.
type notice struct {
	of       int // the message
	event    *event
	elements []any
}

// event is the note of the story.
func (s *story) event() *event {
	return &event{id: s.id, House: s.house, Reference: s.ref, Service: s.Service, Deed: placed, Over: s.over || s.kind != engine.KindOutage}
}

// notices places a notice for the house of each message: an outage as a report, as far as the format has one for it, everything else as news.
func (v *visit) notices(who []int) {
	list := v.stories(who)
	if v.remembers() {
		if err := v.past(list); err != nil {
			v.failStories(list, storeDown(err))
			return
		}
		list = v.answered(list)
	}
	known, list := v.lookedUp(list)
	var news, reports, meetings []*notice
	for _, s := range list {
		if n := s.report(known, v.cfg.now()); n != nil {
			reports = append(reports, n)
			continue
		}
		if n := s.meeting(v.office, known, v.cfg.now().In(s.msg.Recipient.Zone(v.from.Provider))); n != nil {
			meetings = append(meetings, n)
			continue
		}
		files, fault := v.attach(s)
		if fault != nil {
			v.fail([]int{s.of}, fault)
			continue
		}
		n, err := s.news(v.cfg.now(), files)
		if err != nil {
			v.fail([]int{s.of}, &engine.Fault{Reason: engine.BadMessage, Code: "news", Err: err})
			continue
		}
		news = append(news, n)
	}
	v.publish(newsDesk, news)
	v.publish(outageDesk, reports)
	v.publish(votingDesk, meetings)
}

// remembers reports whether what the campaign places is remembered.
func (v *visit) remembers() bool {
	return v.from.Campaign.Kind == engine.KindOutage || v.from.Campaign.Kind == engine.KindMeeting
}

// stories reads what messages tell; one without a house has failed.
func (v *visit) stories(who []int) (list []*story) {
	for _, i := range who {
		msg := &v.msgs[i]
		if !isGUID(msg.Recipient.House) {
			v.fail([]int{i}, badAddress("house"))
			continue
		}
		house := strings.ToLower(msg.Recipient.House)
		list = append(list, &story{telling: v.tell(msg), of: i, msg: msg, id: v.noticeID(msg.Key, house), house: house, ref: v.from.Campaign.Reference})
	}
	return list
}

// noticeID is the TransportGUID of a house's notice: it follows from engine.MessageKey without the recipient, and from the house, since after a
// failure another resident of the house may be the one whose message is sent.
func (v *visit) noticeID(key, house string) string {
	rest, ours := strings.CutPrefix(key, string(v.from.Campaign.ID)+"-")
	if _, place, both := strings.Cut(rest, "-"); ours && both {
		key = string(v.from.Campaign.ID) + "-" + place
	}
	return guidOf(key + "/" + house)
}

func (v *visit) failStories(list []*story, fault *engine.Fault) {
	for _, s := range list {
		v.fail([]int{s.of}, fault)
	}
}

// lookedUp gives the registries that stories need. Those which have to wait for them are left out.
func (v *visit) lookedUp(list []*story) (registries, []*story) {
	var need []*story
	for _, s := range list {
		if s.reported(v.cfg.now()) || s.meets(v.cfg.now()) {
			need = append(need, s)
		}
	}
	if need == nil {
		return nil, list
	}
	wanted := []int{outageReasons, outageKinds}
	if v.from.Campaign.Kind == engine.KindMeeting {
		wanted = []int{decisionKinds}
	}
	known, waiting, failed := v.lists(wanted...)
	if failed == nil && waiting == nil {
		return known, list
	}
	for _, s := range list {
		if failed != nil {
			v.fail([]int{s.of}, failed.Fault)
			continue
		}
		v.later([]int{s.of}, waitFor(waiting))
	}
	return nil, nil
}

// desk is where notices of a sort are handed in.
type desk struct {
	at     counter
	action string
	start  func() xml.StartElement
	most   int
}

// The desks.
var (
	newsDesk   = desk{houses, "importNotificationData", func() xml.StartElement { return head("hm:importNotificationRequest", "13.2.2.0", "hm") }, mostNotices}
	outageDesk = desk{outages, "importOutageReport", func() xml.StartElement { return head("or:importOutageReportRequest", "13.2.2.0", "or", "nsi") }, mostNotices}
)

// publish sends notices, as many a request as it may hold.
func (v *visit) publish(to desk, list []*notice) {
	var pack []*notice
	held := 0
	for _, n := range list {
		if held+len(n.elements) > to.most {
			v.handIn(to, pack)
			pack, held = nil, 0
		}
		pack, held = append(pack, n), held+len(n.elements)
	}
	v.handIn(to, pack)
}

// handIn sends one request. What is sent is noted first; what certainly was not taken is forgotten again.
func (v *visit) handIn(to desk, pack []*notice) {
	if len(pack) == 0 {
		return
	}
	var who []int
	var events []*event
	var ids []string
	for _, n := range pack {
		who, ids = append(who, n.of), append(ids, n.event.id)
		if v.remembers() {
			events = append(events, n.event)
		}
	}
	if v.ctx.Err() != nil {
		v.fail(who, untried(v.ctx))
		return
	}
	if err := v.announce(v.ctx, v.office, events); err != nil {
		v.fail(who, storeDown(err))
		return
	}
	answer, failed := v.post(v.ctx, v.office, to.at, to.action, func(out *xml.Encoder) error {
		start := to.start()
		err := out.EncodeToken(start)
		for _, n := range pack {
			for _, element := range n.elements {
				err = errors.Join(err, out.Encode(element))
			}
		}
		return errors.Join(err, out.EncodeToken(start.End()))
	})
	if failed == nil && answer.Body.Ack == nil {
		failed = strange(200)
	}
	if failed != nil {
		if !failed.doubt {
			v.retract(v.ctx, v.office, ids)
		}
		v.fail(who, failed.Fault)
		return
	}
	for _, n := range pack {
		v.later([]int{n.of}, receipt(to.at.code, answer.Body.Ack.MessageGUID, n.event.id))
	}
}
