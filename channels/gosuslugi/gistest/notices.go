package gistest

import (
	"slices"
	"time"
)

// Notice is a news or an outage that was placed for some houses.
type Notice struct {
	GUID      string
	Transport string // its TransportGUID
	Org       string // orgPPAGUID of whoever placed it
	Outage    bool   // placed as an outage report and not as news
	Houses    []string
	Topic     string            // of news
	Text      string            // of news; of an outage: its reason in words
	Important bool              // of news
	Sent      bool              // of news: it went to the residents and is no draft
	Mobile    bool              // of news: it stands in the feed of Госуслуги.Дом too
	Pinned    bool              // of news: and is pinned there
	Services  []string          // of an outage: the codes
	From, To  string            // as they were written
	Debts     map[string]string // of news for owners of accounts: the sums by единый лицевой счёт
	Files     []string          // of news: the names of its attachments
	Recalled  bool              // it was recalled or annulled
	Why       string            // the reason of that
	Reason    Entry             // of an outage, of registry 360
	Edited    int               // how often it was changed
	Times     int               // how often notices with its TransportGUID were placed: 1, unless the client forgot that it had sent it
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
		return s.recall(org, transport, n.child("NotificationGUID").text, n.child("RecallNotification", "RecallReason").text, false)
	}
	notice := Notice{
		GUID: guid(), Transport: transport, Org: org.PPAGUID, Houses: texted(create.all("FIASHouseGuid")), Topic: create.child("Topic").text,
		Text: create.child("content").text, Important: create.child("IsImportant").there(), Sent: create.child("IsShipOff").there(),
		Mobile: create.child("IsForPublishToMobileApp").there(), Pinned: create.child("MobileAppData", "IsPin").text == "true",
		From: create.child("StartDate").text, To: create.child("EndDate").text,
	}
	for _, a := range create.child("RoomOwners", "DeptsInforming").all("Account") {
		if notice.Debts == nil {
			notice.Debts = map[string]string{}
		}
		unified := a.child("UnifiedAccountNumber").text
		if notice.Debts[unified] = a.child("TotalDebt").text; !org.has(unified) {
			return undone(transport, "INT002000", "Значение в поле UnifiedAccountNumber отсутствует в реестре")
		}
	}
	files, code := s.attached(org.PPAGUID, create.all("Attachment"))
	if code != "" {
		return undone(transport, code, "Вложение не найдено")
	}
	notice.Files = files
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
		notice.GUID, notice.Edited, notice.Times = old, org.notices[at].Edited+1, org.notices[at].Times
		org.notices[at] = notice
	default:
		notice.Times = 1
		for i := range org.notices {
			if org.notices[i].Transport == notice.Transport {
				org.notices[i].Times++
				notice.Times = org.notices[i].Times
			}
		}
		org.notices = append(org.notices, notice)
	}
	if s.options.OnNotice != nil {
		s.options.OnNotice(notice)
	}
	return done(notice.Transport, notice.GUID, "")
}

// recall recalls news or annuls an outage report, once.
func (s *Server) recall(org *organization, transport, id, why string, outage bool) []*element {
	at := slices.IndexFunc(org.notices, func(n Notice) bool { return n.GUID == id && n.Outage == outage })
	if at < 0 || org.notices[at].Recalled {
		return undone(transport, "INT002034", "Объект не найден")
	}
	org.notices[at].Recalled, org.notices[at].Why = true, why
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
		return s.recall(org, transport, annul.child("OutageReportGUID").text, annul.child("AnnulmentReason").text, true)
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
	if from, to := data.child("StartDate").text, data.child("EndDate").text; to != "" && !moment(to).After(moment(from)) {
		return undone(transport, "INT016001", "Перерыв заканчивается раньше, чем начинается")
	}
	if !known || stranger || data.child("OutageReason", "Code").text == "3" && !data.child("OutageReasonText").there() {
		return undone(transport, "INT016041", "Причина перерыва указана неверно")
	}
	notice := Notice{
		GUID: guid(), Transport: transport, Org: org.PPAGUID, Outage: true, Houses: texted(placed.child("OutageReportObjects", "Houses").all("FiasHouseGUID")),
		Text: data.child("OutageReasonText").text, Services: texted(data.child("ServiceCodes").all("ServiceCode")),
		From: data.child("StartDate").text, To: data.child("EndDate").text, Sent: true,
		Reason: Entry{Registry: 360, Code: data.child("OutageReason", "Code").text},
	}
	return s.post(org, notice, placed.child("OutageReportGUID").text)
}

func moment(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text) // the schema has seen to it
	return at
}

// exportOutages gives the outage reports that begin within a period, of a house or of all.
func (s *Server) exportOutages(org *organization, body *element) []*element {
	wanted := body.child("ExportCriteria")
	from, to := wanted.child("OutagePeriod", "startDate").text, wanted.child("OutagePeriod", "endDate").text
	house := wanted.child("OutageReportObject", "Houses", "FiasHouseGUID").text
	result := el(outageSpace, "ExportOutageReportResult")
	for _, n := range org.notices {
		day := moment(n.From).Format(time.DateOnly)
		if n.Outage && (from == "" || day >= from) && (to == "" || day <= to) && (house == "" || slices.Contains(n.Houses, house)) && len(result.children) < 1000 {
			result.children = append(result.children, el(outageSpace, "OutageReport", s.exportOutage(n)))
		}
	}
	if result.children == nil {
		return []*element{errorMessage("INT002012")}
	}
	result.children = append(result.children, el(outageSpace, "IsLastPage", "true"))
	return []*element{result}
}

func (s *Server) exportOutage(n Notice) []*element {
	kind := Entry{Registry: 361, Code: "1"}
	data := el(outageSpace, "OutageReportData", el(outageSpace, "OutageReportGUID", n.GUID), el(outageSpace, "OutageKind", kind.reference()), el(outageSpace, "OutageType", "PAUSE"))
	codes := el(outageSpace, "ServiceCodes")
	for _, code := range n.Services {
		codes.children = append(codes.children, el(outageSpace, "ServiceCode", code))
	}
	data.children = append(data.children, codes, el(outageSpace, "StartDate", moment(n.From).In(moscow).Format(time.RFC3339)))
	if n.To != "" {
		data.children = append(data.children, el(outageSpace, "EndDate", moment(n.To).In(moscow).Format(time.RFC3339)))
	}
	data.children = append(data.children, el(outageSpace, "OutageReason", n.Reason.reference()))
	if n.Text != "" {
		data.children = append(data.children, el(outageSpace, "OutageReasonText", n.Text))
	}
	status := []*element{el(outageSpace, "Status", "PUBLISHED"), el(outageSpace, "PublishedDate", now())}
	if n.Recalled {
		status = []*element{el(outageSpace, "Status", "CANCELLED"), el(outageSpace, "PublishedDate", now()), el(outageSpace, "CancelledDate", now()),
			el(outageSpace, "CancelledReason", n.Why)}
	}
	data.children = append(data.children, status...)
	list := []*element{data}
	for _, house := range n.Houses {
		// the registry of houses has identifiers of its own; which, no client of ours asks
		houses := el(outageSpace, "Houses", el(outageSpace, "FiasHouseGUID", house), el(outageSpace, "HouseGUID", house))
		list = append(list, el(outageSpace, "OutageReportObjects", houses))
	}
	return list
}

// Recall recalls a notice, as people do in their account.
func (s *Server) Recall(org, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.orgs[org].notices {
		if s.orgs[org].notices[i].GUID == id {
			s.orgs[org].notices[i].Recalled = true
		}
	}
}
