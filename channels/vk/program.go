package vk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"vestnik/engine"
)

// Limits of VK: calls of one program (dev.vk.com/ru/method/execute), characters of a message (dev.vk.com/ru/method/messages.send). How
// long a program may be is not told: with 64 KB we stay below what any part on the way may refuse.
const (
	mostCalls   = 25
	mostText    = 4096
	mostProgram = 64 << 10
)

// call is one method call of a program, ready to be written into it.
type call struct {
	of   int       // index of the message or user it is for
	doc  *document // it is about, or goes with the message; nil: none
	text []byte    // API.method({…})
}

// program is what one request to execute carries.
type program []call

// text is the program in VKScript: the list of what its calls return. Its values are JSON literals, which VKScript reads as they are.
func (p program) text() string {
	size := len("return [];")
	for _, c := range p {
		size += len(c.text) + 1
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString("return [")
	for i, c := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(c.text)
	}
	b.WriteString("];")
	return b.String()
}

// pack cuts calls into programs of a size VK takes.
func pack(calls []call) (programs []program) {
	begin, size := 0, 0
	for i, c := range calls {
		if i > begin && (i-begin == mostCalls || size+len(c.text) > mostProgram) {
			programs = append(programs, calls[begin:i])
			begin, size = i, 0
		}
		size += len(c.text) + 1
	}
	if begin < len(calls) {
		programs = append(programs, calls[begin:])
	}
	return programs
}

// sendParams are the parameters of messages.send that we use. peer_ids, even with a single peer, is the form whose answer tells what became
// of each peer.
type sendParams struct {
	PeerIDs  int64  `json:"peer_ids"`
	RandomID int32  `json:"random_id"`
	Message  string `json:"message"`
	NoLinks  int    `json:"dont_parse_links"` // no preview below the text: it would fetch the resident's tracked link
	NoNames  int    `json:"disable_mentions"` // an @ in a text mentions nobody
	Keyboard string `json:"keyboard,omitempty"`
	Attached string `json:"attachment,omitempty"`
}

// compose writes a call for every message. A message that no call can be written for has its Fault at once.
func (s *sending) compose() []program {
	calls := make([]call, 0, len(s.msgs))
	for i := range s.msgs {
		text, fault := callFor(&s.msgs[i], "")
		if fault != nil {
			s.results[i].Fault = fault
			continue
		}
		calls = append(calls, call{of: i, text: text})
	}
	return pack(calls)
}

// callFor writes the call that sends a message with attachments: names with commas between, or none.
func callFor(m *engine.Message, attachments string) ([]byte, *engine.Fault) {
	text := clean(m.Content.Text)
	switch {
	case m.Recipient.VKID <= 0 || m.Recipient.VKID >= firstChat:
		return nil, &engine.Fault{Reason: engine.BadAddress, Err: errors.New("the VK id is not that of a user")}
	case text == "":
		return nil, &engine.Fault{Reason: engine.BadMessage, Err: errors.New("the text is empty")}
	}
	if n := characters(text); n > mostText {
		return nil, &engine.Fault{Reason: engine.BadMessage, Code: "VK 914", Err: fmt.Errorf("the text has %d characters, VK takes %d", n, mostText)}
	}
	params := sendParams{PeerIDs: m.Recipient.VKID, RandomID: RandomID(m.Key), Message: text, NoLinks: 1, NoNames: 1, Attached: attachments}
	if keys := keyboardOf(m.Content.Buttons); keys != nil {
		params.Keyboard = string(literal(keys))
	}
	written := method("messages.send", params)
	if len(written) > mostProgram {
		return nil, &engine.Fault{Reason: engine.BadMessage, Err: errors.New("the message with its buttons and files is too large")}
	}
	return written, nil
}

// firstChat is where peers that are chats begin (dev.vk.com/ru/method/messages.send).
const firstChat = 2_000_000_000

// method writes one call.
func method(name string, params any) []byte {
	text := append([]byte("API."+name+"("), literal(params)...)
	return append(text, ')')
}

// literal writes a value as JSON, with no escapes but those of quotes, backslashes and ends of lines (see clean).
func literal(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil { // our own structs of strings and numbers
		panic("vk: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// clean takes out of a text what VKScript may read otherwise than JSON does: control characters and the line ends of Unicode.
func clean(text string) string {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return plain(r) != r }) {
		text = strings.Map(plain, strings.ToValidUTF8(text, "\uFFFD"))
	}
	return strings.TrimSpace(text)
}

// plain is what stands for a letter in a clean text; -1: nothing.
func plain(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == '\u2028' || r == '\u2029':
		return '\n'
	case unicode.IsControl(r):
		return -1
	}
	return r
}

// characters counts as VK may: those beyond the basic plane, such as emoji, twice.
func characters(text string) (n int) {
	for _, r := range text {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return n
}

// RandomID is the random_id of a message's key: the same for the same key, positive, and never 0, which VK takes for "no check".
func RandomID(key string) int32 {
	sum := sha256.Sum256([]byte(key))
	return int32(max(1, binary.BigEndian.Uint32(sum[:4])&0x7fffffff)) //nolint:gosec // 31 bits
}
