package gistest

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// mostOfRequest is how large a request may be.
const mostOfRequest = 64 << 20

// call is one request whose envelope was found right.
type call struct {
	operation operation
	message   string // MessageGUID of its sender
	org       string // orgPPAGUID; empty where the header has none
	body      *element
}

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, storeRoot) {
		s.visitStore(w, r)
		return
	}
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	trouble, over := s.meet(strings.TrimPrefix(action, "urn:"))
	raw, err := io.ReadAll(io.LimitReader(r.Body, mostOfRequest))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if s.suffer(w, r, trouble, over) {
		return
	}
	if !s.lets(w, r) {
		return
	}
	if s.options.Count && action == "urn:importPaymentDocumentData" {
		s.answer(w, http.StatusOK, nil, s.count(raw))
		return
	}
	ask, refusal := s.admit(r, action, raw)
	if refusal != nil {
		s.answer(w, http.StatusInternalServerError, nil, refusal)
		return
	}
	body, refusal := ask.operation.do(s, ask)
	if trouble.Late != "" && refusal == nil {
		s.spoil(body, trouble.Late)
	}
	if trouble.Cut == CutAfter {
		panic(http.ErrAbortHandler)
	}
	if refusal != nil {
		s.answer(w, http.StatusInternalServerError, nil, refusal)
		return
	}
	if err := s.schemas.check(body); err != nil {
		s.mu.Lock()
		s.err = errors.Join(s.err, fmt.Errorf("our answer to %s: %w", action, err))
		s.mu.Unlock()
	}
	header := el(baseSpace, "ResultHeader", el(baseSpace, "Date", now()), el(baseSpace, "MessageGUID", guid()))
	s.answer(w, http.StatusOK, header, body)
}

// lets asks for the password; whoever does not know it has been sent away.
func (s *Server) lets(w http.ResponseWriter, r *http.Request) bool {
	if user, password, _ := r.BasicAuth(); s.options.User != "" && !(same(user, s.options.User) && same(password, s.options.Password)) {
		w.Header().Set("WWW-Authenticate", `Basic realm="ГИС ЖКХ"`)
		http.Error(w, "<html>401</html>", http.StatusUnauthorized)
		return false
	}
	return true
}

// visitStore answers a request to the file store. Trouble meets it as the action "upload"; its Code is what X-Upload-Error says.
func (s *Server) visitStore(w http.ResponseWriter, r *http.Request) {
	trouble, over := s.meet("upload")
	code := trouble.Code
	trouble.Code = ""
	if !s.suffer(w, r, trouble, over) && s.lets(w, r) {
		s.keep(w, r, code)
	}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// admit reads the envelope; what is not as it must be is a fault.
func (s *Server) admit(r *http.Request, action string, raw []byte) (c call, refusal *element) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || err != nil || media != "text/xml" || !strings.EqualFold(params["charset"], "utf-8") {
		return c, faultOf("FMT001300", "a POST of text/xml; charset=utf-8 is wanted")
	}
	envelope, err := parse(raw)
	if err != nil || envelope.name.Space != soapSpace || envelope.name.Local != "Envelope" || len(envelope.child("Body").children) != 1 {
		return c, faultOf("FMT001300", "no SOAP 1.1 envelope with one body")
	}
	c.body = envelope.child("Body").children[0]
	c.operation, err = find(r.URL.Path, action)
	if err != nil || c.body.name != c.operation.root {
		return c, faultOf("FMT001301", fmt.Sprintf("SOAPAction %q with %q at %s: %v", action, c.body.name.Local, r.URL.Path, err))
	}
	header := envelope.child("Header")
	if len(header.children) != 1 || header.children[0].name.Local != c.operation.header {
		return c, faultOf("FMT001307", "the header must be one "+c.operation.header)
	}
	for _, part := range []*element{header.children[0], c.body} {
		if err := s.schemas.check(part); err != nil {
			return c, faultOf("FMT001300", err.Error())
		}
	}
	c.message, c.org = header.child(c.operation.header, "MessageGUID").text, header.child(c.operation.header, "orgPPAGUID").text
	if refusal = s.know(c); refusal == nil {
		refusal = s.sealed(r.Context(), c, raw)
	}
	return c, refusal
}

// sealed refuses a request without the signature that it must have. What has no Id has no place for one (getState). Which codes ГИС ЖКХ refuses
// signatures with is not published.
func (s *Server) sealed(ctx context.Context, c call, raw []byte) (refusal *element) {
	if !s.options.Signed || c.body.name.Space == baseSpace {
		return nil
	}
	s.mu.Lock()
	var allowed []string
	if org := s.orgs[c.org]; org != nil {
		allowed = org.Certificates
	}
	s.mu.Unlock()
	if err := verify(ctx, raw, allowed); err != nil {
		return faultOf("AUT011000", "the signature: "+err.Error())
	}
	return nil
}

// know refuses what was sent before and who is not known.
func (s *Server) know(c call) (refusal *element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[c.message] {
		return faultOf("EXP002002", "a message with this MessageGUID has come already")
	}
	s.seen[c.message] = true
	if c.operation.header == "RequestHeader" && s.orgs[c.org] == nil {
		return faultOf("AUT011002", "the organization is not in the registry")
	}
	return nil
}

// texts are what is said about codes.
var texts = map[string]string{
	"EXP001000": "Произошла ошибка при передаче данных. Попробуйте осуществить передачу данных повторно.",
	"INT002029": "Сервис недоступен: выполняются регламентные работы",
	"INT002013": "Запрос не найден",
	"INT002012": "Нет объектов для экспорта",
	"INT002000": "Значение в поле отсутствует в реестре",
}

// fault is a SOAP fault with a code.
func fault(code string) *element { return faultOf(code, texts[code]) }

func faultOf(code, text string) *element {
	return el(soapSpace, "Fault", el("", "faultcode", "env:Server"), el("", "faultstring", code+": "+text),
		el("", "detail", el(baseSpace, "Fault", el(baseSpace, "ErrorCode", code), el(baseSpace, "ErrorMessage", text))))
}

// answer writes an envelope.
func (s *Server) answer(w http.ResponseWriter, status int, header, body *element) {
	envelope := el(soapSpace, "Envelope")
	if header != nil {
		envelope.children = append(envelope.children, el(soapSpace, "Header", header))
	}
	envelope.children = append(envelope.children, el(soapSpace, "Body", body))
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	if !s.options.Gzip {
		w.WriteHeader(status)
		_, _ = w.Write(envelope.write())
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	packed := gzip.NewWriter(w)
	_, _ = packed.Write(envelope.write())
	_ = packed.Close()
}

// moscow is the zone ГИС ЖКХ tells times in.
var moscow = time.FixedZone("MSK", 3*60*60)

func now() string { return time.Now().In(moscow).Format("2006-01-02T15:04:05.000-07:00") }

// guid makes a random identifier.
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
