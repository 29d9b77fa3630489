package gosuslugi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// Each kind of request is signed, and the stand finds nothing wrong with any.
func TestEverythingIsSigned(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir, Signed: true})
	channel := settled{Channel: open(t, gosuslugi.Config{})}
	rich := resident(s, 1)
	rich.Vars, rich.Amount, rich.GISAccount = []byte(everything), money("3669.02"), ""
	bills := sender(s, engine.KindBill)
	if r := channel.Send(t.Context(), bills, []engine.Message{message("a", rich)})[0]; r.Fault != nil || !r.Received {
		t.Fatalf("%+v", r)
	}
	s.Misbehave(gistest.Trouble{Only: "importPaymentDocumentData", Cut: gistest.CutAfter, Requests: 1})
	for range 2 {
		channel.Send(t.Context(), bills, []engine.Message{message("b", resident(s, 2))})
	}
	from := time.Now().Add(48 * time.Hour)
	for kind, vars := range map[engine.Kind]string{
		engine.KindAction: `{}`, engine.KindOutage: `{"service":"ГВС","reason":"Ремонт","from":"` + from.Format(time.RFC3339) + `","to":"` + from.Add(time.Hour).Format(time.RFC3339) + `"}`,
	} {
		notice := sender(s, kind)
		notice.Campaign.Vars = []byte(vars)
		if r := channel.Send(t.Context(), notice, []engine.Message{message(string(kind), engine.Recipient{House: house(0)})})[0]; r.Fault != nil || !r.Received {
			t.Errorf("%s: %+v", kind, r)
		}
	}
	for _, action := range []string{
		"exportNsiItem", "exportDataProviderNsiItem", "exportAccountData", "importPaymentDocumentData", "exportPaymentDocumentData", "importNotificationData", "importOutageReport", "getState",
	} {
		if s.Calls(action) == 0 {
			t.Errorf("%s was not asked for", action)
		}
	}
	if n := len(s.Documents(org)); n != 2 {
		t.Errorf("%d documents", n)
	}
}

func TestACertificateThatHasExpired(t *testing.T) {
	s := stand(t, gistest.Options{Signed: true})
	later := time.Now().Add(400 * 24 * time.Hour)
	channel := open(t, gosuslugi.Config{Now: func() time.Time { return later }})
	from := sender(s, engine.KindAction)
	f := channel.Send(t.Context(), from, []engine.Message{message("a", engine.Recipient{House: house(0)})})[0].Fault
	if f == nil || f.Reason != engine.Misconfigured || !f.Whole || f.Code != "sign" || s.Calls("importNotificationData") != 0 {
		t.Errorf("%+v", f)
	}
}

// between stands between the channel and the stand, and changes what is sent.
func between(t *testing.T, s *gistest.Server, change func(string) string) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		changed := change(string(text))
		if changed == string(text) && strings.Contains(changed, "Request") && !strings.Contains(changed, "getStateRequest") {
			t.Errorf("nothing was changed in %s", text)
		}
		request, err := http.NewRequestWithContext(r.Context(), r.Method, s.URL()+r.URL.Path, strings.NewReader(changed))
		if err != nil {
			t.Error(err)
			return
		}
		request.Header = r.Header
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	t.Cleanup(func() { proxy.Close(); http.DefaultClient.CloseIdleConnections() })
	return proxy.URL
}

func TestTheStandRefusesWhatIsNotSignedWell(t *testing.T) {
	s := stand(t, gistest.Options{Signed: true})
	channel := open(t, gosuslugi.Config{})
	from := sender(s, engine.KindAction)
	_, stranger, err := gistest.Mint(t.Context(), "/C=RU/O=ООО УК/CN=Подпись")
	if err != nil {
		t.Fatal(err)
	}
	strange := strings.Join(strings.Split(strings.TrimSpace(string(stranger)), "\n")[1:], "")
	strange = strange[:strings.Index(strange, "-")]
	replace := func(pattern, by string) func(string) string {
		return func(text string) string {
			at := regexp.MustCompile(pattern).FindStringSubmatchIndex(text)
			if at == nil {
				return text
			}
			return text[:at[2]] + by + text[at[3]:]
		}
	}
	for name, change := range map[string]func(string) string{
		"no signature":         replace(`(<ds:Signature .*</ds:Signature>)`, ""),
		"a changed text":       replace(`<hm:content>(Текст)`, "Текст."),
		"an added blank":       replace(`</ds:Signature>()`, " "),
		"another time":         replace(`<xades:SigningTime>(\d\d\d\d)`, "2027"),
		"another issuer":       replace(`<ds:X509IssuerName>(cn=)`, "cn=Другой,ou="),
		"another number":       replace(`<ds:X509SerialNumber>(\d)`, "77"),
		"another certificate":  replace(`<ds:X509Certificate>([^<]*)`, strange),
		"another signature":    replace(`<ds:SignatureValue[^>]*>(....)`, "AAAA"),
		"another target":       replace(`Target="#(xmldsig)`, "x"),
		"another algorithm":    replace(`<ds:SignatureMethod Algorithm="([^"]*)"`, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
		"another form":         replace(`<ds:CanonicalizationMethod Algorithm="([^"]*)"`, "http://www.w3.org/2006/12/xml-c14n11"),
		"a transform too many": replace(`<ds:Transforms>()`, `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>`),
		"not the first child":  replace(`Id="signed-data-container"[^>]*>()<ds:Signature`, "<base:x></base:x>"),
	} {
		from.Provider.Settings["gis.url"] = between(t, s, change)
		f := channel.Send(t.Context(), from, []engine.Message{message(name, engine.Recipient{House: house(0)})})[0].Fault
		if f == nil || f.Reason != engine.Misconfigured || f.Code != "AUT011000" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	from.Provider.Settings["gis.url"] = between(t, s, replace(`\?>(\n)`, "\n\n"))
	if r := channel.Send(t.Context(), from, []engine.Message{message("k", engine.Recipient{House: house(0)})})[0]; r.Fault != nil {
		t.Errorf("what is not signed was changed: %v", r.Fault)
	}
	s.AddOrganization(gistest.Organization{PPAGUID: org, BIC: bic, Account: payTo, Houses: []string{house(0)}, Certificates: []string{"00"}})
	if f := channel.Send(t.Context(), from, []engine.Message{message("k", engine.Recipient{House: house(0)})})[0].Fault; f == nil || f.Code != "AUT011000" {
		t.Errorf("a certificate that is not registered: %v", f)
	}
}
