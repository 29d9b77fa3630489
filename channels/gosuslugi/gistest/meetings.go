package gistest

import (
	"slices"
	"time"
)

// Meeting is the notice of a meeting of owners that was placed for a house.
type Meeting struct {
	GUID      string
	Transport string // its TransportGUID
	House     string
	Form      string // the element of its form: AVoting, Meeting, MeetingAVoting, EVoting
	Annual    bool
	Questions []string
	Initiator string // GUID of an organization, or the surname of a citizen
	message   *element
}

// Meetings gives the meetings that an organization has announced, the oldest first.
func (s *Server) Meetings(org string) []Meeting {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.orgs[org].meetings)
}

// importMeeting announces a meeting. The kind of each question of a meeting of owners has to be there (registry 63).
func (s *Server) importMeeting(org *organization, body *element) []*element {
	transport, message := body.child("TransportGUID").text, body.child("VotingMessage")
	result := func(parts []*element) []*element {
		return []*element{el(hmSpace, "ImportResult", el(hmSpace, "CommonResult", parts)).with(baseSpace, "version", "10.0.1.1")}
	}
	if !message.there() || !org.serves(message.child("FIASHouseGUID").text) {
		return result(undone(transport, "INT002000", "Значение в поле FIASHouseGUID отсутствует в реестре"))
	}
	m := Meeting{GUID: guid(), Transport: transport, House: message.child("FIASHouseGUID").text, Annual: message.child("AnnualVoting").there(), message: message}
	for _, form := range []string{"AVoting", "Meeting", "MeetingAVoting", "EVoting"} {
		if message.child(form).there() {
			m.Form = form
		}
	}
	for _, q := range message.all("DecisionList") {
		if known, stranger := s.entry(q.child("DecisionsType"), 63); !known || stranger {
			return result(undone(transport, "INT016041", "Тип вопроса указан неверно"))
		}
		m.Questions = append(m.Questions, q.child("QuestionName").text)
	}
	by := message.child("VoteInitiators")
	m.Initiator = by.child("Org", "orgRootEntityGUID").text + by.child("Ind", "Surname").text
	org.meetings = append(org.meetings, m)
	return result(done(transport, m.GUID, ""))
}

// exportMeetings gives the meetings of a house.
func (s *Server) exportMeetings(org *organization, body *element) (list []*element) {
	for _, m := range org.meetings {
		if m.House != body.child("FIASHouseGuid").text {
			continue
		}
		list = append(list, el(hmSpace, "VotingMessage", m.message.children, el(hmSpace, "MessageGUID", m.GUID), el(hmSpace, "MessageStatus", "Posted"),
			el(hmSpace, "PublishDate", time.Now().In(moscow).Format("2006-01-02"))))
	}
	if list == nil {
		return []*element{errorMessage("INT002012")}
	}
	return list
}
