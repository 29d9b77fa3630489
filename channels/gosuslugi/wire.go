package gosuslugi

import "encoding/xml"

// What every message has. Prefixes stand in the tags, as encoding/xml writes no prefixes of its own; they are declared by spaces. Answers are
// read by local names: the schemas use none twice in one place, and prefixes there are whatever the stand made up.

// spaces declares the prefixes of requests.
func spaces(prefixes ...string) (list []xml.Attr) {
	for _, prefix := range prefixes {
		list = append(list, xml.Attr{Name: xml.Name{Local: "xmlns:" + prefix}, Value: namespaces[prefix]})
	}
	return list
}

const integration = "http://dom.gosuslugi.ru/schema/integration/"

var namespaces = map[string]string{
	"soapenv": "http://schemas.xmlsoap.org/soap/envelope/", "base": integration + "base/", "bills": integration + "bills/",
	"bb": integration + "bills-base/", "ab": integration + "account-base/", "pb": integration + "payments-base/",
	"hm": integration + "house-management/", "or": integration + "outage-report/", "nsi": integration + "nsi-base/",
	"org": integration + "organizations-registry-base/", "ind": integration + "individual-registry-base/",
	"own": integration + "nsi/", "pay": integration + "payment/", "common": integration + "nsi-common/",
}

// container is the Id of what is signed; any would do, this one is what everybody uses.
const container = "signed-data-container"

// head is the start of the element of a request.
func head(name, version string, prefixes ...string) xml.StartElement {
	attrs := append(spaces(append(prefixes, "base")...), xml.Attr{Name: xml.Name{Local: "Id"}, Value: container},
		xml.Attr{Name: xml.Name{Local: "base:version"}, Value: version})
	return xml.StartElement{Name: xml.Name{Local: name}, Attr: attrs}
}

// requestHeader is base:RequestHeader, or base:ISRequestHeader, which has no more than the first two.
type requestHeader struct {
	Date        string `xml:"base:Date"`
	MessageGUID string `xml:"base:MessageGUID"`
	Org         string `xml:"base:orgPPAGUID,omitempty"`
	Operator    bool   `xml:"base:IsOperatorSignature,omitempty"`
}

// wantState is base:getStateRequest.
type wantState struct {
	XMLName     xml.Name   `xml:"base:getStateRequest"`
	Spaces      []xml.Attr `xml:",any,attr"`
	MessageGUID string     `xml:"base:MessageGUID"`
}

// wantStates is base:getRequestsStateRequest.
type wantStates struct {
	XMLName xml.Name   `xml:"base:getRequestsStateRequest"`
	Spaces  []xml.Attr `xml:",any,attr"`
	Acks    []string   `xml:"base:MessageGUIDList"`
}

// reference is an entry of a registry (НСИ).
type reference struct {
	Code string `xml:"nsi:Code" json:"code"`
	GUID string `xml:"nsi:GUID" json:"guid"`
}

// reply is the envelope of an answer.
type reply struct {
	XMLName xml.Name `xml:"Envelope"`
	Body    struct {
		Fault *struct {
			Text   string `xml:"faultstring"`
			Detail struct {
				Code string `xml:"ErrorCode"`
			} `xml:"detail>Fault"`
		} `xml:"Fault"`
		Ack *struct {
			MessageGUID string `xml:"MessageGUID"`
			Ours        string `xml:"RequesterMessageGUID"`
		} `xml:"AckRequest>Ack"`
		State  *stateResult `xml:"getStateResult"`
		States *struct {
			Acks []string `xml:"MessageGUIDList"`
		} `xml:"getRequestsStateResult"`
	} `xml:"Body"`
}

// stateResult is getStateResult of any service.
type stateResult struct {
	State     int              `xml:"RequestState"`
	Error     *wireError       `xml:"ErrorMessage"`
	Imports   []importResult   `xml:"ImportResult"`
	Accounts  []accountResult  `xml:"exportAccountResult"`
	Documents []documentResult `xml:"exportPaymentDocResult>PaymentDocument"`
	Entries   []entryResult    `xml:"NsiItem>NsiElement"`
	Reports   []reportResult   `xml:"ExportOutageReportResult>OutageReport"`
	Orders    []remittance     `xml:"exportNotificationsOfOrderExecutionResult>NotificationOfOrderExecutionWithStatus"`
	After     string           `xml:"ExportNotificationsOfOrderExecutionGUID"` // what the next page comes after; empty: this was the last
	Meetings  []votingResult   `xml:"VotingMessage"`
}

// ready is the RequestState of a request that is done; 1 is received, 2 in work.
const ready = 3

type wireError struct {
	Code string `xml:"ErrorCode"`
	Text string `xml:"Description"` // may repeat what we sent: for recognizing, never for showing
}

// importResult is what became of one part of an import. House management wraps them once more.
type importResult struct {
	GUID      string         `xml:"GUID"`
	Transport string         `xml:"TransportGUID"`
	Unique    string         `xml:"UniqueNumber"`
	Errors    []wireError    `xml:"Error"`
	Whole     *wireError     `xml:"ErrorMessage"`
	Wrapped   []importResult `xml:"CommonResult"`
}

type accountResult struct {
	Number  string    `xml:"AccountNumber"`
	GUID    string    `xml:"AccountGUID"`
	Unified string    `xml:"UnifiedAccountNumber"`
	Closed  *struct{} `xml:"Closed"`
}

type documentResult struct {
	Account   string `xml:"AccountGuid"`
	Number    string `xml:"PaymentDocumentNumber"`
	ID        string `xml:"PaymentDocumentID"`
	Withdrawn string `xml:"Withdraw"`
}

type entryResult struct {
	Code   string `xml:"Code"`
	GUID   string `xml:"GUID"`
	Actual string `xml:"IsActual"`
	Fields []struct {
		Name  string `xml:"Name"`
		Value string `xml:"Value"`
	} `xml:"NsiElementField"`
}
