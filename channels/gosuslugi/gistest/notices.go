package gistest

import "slices"

// Notice is a news or an outage that was placed for some houses.
type Notice struct {
	GUID      string
	Transport string // its TransportGUID
	Org       string // orgPPAGUID of whoever placed it
	Outage    bool   // placed as an outage report and not as news
	Houses    []string
	Topic     string   // of news
	Text      string   // of news; of an outage: its reason in words
	Important bool     // of news
	Sent      bool     // of news: it went to the residents and is no draft
	Mobile    bool     // of news: it stands in the feed of Госуслуги.Дом too
	Pinned    bool     // of news: and is pinned there
	Services  []string // of an outage: the codes
	From, To  string   // as they were written
	Recalled  bool     // it was recalled or annulled
}

// Notices gives what an organization has placed, the oldest first.
func (s *Server) Notices(org string) []Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.orgs[org].notices)
}

// importNews places, recalls and deletes news.
func (s *Server) importNews(org *organization, body *element) []*element {
	result := el(hmSpace, "ImportResult").with(baseSpace, "version", "10.0.1.1")
	for _, n := range body.all("notification") {
		result.children = append(result.children, el(hmSpace, "CommonResult", s.news(org, n)))
	}
	return []*element{result}
}

func (s *Server) news(org *organization, n *element) []*element {
	transport, create := n.child("TransportGUID").text, n.child("Create")
	if !create.there() {
		return s.recall(org, transport, n.child("NotificationGUID").text)
	}
	notice := Notice{
		GUID: guid(), Transport: transport, Org: org.PPAGUID, Houses: texted(create.all("FIASHouseGuid")), Topic: create.child("Topic").text,
		Text: create.child("content").text, Important: create.child("IsImportant").there(), Sent: create.child("IsShipOff").there(),
		Mobile: create.child("IsForPublishToMobileApp").there(), Pinned: create.child("MobileAppData", "IsPin").text == "true",
		From: create.child("StartDate").text, To: create.child("EndDate").text,
	}
	return s.post(org, notice, n.child("NotificationGUID").text)
}

func texted(list []*element) (texts []string) {
	for _, e := range list {
		texts = append(texts, e.text)
	}
	return texts
}

// post places a notice, in the place of an old one if that is named.
func (s *Server) post(org *organization, notice Notice, old string) []*element {
	for _, house := range notice.Houses {
		if !org.serves(house) {
			return undone(notice.Transport, "INT002000", "Значение в поле FIASHouseGuid отсутствует в реестре")
		}
	}
	at := slices.IndexFunc(org.notices, func(n Notice) bool { return n.GUID == old })
	switch {
	case old != "" && (at < 0 || org.notices[at].Recalled || org.notices[at].Outage != notice.Outage):
		return undone(notice.Transport, "INT002034", "Объект не найден")
	case old != "":
		notice.GUID = old
		org.notices[at] = notice
	default:
		org.notices = append(org.notices, notice)
	}
	if s.options.OnNotice != nil {
		s.options.OnNotice(notice)
	}
	return done(notice.Transport, notice.GUID, "")
}

func (s *Server) recall(org *organization, transport, id string) []*element {
	at := slices.IndexFunc(org.notices, func(n Notice) bool { return n.GUID == id })
	if at < 0 {
		return undone(transport, "INT002034", "Объект не найден")
	}
	org.notices[at].Recalled = true
	if s.options.OnNotice != nil {
		s.options.OnNotice(org.notices[at])
	}
	return done(transport, id, "")
}

// importOutages places, changes and annuls outage reports. Only planned ones are taken (registry 361, code 1).
func (s *Server) importOutages(org *organization, body *element) (list []*element) {
	for _, o := range body.all("OutageReport") {
		list = append(list, el(outageSpace, "ImportResult", s.outage(org, o)))
	}
	return list
}

func (s *Server) outage(org *organization, o *element) []*element {
	transport := o.child("TransportGUID").text
	if annul := o.child("AnnulmentOutageReport"); annul.there() {
		return s.recall(org, transport, annul.child("OutageReportGUID").text)
	}
	placed := o.child("PlacingOutageReport")
	if !placed.there() {
		placed = o.child("EditOutageReport")
	}
	data := placed.child("OutageReportData")
	if known, stranger := s.entry(data.child("OutageKind"), 361); !known || stranger || data.child("OutageKind", "Code").text != "1" {
		return undone(transport, "INT016041", "Вид перерыва должен быть плановым")
	}
	known, stranger := s.entry(data.child("OutageReason"), 360)
	if !known || stranger || data.child("OutageReason", "Code").text == "3" && !data.child("OutageReasonText").there() {
		return undone(transport, "INT016041", "Причина перерыва указана неверно")
	}
	notice := Notice{
		GUID: guid(), Transport: transport, Org: org.PPAGUID, Outage: true, Houses: texted(placed.child("OutageReportObjects", "Houses").all("FiasHouseGUID")),
		Text: data.child("OutageReasonText").text, Services: texted(data.child("ServiceCodes").all("ServiceCode")),
		From: data.child("StartDate").text, To: data.child("EndDate").text, Sent: true,
	}
	return s.post(org, notice, placed.child("OutageReportGUID").text)
}
