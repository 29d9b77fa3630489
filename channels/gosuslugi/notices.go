package gosuslugi

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"vestnik/engine"
)

// What one request may hold, by the schemas.
const mostNotices = 100

// notice is what is to be told to one house: an outage report or news.
type notice struct {
	of        int // the message
	transport string
	element   any
}

// notices places a notice for the house of each message: a planned outage as a report, everything else as news. An importVotingMessage is not
// made: it needs the initiators and the wording of each decision, which no template has.
func (v *visit) notices(who []int) {
	var news, reports []notice
	var known registries
	for _, i := range who {
		msg := &v.msgs[i]
		if !isGUID(msg.Recipient.House) {
			v.fail([]int{i}, badAddress("house"))
			continue
		}
		told := v.tell(msg)
		if told.planned(v.cfg.now()) {
			if known == nil {
				var waiting []string
				var failed *failure
				known, waiting, failed = v.lists(outageReasons, outageKinds)
				if failed != nil {
					v.fail(who, failed.Fault)
					return
				}
				if waiting != nil {
					v.later(who, waitFor(waiting))
					return
				}
			}
			if report, ok := told.report(guidOf(msg.Key), msg.Recipient.House, known); ok {
				reports = append(reports, notice{i, guidOf(msg.Key), report})
				continue
			}
		}
		item, err := told.news(guidOf(msg.Key), msg, v.cfg.now())
		if err != nil {
			v.fail([]int{i}, &engine.Fault{Reason: engine.BadMessage, Code: "news", Err: err})
			continue
		}
		news = append(news, notice{i, guidOf(msg.Key), item})
	}
	v.publish(houses, "importNotificationData", head("hm:importNotificationRequest", "13.2.2.0", "hm"), news)
	v.publish(outages, "importOutageReport", head("or:importOutageReportRequest", "13.2.2.0", "or", "nsi"), reports)
}

// publish sends notices, as many a request as it may hold. The format has no way to find out whether news are there: when nobody knows whether
// they were taken, they may come twice.
func (v *visit) publish(at counter, action string, start xml.StartElement, list []notice) {
	for pack := range slices.Chunk(list, mostNotices) {
		who := make([]int, len(pack))
		for k, n := range pack {
			who[k] = n.of
		}
		if v.ctx.Err() != nil {
			v.fail(who, untried(v.ctx))
			continue
		}
		answer, failed := v.post(v.ctx, v.office, at, action, func(to *xml.Encoder) error {
			err := to.EncodeToken(start)
			for _, n := range pack {
				err = errors.Join(err, to.Encode(n.element))
			}
			return errors.Join(err, to.EncodeToken(start.End()))
		})
		if failed == nil && answer.Body.Ack == nil {
			failed = strange(200)
		}
		if failed != nil {
			v.fail(who, failed.Fault)
			continue
		}
		for _, n := range pack {
			v.later([]int{n.of}, receipt(at.code, answer.Body.Ack.MessageGUID, n.transport))
		}
	}
}

// telling is what the variables of a campaign say about an event.
type telling struct {
	kind     engine.Kind
	urgent   bool
	Service  string `json:"service"`
	Reason   string `json:"reason"`
	Phone    string `json:"phone"`
	From     string `json:"from"`
	To       string `json:"to"`
	Deadline string `json:"deadline"`
	Ends     string `json:"ends_at"`
}

func (v *visit) tell(msg *engine.Message) telling {
	t := telling{kind: v.from.Campaign.Kind, urgent: v.from.Campaign.Urgent}
	for _, vars := range []json.RawMessage{v.from.Campaign.Vars, msg.Recipient.Vars} {
		_ = json.Unmarshal(vars, &t) // what is no text is not told: the message itself says it
	}
	return t
}

// planned reports whether it is an outage that is still to begin. One that has begun is an emergency, which outage reports do not take.
func (t telling) planned(now time.Time) bool {
	from, err := time.Parse(time.RFC3339, t.From)
	return t.kind == engine.KindOutage && !t.urgent && err == nil && from.After(now)
}

// important reports whether news should stand out: an outage that goes on.
func (t telling) important(now time.Time) bool {
	return t.kind == engine.KindOutage && (t.urgent || t.From != "" && !t.planned(now))
}

// ends is until when the news is worth reading; zero: nobody knows.
func (t telling) ends(now time.Time) time.Time {
	for _, text := range []string{t.To, t.Ends, t.Deadline} {
		if at, err := time.Parse(time.RFC3339, text); err == nil && at.After(now) {
			return at
		}
	}
	return time.Time{}
}

// The elements of news (importNotificationRequest, version 13.2.2.0).
type (
	news struct {
		XMLName   xml.Name `xml:"hm:notification"`
		Transport string   `xml:"base:TransportGUID"`
		Topic     string   `xml:"hm:Create>hm:Topic"`
		Important bool     `xml:"hm:Create>hm:IsImportant,omitempty"`
		Content   string   `xml:"hm:Create>hm:content"`
		House     string   `xml:"hm:Create>hm:FIASHouseGuid"`
		NoLimit   bool     `xml:"hm:Create>hm:IsNotLimit,omitempty"`
		Start     string   `xml:"hm:Create>hm:StartDate,omitempty"`
		End       string   `xml:"hm:Create>hm:EndDate,omitempty"`
		Send      bool     `xml:"hm:Create>hm:IsShipOff"`
		Mobile    bool     `xml:"hm:Create>hm:IsForPublishToMobileApp"`
		Feed      feed     `xml:"hm:Create>hm:MobileAppData"`
	}
	feed struct {
		Short bool   `xml:"hm:IsShortTopic"`
		Pin   bool   `xml:"hm:IsPin"`
		URL   string `xml:"hm:url,omitempty"`
	}
)

// How long texts may be, in characters; a text of the feed is short up to shortText.
const (
	mostTopic   = 200
	mostContent = 5000
	shortText   = 500
)

// news makes the news of a message. It goes to the residents at once and into the feed of Госуслуги.Дом.
func (t telling) news(transport string, msg *engine.Message, now time.Time) (news, error) {
	length := utf8.RuneCountInString(msg.Content.Text)
	if msg.Content.Subject == "" || length == 0 || length > mostContent {
		return news{}, errors.New("news needs a subject, and a text of 1 to 5000 characters")
	}
	n := news{
		Transport: transport, Topic: cut(msg.Content.Subject, mostTopic), Important: t.important(now), Content: msg.Content.Text,
		House: msg.Recipient.House, Send: true, Mobile: true, Feed: feed{Short: length <= shortText, Pin: t.important(now)},
	}
	if len(msg.Content.Buttons) > 0 && len(msg.Content.Buttons[0].URL) <= 2000 {
		n.Feed.URL = msg.Content.Buttons[0].URL
	}
	if end := t.ends(now); end.IsZero() {
		n.NoLimit = true
	} else {
		n.Start, n.End = now.Format(time.RFC3339), end.Format(time.RFC3339)
	}
	return n, nil
}
