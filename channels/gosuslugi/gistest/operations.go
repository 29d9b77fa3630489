package gistest

import (
	"encoding/xml"
	"errors"
	"strings"
	"time"
)

// operation is one thing that can be asked of the stand.
type operation struct {
	path, action string
	root         xml.Name // of the request
	header       string   // the element in the header
	do           func(s *Server, c call) (body, refusal *element)
}

// services are where each service is found, by the namespace of its results, and the kind of its headers.
var services = []struct{ path, space, header string }{
	{"/ext-bus-bills-service/services/BillsAsync", billsSpace, "RequestHeader"},
	{"/ext-bus-home-management-service/services/HomeManagementAsync", hmSpace, "RequestHeader"},
	{"/ext-bus-outage-report-service/services/OutageReportAsync", outageSpace, "RequestHeader"},
	{"/ext-bus-payment-service/services/PaymentAsync", paySpace, "RequestHeader"},
	{"/ext-bus-nsi-service/services/NsiAsync", nsiSpace, "RequestHeader"},
	{"/ext-bus-nsi-common-service/services/NsiCommonAsync", commonSpace, "ISRequestHeader"},
}

// jobs are what each service does with a request that it has taken: the content of its result.
var jobs = map[string]map[string]struct {
	root string
	do   func(s *Server, org *organization, body *element) []*element
	most map[string]int // how often a part of the request may stand in it, as the schema says
}{
	billsSpace: {
		"importPaymentDocumentData":                  {"importPaymentDocumentRequest", (*Server).importDocuments, map[string]int{"PaymentDocument": 500, "WithdrawPaymentDocument": 1000}},
		"exportPaymentDocumentData":                  {"exportPaymentDocumentRequest", (*Server).exportDocuments, map[string]int{"AccountGUID": 1000, "PaymentDocumentID": 1000}},
		"exportNotificationsOfOrderExecution":        {"exportNotificationsOfOrderExecutionRequest", (*Server).exportOrders, nil},
		"exportNotificationsOfOrderExecutionPaginal": {"exportNotificationsOfOrderExecutionPaginalRequest", (*Server).exportOrders, nil},
	},
	paySpace: {"importSupplierNotificationsOfOrderExecution": {"importSupplierNotificationsOfOrderExecutionRequest", (*Server).importOrders,
		map[string]int{"SupplierNotificationOfOrderExecution": 250}}},
	hmSpace: {
		"importNotificationData": {"importNotificationRequest", (*Server).importNews, map[string]int{"notification": 100}},
		"importVotingMessage":    {"importVotingMessageRequest", (*Server).importMeeting, nil},
		"exportVotingMessage":    {"exportVotingMessageRequest", (*Server).exportMeetings, map[string]int{"MessageGUID": 100}},
		"exportAccountData":      {"exportAccountRequest", (*Server).exportAccounts, map[string]int{"FIASHouseGuid": 1, "AccountGUID": 1000}},
	},
	outageSpace: {
		"importOutageReport": {"importOutageReportRequest", (*Server).importOutages, map[string]int{"OutageReport": 100}},
		"exportOutageReport": {"exportOutageReportRequest", (*Server).exportOutages, nil},
	},
	nsiSpace:    {"exportDataProviderNsiItem": {"exportDataProviderNsiItemRequest", (*Server).exportRegistry, nil}},
	commonSpace: {"exportNsiItem": {"exportNsiItemRequest", (*Server).exportRegistry, nil}},
}

// find gives the operation of a path and a SOAPAction.
func find(path, action string) (operation, error) {
	name, urn := strings.CutPrefix(action, "urn:")
	for _, service := range services {
		if service.path != path {
			continue
		}
		o := operation{path: path, action: action, header: service.header}
		if job, known := jobs[service.space][name]; known && urn {
			o.root = xml.Name{Space: service.space, Local: job.root}
			o.do = func(s *Server, c call) (body, refusal *element) {
				for part, most := range job.most {
					if len(c.body.all(part)) > most {
						return nil, faultOf("FMT001300", "too many of "+part)
					}
				}
				return s.take(service.space, job.do, c), nil
			}
			return o, nil
		}
		if name == "getRequestsState" && urn && service.space == billsSpace {
			o.root = xml.Name{Space: baseSpace, Local: "getRequestsStateRequest"}
			o.do = (*Server).states
			return o, nil
		}
		if name == "getState" && urn {
			o.root = xml.Name{Space: baseSpace, Local: "getStateRequest"}
			o.do = func(s *Server, c call) (body, refusal *element) { return s.state(service.space, c) }
			return o, nil
		}
		return o, errors.New("the service has no such action")
	}
	return operation{}, errors.New("there is no such service")
}

// request is one that was taken.
type request struct {
	space  string // of its service
	org    string
	taken  time.Time
	polls  int
	result []*element

	accepted []string // TransportGUIDs of documents that were only counted
}

// take does the job, keeps its result for whoever asks later, and acknowledges.
func (s *Server) take(space string, job func(*Server, *organization, *element) []*element, c call) *element {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := guid()
	s.requests[id] = &request{space: space, org: c.org, taken: s.options.Now(), result: job(s, s.orgs[c.org], c.body)}
	return el(baseSpace, "AckRequest", el(baseSpace, "Ack", el(baseSpace, "MessageGUID", id), el(baseSpace, "RequesterMessageGUID", c.message)))
}

// spoil makes the result of a request that was just taken an error.
func (s *Server) spoil(acknowledgment *element, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.requests[acknowledgment.child("Ack", "MessageGUID").text]; r != nil {
		r.result = []*element{errorMessage(code)}
	}
}

// versions of the results (attribute base:version).
var versions = map[string]string{
	billsSpace: "10.0.1.1", hmSpace: "13.1.1.1", outageSpace: "13.2.0.1", nsiSpace: "10.0.1.2", commonSpace: "10.0.1.2",
	paySpace: "10.0.1.1",
}

// state tells how far a request is, and its result when it is done.
func (s *Server) state(space string, c call) (body, refusal *element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := c.body.child("MessageGUID").text
	r := s.requests[id]
	if r == nil || r.space != space || r.org != c.org || s.age(r) > s.options.Life {
		return nil, fault("INT002013")
	}
	state, result := "3", append(r.result, welcome(r.accepted)...)
	if !s.done(r) {
		state, result = "2", nil
		if r.polls == 1 {
			state = "1"
		}
	}
	return el(space, "getStateResult", el(baseSpace, "RequestState", state), el(baseSpace, "MessageGUID", id), result).
		with("", "Id", "signed-data-container").with(baseSpace, "version", versions[space]), nil
}

// done counts that a request was asked about, and reports whether it is done.
func (s *Server) done(r *request) bool {
	r.polls++
	return r.polls > s.options.Polls && s.age(r) >= s.options.Delay
}

func (s *Server) age(r *request) time.Duration { return s.options.Now().Sub(r.taken) }

// mostStates is how many requests may be asked about at once, as the schema says.
const mostStates = 10_000

// states tells which of the requests asked about are done. With none the schema knows no answer: what ГИС ЖКХ says then is not published.
func (s *Server) states(c call) (body, refusal *element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := c.body.all("MessageGUIDList")
	if len(asked) > mostStates {
		return nil, faultOf("FMT001300", "too many of MessageGUIDList")
	}
	var list []*element
	for _, id := range asked {
		if r := s.requests[id.text]; r != nil && r.space == billsSpace && r.org == c.org && s.age(r) <= s.options.Life && s.done(r) {
			list = append(list, el(baseSpace, "MessageGUIDList", id.text))
		}
	}
	if list == nil {
		return nil, fault("INT002012")
	}
	return el(baseSpace, "getRequestsStateResult", list).with("", "Id", "signed-data-container"), nil
}

// errorMessage is the error of a request as a whole.
func errorMessage(code string) *element {
	return el(baseSpace, "ErrorMessage", el(baseSpace, "ErrorCode", code), el(baseSpace, "Description", code+" "+texts[code]))
}

// done is the result of one part of an import: the identifiers it got.
func done(transport, id, unique string) []*element {
	list := []*element{el(baseSpace, "GUID", id), el(baseSpace, "TransportGUID", transport)}
	if unique != "" {
		list = append(list, el(baseSpace, "UniqueNumber", unique))
	}
	return append(list, el(baseSpace, "UpdateDate", now()))
}

// undone is the result of one part of an import that is refused.
func undone(transport, code, text string) []*element {
	return []*element{el(baseSpace, "TransportGUID", transport),
		el(baseSpace, "Error", el(baseSpace, "ErrorCode", code), el(baseSpace, "Description", text))}
}
