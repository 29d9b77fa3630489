package vk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"vestnik/engine"
)

// mostDocuments is how many attachments a message has (dev.vk.com/ru/method/messages.send).
const mostDocuments = 10

// document is a file on its way into a message: VK tells a place for it, takes it there, keeps it, and then the message names it
// (dev.vk.com/ru/api/upload/document-in-message).
type document struct {
	of    int // index of the message
	file  engine.File
	place string        // address to upload it to
	token string        // what it was taken for there
	name  string        // doc-1_7_key: as the message names it; empty: VK does not have it yet
	fault *engine.Fault // of the upload
}

// enclose brings the files of a program's messages to VK, if the provider wants that, and gives the programs that send the messages with them.
// Each of three steps costs a request for 25 of them, sending included, besides the uploads. A message one file of which does not arrive has
// its Fault and is sent no more; tried again, it is uploaded again.
func (s *sending) enclose(p program) []program {
	if !s.enclosing {
		return []program{p}
	}
	docs := s.documentsOf(p)
	s.step(docs, func(d *document) []byte {
		return method("docs.getMessagesUploadServer", placeParams{Type: "doc", PeerID: s.msgs[d.of].Recipient.VKID})
	}, func(d *document, i item) (fault *engine.Fault) {
		d.place, fault = i.place()
		return fault
	})
	s.upload(docs)
	s.step(docs, func(d *document) []byte {
		return method("docs.save", saveParams{File: d.token, Title: clean(d.file.Name)})
	}, func(d *document, i item) (fault *engine.Fault) {
		d.name, fault = i.saved()
		return fault
	})
	return s.name(p, docs)
}

// documentsOf gives the files of a program's messages. A message with more than VK takes has its Fault.
func (s *sending) documentsOf(p program) (docs []*document) {
	for _, c := range p {
		files := s.msgs[c.of].Content.Files
		if len(files) > mostDocuments {
			s.blame(c.of, &engine.Fault{Reason: engine.BadMessage, Err: fmt.Errorf("a message has %d files, VK takes %d", len(files), mostDocuments)})
			continue
		}
		for _, f := range files {
			docs = append(docs, &document{of: c.of, file: f})
		}
	}
	return docs
}

// going gives the documents whose messages can still go out.
func (s *sending) going(docs []*document) (list []*document) {
	for _, d := range docs {
		if s.results[d.of].Fault == nil {
			list = append(list, d)
		}
	}
	return list
}

// step makes one call about every document, and reads what was answered into it.
func (s *sending) step(docs []*document, write func(*document) []byte, read func(*document, item) *engine.Fault) {
	docs = s.going(docs)
	calls := make([]call, len(docs))
	for i, d := range docs {
		calls[i] = call{of: d.of, doc: d, text: write(d)}
	}
	for _, p := range pack(calls) {
		s.carry(p, func(c call, i item) {
			if fault := read(c.doc, i); fault != nil {
				s.blame(c.of, fault)
			}
		})
	}
}

// uploadsAtOnce is how many files of one program are uploaded side by side.
const uploadsAtOnce = 5

// upload takes the documents to their places.
func (s *sending) upload(docs []*document) {
	docs = s.going(docs)
	abreast(uploadsAtOnce, len(docs), func(i int) {
		docs[i].token, docs[i].fault = s.community.upload(s.ctx, docs[i])
	})
	for _, d := range docs {
		if d.fault != nil {
			s.blame(d.of, d.fault)
		}
	}
}

// name writes the calls that send a program's messages anew, with the names of their documents.
func (s *sending) name(p program, docs []*document) []program {
	names, last := map[int][]string{}, map[int]*document{}
	for _, d := range docs {
		names[d.of], last[d.of] = append(names[d.of], d.name), d
	}
	calls := make([]call, 0, len(p))
	for _, c := range p {
		if s.results[c.of].Fault != nil {
			continue
		}
		text, fault := callFor(&s.msgs[c.of], strings.Join(names[c.of], ","))
		if fault != nil {
			s.blame(c.of, fault)
			continue
		}
		calls = append(calls, call{of: c.of, doc: last[c.of], text: text})
	}
	return pack(calls)
}

type placeParams struct {
	Type   string `json:"type"`
	PeerID int64  `json:"peer_id"`
}

type saveParams struct {
	File  string `json:"file"`
	Title string `json:"title,omitempty"`
}

// place reads the item as an answer of docs.getMessagesUploadServer.
func (i item) place() (string, *engine.Fault) {
	if i.fault != nil {
		return "", i.fault
	}
	var answer struct {
		URL string `json:"upload_url"`
	}
	if json.Unmarshal(i.value, &answer) != nil || answer.URL == "" {
		return "", &engine.Fault{Reason: engine.Unknown, Err: errors.New("VK tells no place for a document")}
	}
	return answer.URL, nil
}

// saved reads the item as an answer of docs.save: the document as messages name it.
func (i item) saved() (string, *engine.Fault) {
	if i.fault != nil {
		return "", aboutDocument(i.fault)
	}
	var answer struct {
		Doc struct {
			ID        int64  `json:"id"`
			Owner     int64  `json:"owner_id"`
			AccessKey string `json:"access_key"`
		} `json:"doc"`
	}
	if json.Unmarshal(i.value, &answer) != nil || answer.Doc.ID == 0 || answer.Doc.Owner == 0 || !isKey(answer.Doc.AccessKey) {
		return "", &engine.Fault{Reason: engine.Unknown, Err: errors.New("VK does not name a document it has saved")}
	}
	name := fmt.Sprintf("doc%d_%d", answer.Doc.Owner, answer.Doc.ID)
	if answer.Doc.AccessKey != "" {
		name += "_" + answer.Doc.AccessKey
	}
	return name, nil
}

// isKey reports whether a text can be part of an attachment's name.
func isKey(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

// aboutDocument corrects what a rule says of an error where a document was named: VK has taken the peer before, so a parameter that it calls
// invalid is the document. Uploaded again, it may be taken.
func aboutDocument(fault *engine.Fault) *engine.Fault {
	if fault.Code == refusal(100).Code {
		return &engine.Fault{Reason: engine.Unknown, Code: fault.Code, Err: errors.New("VK does not take a document that was uploaded")}
	}
	return fault
}
