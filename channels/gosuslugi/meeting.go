package gosuslugi

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"time"

	"vestnik/engine"
)

// A meeting of owners that is still to come is announced as the law wants it (ЖК РФ, ст. 45 ч. 4): by importVotingMessage, version 13.1.8.1, one
// house a request. It needs more than people are told in a letter: the form of the meeting, who initiates it, the questions and their kinds. A
// meeting without those is told by news. So is one of a ТСЖ or a cooperative, and one whose administrator is a citizen: their data are nobody's
// variables.

// The elements of a notice of a meeting, in the order of the schema.
type (
	voting struct {
		XMLName    xml.Name     `xml:"hm:VotingMessage"`
		House      string       `xml:"hm:FIASHouseGUID"`
		Date       string       `xml:"hm:MessageDate"`
		Extra      bool         `xml:"hm:ExtraVoting,omitempty"`
		Annual     bool         `xml:"hm:AnnualVoting,omitempty"`
		Absentee   *gathering   `xml:"hm:AVoting"`
		InPerson   *gathering   `xml:"hm:Meeting"`
		Mixed      *gathering   `xml:"hm:MeetingAVoting"`
		Online     *online      `xml:"hm:EVoting"`
		Type       string       `xml:"hm:MeetingType"`
		Initiators []initiator  `xml:"hm:VoteInitiators"`
		Questions  []agendaItem `xml:"hm:DecisionList"`
	}
	gathering struct {
		From  string `xml:"hm:AVotingStartDate,omitempty"`
		Until string `xml:"hm:AVotingEndDate,omitempty"`
		Where string `xml:"hm:ResolutionPlace,omitempty"`
		At    string `xml:"hm:MeetingDate,omitempty"`
		Place string `xml:"hm:VotingPlace,omitempty"`
	}
	online struct {
		From      string `xml:"hm:EVotingDateBegin"`
		Until     string `xml:"hm:EVotingDateEnd"`
		Ballots   string `xml:"hm:Discipline"`
		Materials string `xml:"hm:InfoReview"`
		System    string `xml:"hm:VotingSystemDetails>hm:VotingSystem"`
		Admin     string `xml:"hm:AdminOfGeneralMeeting>hm:LegalEntityAdministrator>org:orgRootEntityGUID"`
		Address   string `xml:"hm:AdminAddress"`
	}
	initiator struct {
		Person *person `xml:"hm:Ind"`
		Org    *entity `xml:"hm:Org"`
	}
	entity struct {
		Root string `xml:"org:orgRootEntityGUID"`
	}
	person struct {
		Surname    string `xml:"ind:Surname"`
		First      string `xml:"ind:FirstName"`
		Patronymic string `xml:"ind:Patronymic,omitempty"`
	}
	agendaItem struct {
		Number int       `xml:"hm:QuestionNumber"`
		Text   string    `xml:"hm:QuestionName"`
		Kind   reference `xml:"hm:DecisionsType"`
	}
	transported struct {
		XMLName xml.Name `xml:"base:TransportGUID"`
		GUID    string   `xml:",chardata"`
	}
)

// assembly is what the variables say about a meeting.
type assembly struct {
	Form      string          `json:"form"` // in_person, absentee, mixed, online
	Annual    any             `json:"annual"`
	Starts    string          `json:"starts_at"`
	Ends      string          `json:"ends_at"`
	Place     string          `json:"place"`
	Where     string          `json:"ballots_place"` // empty: place
	Agenda    json.RawMessage `json:"agenda"`
	Kind      string          `json:"decision_type"` // of questions that have none of their own
	Initiator string          `json:"initiator"`
	Ballots   string          `json:"ballots_rules"`
	Materials string          `json:"materials"`
	Admin     string          `json:"administrator"`
	Address   string          `json:"administrator_address"`
}

// votingDesk takes one meeting a request: its element and TransportGUID.
var votingDesk = desk{houses, "importVotingMessage", func() xml.StartElement {
	return head("hm:importVotingMessageRequest", "13.1.8.1", "hm", "nsi", "org", "ind")
}, 2}

const (
	mostPlace    = 3000
	mostQuestion = 3000
	mostLong     = 2000
)

// meets reports whether a story tells of a meeting that may be announced: one that has a form and has not begun.
func (s *story) meets(now time.Time) bool {
	starts, err := time.Parse(time.RFC3339, s.assembly.Starts)
	return s.kind == engine.KindMeeting && s.assembly.Form != "" && err == nil && starts.After(now)
}

// meeting makes the notice of a meeting; nil when something is missing.
func (s *story) meeting(o *office, known registries, now time.Time) *notice {
	a := s.assembly
	starts, _ := time.Parse(time.RFC3339, a.Starts)
	ends, err := time.Parse(time.RFC3339, a.Ends)
	who, named := initiatorOf(cmp.Or(a.Initiator, o.root))
	questions := a.questions(known)
	if !s.meets(now) || !named || questions == nil || err != nil || ends.Before(starts) {
		return nil
	}
	m := voting{House: s.house, Date: now.Format(time.DateOnly), Type: "Owners", Initiators: []initiator{who}, Questions: questions}
	m.Annual = a.Annual == true || a.Annual == "true"
	m.Extra = !m.Annual
	place, where := cut(a.Place, mostPlace), cut(cmp.Or(a.Where, a.Place), mostPlace)
	first, last := starts.Format(time.DateOnly), ends.Format(time.DateOnly)
	switch a.Form {
	case "absentee":
		m.Absentee = &gathering{From: first, Until: last, Where: where}
	case "in_person":
		m.InPerson = &gathering{At: starts.Format(time.RFC3339), Place: place}
	case "mixed":
		m.Mixed = &gathering{From: first, Until: last, Where: where, At: starts.Format(time.RFC3339), Place: place}
	case "online":
		m.Online = &online{From: starts.Format(time.RFC3339), Until: ends.Format(time.RFC3339), Ballots: cut(a.Ballots, mostLong),
			Materials: cut(a.Materials, mostLong), System: "HCS", Admin: cmp.Or(a.Admin, o.root), Address: cut(a.Address, mostLong)}
		if a.Ballots == "" || a.Materials == "" || a.Address == "" || !isGUID(m.Online.Admin) {
			return nil
		}
	default:
		return nil
	}
	if a.Form != "online" && where == "" || a.Form != "absentee" && a.Form != "online" && place == "" {
		return nil
	}
	e := s.event()
	e.Over, e.Meeting = true, m.print()
	return &notice{of: s.of, event: e, elements: []any{transported{GUID: s.id}, m}}
}

// print is what a meeting is recognized by: when it is, and what it is about.
func (m *voting) print() string {
	var words []string
	for _, g := range []*gathering{m.Absentee, m.InPerson, m.Mixed} {
		if g != nil {
			words = append(words, day(g.From), day(g.Until), instant(g.At))
		}
	}
	if m.Online != nil {
		words = append(words, instant(m.Online.From), instant(m.Online.Until))
	}
	for _, q := range m.Questions {
		words = append(words, q.Text)
	}
	return guidOf(strings.Join(words, "\n"))
}

// day leaves the zone of a date away, which answers may have.
func day(text string) string { return text[:min(len(text), len(time.DateOnly))] }

func instant(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return fmt.Sprint(at.Unix())
}

// initiatorOf reads who initiates a meeting: an organization by its GUID in the registry of organizations, or a citizen by name.
func initiatorOf(text string) (initiator, bool) {
	if isGUID(text) {
		return initiator{Org: &entity{text}}, true
	}
	names := append(strings.Fields(text), "", "", "")
	p := &person{cut(names[0], 256), cut(names[1], 256), cut(names[2], 256)}
	return initiator{Person: p}, p.First != "" && len(names) <= 6
}

// ordinal is how people number the lines of an agenda.
var ordinal = regexp.MustCompile(`^\s*\d+\s*[.)]\s*`)

// questions are those of the agenda with their kinds (registry 63); nil when one has none. An agenda is a text of lines, a list of texts, or a
// list of objects with text and type.
func (a *assembly) questions(known registries) (list []agendaItem) {
	type item struct {
		Text string `json:"text"`
		Type string `json:"type"`
	}
	var items []item
	text, lines := "", []string(nil)
	if json.Unmarshal(a.Agenda, &text) == nil {
		lines = strings.Split(text, "\n")
	} else if json.Unmarshal(a.Agenda, &lines) != nil && json.Unmarshal(a.Agenda, &items) != nil {
		return nil
	}
	for _, line := range lines {
		items = append(items, item{Text: line})
	}
	for _, it := range items {
		asked := strings.TrimSpace(ordinal.ReplaceAllString(it.Text, ""))
		if asked == "" {
			continue
		}
		kind := cmp.Or(it.Type, a.Kind)
		found, there := known.named(decisionKinds, kind)
		if !there {
			found, there = known.coded(decisionKinds, kind)
		}
		if !there {
			return nil
		}
		list = append(list, agendaItem{len(list) + 1, cut(asked, mostQuestion), found.reference})
	}
	return list
}

// votingResult is a notice of a meeting as ГИС ЖКХ has it (VotingMessage of an export).
type votingResult struct {
	GUID      string  `xml:"MessageGUID"`
	Status    string  `xml:"MessageStatus"`
	Absentee  *heldAs `xml:"AVoting"`
	InPerson  *heldAs `xml:"Meeting"`
	Mixed     *heldAs `xml:"MeetingAVoting"`
	Online    *heldAs `xml:"EVoting"`
	Questions []struct {
		Text string `xml:"QuestionName"`
	} `xml:"DecisionList"`
}

type heldAs struct {
	From   string `xml:"AVotingStartDate"`
	Until  string `xml:"AVotingEndDate"`
	At     string `xml:"MeetingDate"`
	Begin  string `xml:"EVotingDateBegin"`
	Finish string `xml:"EVotingDateEnd"`
}

// print is that of the meeting as it was sent.
func (r *votingResult) print() string {
	m := voting{}
	held := func(h *heldAs) *gathering {
		if h == nil {
			return nil
		}
		return &gathering{From: h.From, Until: h.Until, At: h.At}
	}
	m.Absentee, m.InPerson, m.Mixed = held(r.Absentee), held(r.InPerson), held(r.Mixed)
	if r.Online != nil {
		m.Online = &online{From: r.Online.Begin, Until: r.Online.Finish}
	}
	for _, q := range r.Questions {
		m.Questions = append(m.Questions, agendaItem{Text: q.Text})
	}
	return m.print()
}

// seekMeeting asks for the meetings of a house; Confirm hears whether one is the event.
func (v *visit) seekMeeting(who int, e *event) {
	answer, failed := v.post(v.ctx, v.office, houses, "exportVotingMessage", func(to *xml.Encoder) error {
		return writePairs(to, head("hm:exportVotingMessageRequest", "13.1.8.1", "hm"), [][2]string{{"hm:FIASHouseGuid", e.House}})
	})
	if failed == nil && answer.Body.Ack == nil {
		failed = strange(200)
	}
	if failed != nil {
		v.fail([]int{who}, failed.Fault)
		return
	}
	v.later([]int{who}, receipt(soughtMeeting, answer.Body.Ack.MessageGUID, e.id))
}
