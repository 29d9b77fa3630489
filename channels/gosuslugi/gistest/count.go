package gistest

import "bytes"

// Counted is how many payment documents came to a Server with Options.Count.
func (s *Server) Counted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counted
}

// count takes a request with payment documents for what it is worth to a benchmark: how many there are, and by what name each is told of.
func (s *Server) count(raw []byte) (acknowledgment *element) {
	header, _, _ := bytes.Cut(raw, []byte("Body>"))
	var transports []string
	for rest, there := raw, true; there; {
		if _, rest, there = bytes.Cut(rest, []byte(":PaymentDocument>")); !there {
			break
		}
		var document []byte
		document, rest, there = bytes.Cut(rest, []byte(":PaymentDocument>"))
		transports = append(transports, string(content(document, "TransportGUID")))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted += len(transports)
	id, org := guid(), string(content(header, "orgPPAGUID"))
	s.requests[id] = &request{space: billsSpace, org: org, taken: s.options.Now(), accepted: transports}
	return el(baseSpace, "AckRequest", el(baseSpace, "Ack", el(baseSpace, "MessageGUID", id),
		el(baseSpace, "RequesterMessageGUID", string(content(header, "MessageGUID")))))
}

// content is the text of the last element of a name, found without reading XML.
func content(text []byte, name string) []byte {
	end := bytes.LastIndex(text, []byte(name+">"))
	if end < 0 {
		return nil
	}
	text = text[:end]
	from, to := bytes.LastIndexByte(text, '>')+1, bytes.LastIndexByte(text, '<')
	return text[from:max(from, to)]
}

// welcome is the result of documents that were only counted.
func welcome(transports []string) (list []*element) {
	for _, transport := range transports {
		list = append(list, el(billsSpace, "ImportResult", done(transport, guid(), "90АА000000-01-0000")))
	}
	return list
}
