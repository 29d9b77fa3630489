package gosuslugi

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"time"

	"vestnik/engine"
)

// counter is a service of ГИС ЖКХ: where its requests go. Its code stands in receipts.
type counter struct {
	code string
	path string
	is   bool // headers name the information system and not the organization (ISRequestHeader)
}

// The services (soap:address of the published WSDLs).
var (
	billing   = counter{code: "b", path: "/ext-bus-bills-service/services/BillsAsync"}
	houses    = counter{code: "h", path: "/ext-bus-home-management-service/services/HomeManagementAsync"}
	outages   = counter{code: "o", path: "/ext-bus-outage-report-service/services/OutageReportAsync"}
	payments  = counter{code: "p", path: "/ext-bus-payment-service/services/PaymentAsync"}
	ownLists  = counter{code: "n", path: "/ext-bus-nsi-service/services/NsiAsync"}
	allLists  = counter{code: "c", path: "/ext-bus-nsi-common-service/services/NsiCommonAsync", is: true}
	mostReply = int64(64 << 20)
)

// failure is a request that came to nothing.
type failure struct {
	*engine.Fault
	code  string // of ГИС ЖКХ; empty: it did not get so far
	doubt bool   // nobody knows whether it was taken
}

// body writes the element of a request.
type body func(*xml.Encoder) error

// post sends one request and reads the answer. Each is a new packet, with a new MessageGUID and date: ГИС ЖКХ never takes the same twice.
func (c *Channel) post(ctx context.Context, o *office, at counter, action string, write body) (*reply, *failure) {
	header := requestHeader{Date: c.cfg.now().Format("2006-01-02T15:04:05.000-07:00"), MessageGUID: newGUID()}
	if !at.is {
		header.Org, header.Operator = o.org, o.operator
	}
	sealed, failed := c.seal(ctx, o, write)
	if failed != nil {
		return nil, failed
	}
	packet, err := envelope(header, at.is, sealed, write)
	if err != nil {
		return nil, unwritable()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.address+at.path, bytes.NewReader(packet))
	if err != nil {
		return nil, &failure{Fault: &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: errors.New("the address of the stand is wrong")}}
	}
	request.GetBody = nil // never sent again by the transport: nobody would know
	request.Host = o.host
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	request.Header.Set("SOAPAction", `"urn:`+action+`"`)
	o.introduce(request)
	response, err := c.client.Do(request)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	answer, failed := read(ctx, response)
	if failed == nil && answer.Body.Ack != nil && answer.Body.Ack.Ours != header.MessageGUID {
		return nil, &failure{Fault: &engine.Fault{Reason: engine.Unknown, Err: errors.New("the acknowledgment is for another request")}, doubt: true}
	}
	return answer, failed
}

// introduce says who asks.
func (o *office) introduce(request *http.Request) {
	if o.user != "" {
		request.SetBasicAuth(o.user, o.password)
	}
	if o.fingerprint != "" {
		request.Header.Set("X-Client-Cert-Fingerprint", o.fingerprint)
	}
}

// envelope writes a packet around the element of a request: as it was sealed, or else as it is written now.
func envelope(header requestHeader, is bool, sealed []byte, write body) ([]byte, error) {
	var packet bytes.Buffer
	packet.WriteString(xml.Header)
	encoder := xml.NewEncoder(&packet)
	kind := "base:RequestHeader"
	if is {
		kind = "base:ISRequestHeader"
	}
	outer := xml.StartElement{Name: xml.Name{Local: "soapenv:Envelope"}, Attr: spaces("soapenv", "base")}
	top, inner := xml.StartElement{Name: xml.Name{Local: "soapenv:Header"}}, xml.StartElement{Name: xml.Name{Local: "soapenv:Body"}}
	err := errors.Join(
		encoder.EncodeToken(outer), encoder.EncodeToken(top), encoder.EncodeElement(header, xml.StartElement{Name: xml.Name{Local: kind}}),
		encoder.EncodeToken(top.End()), encoder.EncodeToken(inner), encoder.Flush(),
	)
	if sealed == nil {
		err = errors.Join(err, write(encoder))
	}
	packet.Write(sealed)
	err = errors.Join(err, encoder.EncodeToken(inner.End()), encoder.EncodeToken(outer.End()), encoder.Flush())
	return packet.Bytes(), err
}

// unanswered is the failure of a request without an answer.
func (c *Channel) unanswered(ctx context.Context, err error) *failure {
	if ctx.Err() != nil {
		return &failure{Fault: untried(ctx), doubt: true}
	}
	f := &failure{Fault: &engine.Fault{Reason: engine.Unavailable, Whole: true, Err: errors.New("the stand does not answer")}, doubt: true}
	if dial, is := errors.AsType[*net.OpError](err); is && dial.Op == "dial" {
		f.doubt, f.Err = false, errors.New("the stand cannot be reached")
	}
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	if invalid, is := errors.AsType[x509.CertificateInvalidError](err); is || unknown {
		f.Reason, f.doubt, f.Err = engine.Misconfigured, false, errors.New("the certificate of the stand is not trusted")
		if is && invalid.Reason == x509.Expired {
			f.Err = errors.New("the certificate of the stand has expired")
		}
	}
	return f
}

// untried is the Fault of what was not tried, or not answered, because ctx ended.
func untried(ctx context.Context) *engine.Fault {
	return &engine.Fault{Reason: engine.Unavailable, Err: fmt.Errorf("not tried to the end: %w", ctx.Err())}
}

// read reads an answer: an envelope, whatever the status, or else what a balancer says.
func read(ctx context.Context, response *http.Response) (*reply, *failure) {
	defer func() { _ = response.Body.Close() }()
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if media != "text/xml" && media != "application/xml" && media != "application/soap+xml" {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
		return nil, strange(response.StatusCode)
	}
	var answer reply
	if err := xml.NewDecoder(io.LimitReader(response.Body, mostReply)).Decode(&answer); err != nil {
		if ctx.Err() != nil {
			return nil, &failure{Fault: untried(ctx), doubt: true}
		}
		return nil, &failure{Fault: &engine.Fault{Reason: engine.Unavailable, Whole: true, Err: errors.New("the answer of the stand cannot be read")}, doubt: true}
	}
	if fault := answer.Body.Fault; fault != nil {
		return nil, refused(codeOf(fault.Detail.Code, fault.Text))
	}
	if response.StatusCode >= 400 || answer.Body.Ack == nil && answer.Body.State == nil && answer.Body.States == nil {
		return nil, strange(response.StatusCode)
	}
	return &answer, nil
}

// codeOf finds the code of a fault: in its detail, or before the colon of its text.
func codeOf(code, text string) string {
	if code == "" && len(text) >= 9 {
		code = text[:9]
	}
	return code
}

// strange is the failure of an answer that ГИС ЖКХ itself did not give.
func strange(status int) *failure {
	f := &failure{Fault: &engine.Fault{
		Reason: engine.Unavailable, Code: fmt.Sprintf("HTTP %d", status), Whole: true, Err: errors.New("no answer of ГИС ЖКХ but of what stands before it"),
	}, doubt: true}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		f.Reason, f.doubt = engine.Misconfigured, false
	case http.StatusTooManyRequests:
		f.Reason, f.RetryAfter, f.doubt = engine.Throttled, time.Minute, false
	}
	return f
}
