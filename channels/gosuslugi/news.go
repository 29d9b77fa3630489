package gosuslugi

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"vestnik/engine"
)

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
	At       string `json:"at"` // when the outage was over
	over     bool   // it tells of the end of an outage
	assembly assembly
}

// restored is what the names of templates end in that tell of an outage's end, in house chats as here.
const restored = "-restored"

func (v *visit) tell(msg *engine.Message) telling {
	t := telling{kind: v.from.Campaign.Kind, urgent: v.from.Campaign.Urgent}
	t.over = t.kind == engine.KindOutage && strings.HasSuffix(v.from.Campaign.Template.Name, restored)
	for _, vars := range []json.RawMessage{v.from.Campaign.Vars, msg.Recipient.Vars} {
		_ = json.Unmarshal(vars, &t.assembly)
		_ = json.Unmarshal(vars, &t) // what is no text is not told: the message itself says it
	}
	return t
}

// planned reports whether it is an outage that is still to begin. One that has begun is an emergency, which outage reports do not take.
func (t telling) planned(now time.Time) bool {
	from, err := time.Parse(time.RFC3339, t.From)
	return t.kind == engine.KindOutage && !t.urgent && !t.over && err == nil && from.After(now)
}

// important reports whether news should stand out: an outage that goes on.
func (t telling) important(now time.Time) bool {
	return t.kind == engine.KindOutage && !t.over && (t.urgent || t.From != "" && !t.planned(now))
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
		XMLName   xml.Name  `xml:"hm:notification"`
		Transport string    `xml:"base:TransportGUID"`
		GUID      string    `xml:"hm:NotificationGUID,omitempty"`
		Create    *creation `xml:"hm:Create"`
		Recall    *recall   `xml:"hm:RecallNotification"`
	}
	creation struct {
		Topic     string       `xml:"hm:Topic"`
		Important bool         `xml:"hm:IsImportant,omitempty"`
		Content   string       `xml:"hm:content,omitempty"`
		House     string       `xml:"hm:FIASHouseGuid,omitempty"`
		Debt      *debtor      `xml:"hm:RoomOwners>hm:DeptsInforming>hm:Account"`
		NoLimit   bool         `xml:"hm:IsNotLimit,omitempty"`
		Start     string       `xml:"hm:StartDate,omitempty"`
		End       string       `xml:"hm:EndDate,omitempty"`
		Files     []attachment `xml:"hm:Attachment"`
		Send      bool         `xml:"hm:IsShipOff"`
		Mobile    bool         `xml:"hm:IsForPublishToMobileApp,omitempty"`
		Feed      *feed        `xml:"hm:MobileAppData"`
	}
	feed struct {
		Short bool   `xml:"hm:IsShortTopic"`
		Pin   bool   `xml:"hm:IsPin"`
		URL   string `xml:"hm:url,omitempty"`
	}
	recall struct {
		Reason string `xml:"hm:RecallReason,omitempty"`
	}
)

// How long texts may be, in characters; a text of the feed is short up to shortText.
const (
	mostTopic   = 200
	mostContent = 5000
	shortText   = 500
	mostURL     = 2000
	mostRecall  = 1000
)

// news makes the news of a story. They go to the residents at once and into the feed of Госуслуги.Дом. What they take the place of is recalled, so
// that it does not stand there any longer as if it were true.
func (s *story) news(now time.Time, files []attachment) (*notice, error) {
	content := &s.msg.Content
	length := utf8.RuneCountInString(content.Text)
	if content.Subject == "" || length == 0 || length > mostContent {
		return nil, errors.New("news needs a subject, and a text of 1 to 5000 characters")
	}
	created := creation{
		Topic: cut(content.Subject, mostTopic), Important: s.important(now), Content: content.Text,
		House: s.msg.Recipient.House, Send: true, Mobile: true, Files: files, Feed: &feed{Short: length <= shortText, Pin: s.important(now)},
	}
	if len(content.Buttons) > 0 && len(content.Buttons[0].URL) <= mostURL {
		created.Feed.URL = content.Buttons[0].URL
	}
	if end := s.ends(now); end.IsZero() {
		created.NoLimit = true
	} else {
		created.Start, created.End = now.Format(time.RFC3339), end.Format(time.RFC3339)
	}
	n := &notice{of: s.of, event: s.event(), elements: []any{news{Transport: s.id, Create: &created}}}
	if s.earlier != nil && s.earlier.Report == nil {
		n.event.Follows = s.earlier.id
		back := news{Transport: guidOf("recall/" + s.id), GUID: s.earlier.GUID, Recall: &recall{cut("Размещено новое сообщение: "+content.Subject, mostRecall)}}
		n.elements = append(n.elements, back)
	}
	return n, nil
}
