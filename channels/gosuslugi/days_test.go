package gosuslugi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// wantFault compares what matters of a fault, and that it tells nothing of the resident.
func wantFault(t *testing.T, r engine.Result, want engine.Fault) {
	t.Helper()
	if r.Fault == nil {
		t.Fatalf("taken: %+v", r)
	}
	if text := r.Fault.Error(); strings.Contains(text, "40000000") || strings.Contains(text, "22222222") || strings.Contains(text, "Иванова") {
		t.Errorf("a fault with a resident in it: %s", text)
	}
	got := *r.Fault
	if got.Err = nil; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAnAccountThatIsUnknown(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := ready(t, s)
	stranger := resident(s, 1)
	stranger.GISAccount = account(123456)
	results := channel.Send(t.Context(), sender(s, engine.KindBill), []engine.Message{message("stranger", stranger), message("known", resident(s, 2))})
	wantFault(t, results[0], engine.Fault{Reason: engine.BadAddress, Code: "INT002000"})
	if !results[1].Received {
		t.Errorf("%+v", results[1])
	}
	stranger.GISAccount, stranger.Account = "", "4012345678"
	wantFault(t, channel.Send(t.Context(), sender(s, engine.KindBill), []engine.Message{message("by number", stranger)})[0], engine.Fault{Reason: engine.BadAddress, Code: "account"})
}

func TestADocumentWhoseTotalsDiffer(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := ready(t, s)
	msgs := messages(s, "m", 2)
	msgs[0].Recipient.Amount = money("330.66")
	results := channel.Send(t.Context(), sender(s, engine.KindBill), msgs)
	wantFault(t, results[0], engine.Fault{Reason: engine.BadMessage, Code: "INT008165"})
	if !results[1].Received || len(s.Documents(org)) != 2 {
		t.Errorf("%+v", results[1])
	}
}

func TestTheAnswerIsLostAfterAcceptance(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := ready(t, s)
	msgs := messages(s, "m", 20)
	s.Misbehave(gistest.Trouble{Only: "importPaymentDocumentData", Cut: gistest.CutAfter, Requests: 1})
	wantFault(t, channel.Send(t.Context(), sender(s, engine.KindBill), msgs)[0], engine.Fault{Reason: engine.Unavailable, Whole: true})
	imports := s.Calls("importPaymentDocumentData")
	for i, r := range channel.Send(t.Context(), sender(s, engine.KindBill), msgs) {
		if !r.Received || r.ID == "" {
			t.Errorf("message %d: %+v", i, r)
		}
	}
	if n := s.Calls("importPaymentDocumentData") - imports; n != 0 || len(s.Documents(org)) != 21 {
		t.Errorf("%d more requests, %d documents", n, len(s.Documents(org)))
	}
}

// An hour of maintenance, INT002029, strikes who wants to send and who waits for a result alike.
func TestMaintenanceForAnHour(t *testing.T) {
	c := &clock{}
	s := stand(t, gistest.Options{Now: c.now, Life: 2 * time.Hour})
	channel := c.learned(t, s)
	before := waiting(t, s, channel, 3)
	msg := []engine.Message{message("meanwhile", resident(s, 50))}
	s.Misbehave(gistest.Trouble{Code: "INT002029"})
	for ends := c.now().Add(time.Hour); c.now().Before(ends); c.move(10 * time.Minute) {
		wantFault(t, channel.Send(t.Context(), sender(s, engine.KindBill), msg)[0],
			engine.Fault{Reason: engine.Unavailable, Code: "INT002029", Whole: true, RetryAfter: 10 * time.Minute})
		if settled := confirm(t, s, channel, before); settled != 0 {
			t.Fatalf("%d settled", settled)
		}
	}
	s.Misbehave(gistest.Trouble{})
	if settled := confirm(t, s, channel, before); settled != len(before) {
		t.Errorf("%d of %d settled", settled, len(before))
	}
	if r := channel.Send(t.Context(), sender(s, engine.KindBill), msg)[0]; r.Later == nil {
		t.Errorf("%+v", r)
	}
	if n := len(s.Documents(org)); n != len(before)+2 {
		t.Errorf("%d documents", n)
	}
}

// expired is a certificate of yesterday.
func expired(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestTheCertificateOfTheStandHasExpired(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{expired(t)}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	s := stand(t, gistest.Options{})
	from := sender(s, engine.KindBill)
	from.Provider.Settings["gis.url"] = server.URL
	r := open(t, gosuslugi.Config{}).Send(t.Context(), from, messages(s, "m", 1))[0]
	wantFault(t, r, engine.Fault{Reason: engine.Misconfigured, Whole: true})
	if !strings.Contains(r.Fault.Error(), "expired") || asked.Load() != 0 {
		t.Errorf("%v, after %d requests", r.Fault, asked.Load())
	}
}

func TestTheStandAnswersHTML(t *testing.T) {
	for status, want := range map[int]engine.Fault{
		200: {Reason: engine.Unavailable, Code: "HTTP 200", Whole: true}, 302: {Reason: engine.Unavailable, Code: "HTTP 302", Whole: true},
		403: {Reason: engine.Misconfigured, Code: "HTTP 403", Whole: true}, 404: {Reason: engine.Misconfigured, Code: "HTTP 404", Whole: true},
		429: {Reason: engine.Throttled, Code: "HTTP 429", Whole: true, RetryAfter: time.Minute}, 502: {Reason: engine.Unavailable, Code: "HTTP 502", Whole: true},
		504: {Reason: engine.Unavailable, Code: "HTTP 504", Whole: true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html><body>Истекло время ожидания шлюза<br></body></html>")
		}))
		s := stand(t, gistest.Options{})
		from := sender(s, engine.KindBill)
		from.Provider.Settings["gis.url"] = server.URL
		channel := open(t, gosuslugi.Config{})
		wantFault(t, channel.Send(t.Context(), from, messages(s, "m", 1))[0], want)
		channel.Close()
		server.Close()
	}
}

// tenMegabytes is how large the format lets an answer be.
const tenMegabytes = 10 << 20

// A house with so many accounts that their list takes ten megabytes.
func TestAnAnswerOfTenMegabytes(t *testing.T) {
	s := stand(t, gistest.Options{})
	const n = 26_000
	for i := range n {
		s.AddAccount(org, gistest.Account{GUID: account(i), Number: residentNumber(i), House: house(5)})
	}
	at, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	var largest atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	proxy.ModifyResponse = func(r *http.Response) error {
		text, err := io.ReadAll(r.Body)
		largest.Store(max(largest.Load(), int64(len(text))))
		r.Body = io.NopCloser(strings.NewReader(string(text)))
		return err
	}
	server := httptest.NewServer(proxy)
	defer server.Close()
	from := sender(s, engine.KindBill)
	from.Provider.Settings["gis.url"] = server.URL
	last := resident(s, 1)
	last.GISAccount, last.Account, last.House = "", residentNumber(n-1), house(5)
	channel := open(t, gosuslugi.Config{})
	r := settled{Channel: channel}.Send(t.Context(), from, []engine.Message{message("last", last)})[0]
	channel.Close()
	if !r.Received || largest.Load() < tenMegabytes {
		t.Errorf("%+v after an answer of %d bytes", r, largest.Load())
	}
}

// ГИС ЖКХ forgets results after half an hour: whoever asks later finds the document itself.
func TestAPollAfterTheLifeOfAResult(t *testing.T) {
	c := &clock{}
	s := stand(t, gistest.Options{Now: c.now})
	channel := c.learned(t, s)
	receipts := waiting(t, s, channel, 1)
	c.move(31 * time.Minute)
	wantFault(t, channel.Confirm(t.Context(), sender(s, engine.KindBill), receipts)[0], engine.Fault{Reason: engine.Unknown, Code: "INT002013"})
	imports := s.Calls("importPaymentDocumentData")
	r := settled{Channel: channel}.Send(t.Context(), sender(s, engine.KindBill), []engine.Message{message(receipts[0].Key, resident(s, 0))})[0]
	if !r.Received || r.ID == "" || s.Calls("importPaymentDocumentData") != imports || len(s.Documents(org)) != 2 {
		t.Errorf("%+v, %d documents", r, len(s.Documents(org)))
	}
}
