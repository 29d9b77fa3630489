package gosuslugi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

var paths = map[string]string{
	"importPaymentDocumentData": "/ext-bus-bills-service/services/BillsAsync",
	"importNotificationData":    "/ext-bus-home-management-service/services/HomeManagementAsync",
	"importOutageReport":        "/ext-bus-outage-report-service/services/OutageReportAsync",

	"importSupplierNotificationsOfOrderExecution": "/ext-bus-payment-service/services/PaymentAsync",
}

// postSample posts a sample in an envelope of its own; without takes an element out of it.
func postSample(t *testing.T, s *gistest.Server, action, file, without string) (status int, answer string) {
	t.Helper()
	sample, err := os.ReadFile("gistest/testdata/samples/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if without != "" {
		sample = regexp.MustCompile(`<base:`+without+`>[^<]*</base:`+without+`>`).ReplaceAll(sample, nil)
	}
	_, body, _ := bytes.Cut(sample, []byte("?>"))
	header := `<base:RequestHeader xmlns:base="http://dom.gosuslugi.ru/schema/integration/base/"><base:Date>2026-10-01T12:00:00+03:00</base:Date><base:MessageGUID>` +
		gosuslugi.GUIDOf(file+without) + `</base:MessageGUID><base:orgPPAGUID>` + org + `</base:orgPPAGUID></base:RequestHeader>`
	envelope := `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>` + header + `</e:Header><e:Body>` + string(body) + `</e:Body></e:Envelope>`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+paths[action], strings.NewReader(envelope))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("sit", "secret")
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	request.Header.Set("SOAPAction", `"urn:`+action+`"`)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close(); http.DefaultClient.CloseIdleConnections() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func messages(s *gistest.Server, prefix string, n int) []engine.Message {
	list := make([]engine.Message, n)
	for i := range list {
		list[i] = message(fmt.Sprint(prefix, i), resident(s, i))
	}
	return list
}

// ready makes a channel that knows the registries already.
func ready(t *testing.T, s *gistest.Server) settled {
	t.Helper()
	channel := settled{Channel: open(t, gosuslugi.Config{})}
	if r := channel.Send(t.Context(), sender(s, engine.KindBill), []engine.Message{message("first", resident(s, 999))})[0]; r.Fault != nil {
		t.Fatal(r.Fault)
	}
	return channel
}

func TestOneBadItemAmongFiveHundred(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir})
	channel := ready(t, s)
	msgs := messages(s, "m", 500)
	msgs[77].Recipient.Amount = money("330.66")
	msgs[78].Recipient.GISAccount = account(123456)
	msgs[79].Recipient.Vars = []byte(`{"services":[{"name":"Чего нет","charged":"1"}]}`)
	before := s.Calls("importPaymentDocumentData")
	results := channel.Send(t.Context(), sender(s, engine.KindBill), msgs)
	for i, r := range results {
		want, code := engine.NoReason, ""
		switch i {
		case 77:
			want, code = engine.BadMessage, "INT008165"
		case 78:
			want, code = engine.BadAddress, "INT002000"
		case 79:
			want, code = engine.BadMessage, "bill"
		}
		switch {
		case want == "" && (r.Fault != nil || !r.Received):
			t.Fatalf("message %d: %+v", i, r)
		case want != "" && (r.Fault == nil || r.Fault.Reason != want || r.Fault.Code != code):
			t.Errorf("message %d: %+v", i, r.Fault)
		}
	}
	if s.Calls("importPaymentDocumentData")-before != 1 {
		t.Error("500 bills travel in one request")
	}
	from := sender(s, engine.KindBill)
	from.Provider.Settings["gis.confirm_amounts"] = "on"
	if r := channel.Send(t.Context(), from, msgs[77:78])[0]; r.Fault != nil {
		t.Errorf("sums the provider answers for: %v", r.Fault)
	}
}

// Whatever happens to a request or its answer: nothing is placed twice, and in the end everything is there.
func TestNothingIsPlacedTwice(t *testing.T) {
	for name, trouble := range map[string]gistest.Trouble{
		"the answer is lost":            {Only: "importPaymentDocumentData", Cut: gistest.CutAfter, Requests: 1},
		"the request is lost":           {Only: "importPaymentDocumentData", Cut: gistest.CutBefore, Requests: 1},
		"overload":                      {Only: "importPaymentDocumentData", Code: "EXP001000", Requests: 1},
		"overload that took it":         {Only: "importPaymentDocumentData", Late: "EXP001000", Requests: 1},
		"HTML of a balancer":            {Only: "importPaymentDocumentData", Gateway: true, Requests: 1},
		"the result is forgotten":       {Only: "getState", Code: "INT002013", Requests: 1},
		"HTML at a poll":                {Only: "getState", Gateway: true, Requests: 3},
		"a poll that is cut":            {Only: "getState", Cut: gistest.CutAfter, Requests: 2},
		"a poll in a maintenance break": {Only: "getState", Code: "INT002029", Requests: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := stand(t, gistest.Options{})
			channel := ready(t, s)
			s.Misbehave(trouble)
			msgs := messages(s, "m", 20)
			for tries := 0; ; tries++ {
				results := channel.Send(t.Context(), sender(s, engine.KindBill), msgs)
				if results[0].Fault == nil {
					for i, r := range results {
						if r.Fault != nil || r.ID == "" || !r.Received {
							t.Errorf("message %d: %+v", i, r)
						}
					}
					break
				}
				if f := results[0].Fault; !f.Reason.Temporary() || tries > 3 {
					t.Fatalf("%v", f)
				}
			}
			if trouble.Only == "importPaymentDocumentData" && s.Calls("exportPaymentDocumentData") == 0 {
				t.Error("documents were sent again without a look whether they are there")
			}
			placed := s.Documents(org)
			if len(placed) != 21 {
				t.Errorf("%d documents", len(placed))
			}
			for _, d := range placed {
				if d.Times != 1 {
					t.Errorf("a document came %d times", d.Times)
				}
			}
		})
	}
}

// A worker that dies with the answer leaves no doubt behind: the number of the document saves it.
func TestADocumentThatIsThereAlreadyIsFound(t *testing.T) {
	s := stand(t, gistest.Options{})
	msgs := messages(s, "m", 3)
	first := ready(t, s).Channel.Send(t.Context(), sender(s, engine.KindBill), msgs)
	if first[0].Later == nil {
		t.Fatalf("%+v", first[0])
	}
	channel := settled{Channel: open(t, gosuslugi.Config{})}
	if f := channel.Send(t.Context(), sender(s, engine.KindBill), msgs)[0].Fault; f == nil || f.Code != "exists" || !f.Reason.Temporary() {
		t.Fatalf("sent once more: %v", f)
	}
	for i, r := range channel.Send(t.Context(), sender(s, engine.KindBill), msgs) {
		if r.Fault != nil || r.ID == "" {
			t.Errorf("message %d: %+v", i, r)
		}
	}
	if n := len(s.Documents(org)); n != 4 {
		t.Errorf("%d documents", n)
	}
}

func TestFaultsOfTheStand(t *testing.T) {
	for _, test := range []struct {
		trouble gistest.Trouble
		want    engine.Fault
	}{
		{gistest.Trouble{Code: "INT002029"}, engine.Fault{Reason: engine.Unavailable, Code: "INT002029", Whole: true, RetryAfter: 10 * time.Minute}},
		{gistest.Trouble{Code: "EXP001000"}, engine.Fault{Reason: engine.Unavailable, Code: "EXP001000", Whole: true}},
		{gistest.Trouble{Code: "AUT011003"}, engine.Fault{Reason: engine.Misconfigured, Code: "AUT011003", Whole: true}},
		{gistest.Trouble{Code: "FMT001300"}, engine.Fault{Reason: engine.Unknown, Code: "FMT001300"}},
		{gistest.Trouble{Code: "XXX999999"}, engine.Fault{Reason: engine.Unknown, Code: "XXX999999"}},
		{gistest.Trouble{Gateway: true}, engine.Fault{Reason: engine.Unavailable, Code: "HTTP 502", Whole: true}},
		{gistest.Trouble{Cut: gistest.CutBefore}, engine.Fault{Reason: engine.Unavailable, Whole: true}},
		{gistest.Trouble{Only: "importPaymentDocumentData", Late: "AUT011009"}, engine.Fault{Reason: engine.Misconfigured, Code: "AUT011009", Whole: true}},
		{gistest.Trouble{Only: "importPaymentDocumentData", Late: "INT002000"}, engine.Fault{Reason: engine.BadAddress, Code: "INT002000"}},
	} {
		t.Run(fmt.Sprintf("%+v", test.trouble), func(t *testing.T) {
			s := stand(t, gistest.Options{})
			channel := ready(t, s)
			s.Misbehave(test.trouble)
			got := channel.Send(t.Context(), sender(s, engine.KindBill), messages(s, "m", 1))[0].Fault
			if got == nil {
				t.Fatal("taken")
			}
			if got.Err = nil; *got != test.want {
				t.Errorf("got %+v, want %+v", *got, test.want)
			}
		})
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := open(t, gosuslugi.Config{})
	for _, change := range []map[string]string{
		{"gis.stand": ""}, {"gis.stand": "sit99"}, {"gis.url": ""}, {"gis.url": "ftp://x"}, {"gis.org_ppaguid": "me"}, {"gis.stand": "ppak"}, {"gis.signing": "openssl"},
		{"gis.password": "wrong"}, {"gis.org_ppaguid": "ffffffff-ffff-4fff-8fff-ffffffffffff"},
	} {
		from := sender(s, engine.KindBill)
		for key, value := range change {
			from.Provider.Settings[key] = value
		}
		r := channel.Send(t.Context(), from, []engine.Message{message("k", resident(s, 1))})[0]
		if r.Fault == nil || r.Fault.Reason != engine.Misconfigured || !r.Fault.Whole {
			t.Errorf("%v: %+v", change, r)
		}
	}
	if channel.Serves(engine.Provider{}) || !channel.Serves(sender(s, engine.KindBill).Provider) {
		t.Error("who has no stand is not served")
	}
}
