package housechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"vestnik/engine"
)

// maxAddress is where the API of MAX lives since 2026 (dev.max.ru/docs-api/changelog-api).
const maxAddress = "https://platform-api2.max.ru"

// What MAX allows.
const (
	maxText     = 4000                   // characters (schema 2026-07-01, NewMessageBody)
	maxLabel    = 128                    // characters on a button (dev.max.ru, attachment types)
	maxURL      = 2048                   // bytes of a button's address (likewise)
	maxChatGap  = 600 * time.Millisecond // between messages to one chat: two a second are allowed (dev.max.ru, POST /messages)
	maxMessages = 100                    // in one answer of GET /messages (schema)
	mostAnswer  = 4 << 20                // bytes we read of any answer
	skew        = 5 * time.Minute        // by which a network's clock and ours may differ
)

// maxBot speaks the bot API of MAX with one token.
type maxBot struct {
	address string // without a slash at its end
	token   string
	client  *http.Client
	pace    *pacer
	chatGap time.Duration

	mu   sync.Mutex
	last map[int64]*pacer // by chat
}

// maxMessage is a message as MAX tells of it.
type maxMessage struct {
	Timestamp int64 `json:"timestamp"` // milliseconds since 1970
	Sender    struct {
		IsBot bool `json:"is_bot"`
	} `json:"sender"`
	Body struct {
		MID  string `json:"mid"`
		Text string `json:"text"`
	} `json:"body"`
}

func (b *maxBot) post(ctx context.Context, chat int64, d draft) (string, *failure) {
	if utf8.RuneCountInString(d.text) > maxText {
		return "", because(engine.BadMessage, "too long", fmt.Errorf("MAX takes %d characters", maxText))
	}
	if !b.chatPace(chat).wait(ctx) {
		return "", untried(ctx)
	}
	body := map[string]any{"text": d.text, "attachments": maxAttachments(d), "link": nil}
	if d.answers != "" {
		body["link"] = map[string]string{"type": "reply", "mid": d.answers}
	}
	query := url.Values{"chat_id": {strconv.FormatInt(chat, 10)}, "disable_link_preview": {"true"}}
	var made struct {
		Message maxMessage `json:"message"`
	}
	f := b.call(ctx, http.MethodPost, "/messages", query, body, &made)
	for try := 1; f != nil && f.Code == notReady && try <= readyTries && pause(ctx, time.Duration(try)*readyPause); try++ {
		f = b.call(ctx, http.MethodPost, "/messages", query, body, &made) // it was surely not posted
	}
	if f != nil {
		return "", f
	}
	if made.Message.Body.MID == "" {
		f = because(engine.Unavailable, "no mid", errors.New("MAX took a message and did not name it"))
		f.unknown = true
		return "", f
	}
	return made.Message.Body.MID, nil
}

// MAX works on a photo for a moment before a message may carry it (dev.max.ru/docs-api, "attachment.not.ready").
const (
	notReady   = "MAX 400 attachment.not.ready"
	readyTries = 5
	readyPause = 300 * time.Millisecond
)

// upload asks where to (POST /uploads), and hands over there. What a photo is attached by is what that place answers.
func (b *maxBot) upload(ctx context.Context, _ int64, p photo) (string, *failure) {
	var place struct {
		URL string `json:"url"`
	}
	if f := b.call(ctx, http.MethodPost, "/uploads", url.Values{"type": {"image"}}, nil, &place); f != nil {
		return "", f
	}
	var taken struct {
		Photos map[string]json.RawMessage `json:"photos"`
	}
	f := sendFile(ctx, b.client, "MAX", place.URL, "data", p, &taken)
	if f == nil && len(taken.Photos) == 0 {
		f = because(engine.BadMessage, "photo", errors.New("MAX does not take the photo"))
	}
	if f != nil {
		return "", f
	}
	encoded, _ := json.Marshal(taken) // read from JSON just now
	return string(encoded), nil
}

// maxAttachments lists what goes with a message.
func maxAttachments(d draft) []any {
	list := maxKeyboard(d.buttons)
	for _, p := range d.photos {
		list = append(list, map[string]any{"type": "image", "payload": json.RawMessage(p)})
	}
	return list
}

// maxKeyboard shows buttons one below the other; one that MAX would refuse is left out, for its address stands in the text.
func maxKeyboard(buttons []engine.Button) []any {
	rows := [][]map[string]string{}
	for _, button := range buttons {
		if button.Label != "" && utf8.RuneCountInString(button.Label) <= maxLabel && len(button.URL) <= maxURL && len(rows) < 30 {
			rows = append(rows, []map[string]string{{"type": "link", "text": button.Label, "url": button.URL}})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return []any{map[string]any{"type": "inline_keyboard", "payload": map[string]any{"buttons": rows}}}
}

// find reads the newest messages of the chat: MAX has no field by which it would recognize a message sent twice.
func (b *maxBot) find(ctx context.Context, chat int64, d draft, since time.Time) (string, *failure) {
	query := url.Values{"chat_id": {strconv.FormatInt(chat, 10)}, "count": {strconv.Itoa(maxMessages)}}
	var list struct {
		Messages []maxMessage `json:"messages"`
	}
	if f := b.call(ctx, http.MethodGet, "/messages", query, nil, &list); f != nil {
		if f.lost { // a bot that may post and not read: posting blindly could post twice
			f.lost, f.Reason = false, engine.Misconfigured
			f.Err = fmt.Errorf("the bot has to be an administrator who reads all messages, to see whether a post whose answer was lost was made: %w", f.Err)
		}
		return "", f
	}
	for _, m := range list.Messages {
		if slices.Contains(d.others, m.Body.MID) {
			continue
		}
		if m.Sender.IsBot && slices.Contains(d.marks, markOf(m.Body.Text)) && time.UnixMilli(m.Timestamp).After(since.Add(-skew)) {
			return m.Body.MID, nil
		}
	}
	return "", nil
}

func (b *maxBot) pin(ctx context.Context, chat int64, id string) *failure {
	return b.call(ctx, http.MethodPut, pinPath(chat), nil, map[string]any{"message_id": id, "notify": false}, nil)
}

func (b *maxBot) pinned(ctx context.Context, chat int64) (string, *failure) {
	var got struct {
		Message *maxMessage `json:"message"`
	}
	if f := b.call(ctx, http.MethodGet, pinPath(chat), nil, nil, &got); f != nil || got.Message == nil {
		return "", f
	}
	return got.Message.Body.MID, nil
}

func (b *maxBot) unpin(ctx context.Context, chat int64) *failure {
	return b.call(ctx, http.MethodDelete, pinPath(chat), nil, nil, nil)
}

func pinPath(chat int64) string { return fmt.Sprintf("/chats/%d/pin", chat) }

// subscribe asks MAX to send events to an address, with a secret in the header X-Max-Bot-Api-Secret.
func (b *maxBot) subscribe(ctx context.Context, address, secret string) *failure {
	return b.call(ctx, http.MethodPost, "/subscriptions", nil,
		map[string]any{"url": address, "secret": secret, "update_types": maxUpdates}, nil)
}

func (b *maxBot) unsubscribe(ctx context.Context, address string) *failure {
	return b.call(ctx, http.MethodDelete, "/subscriptions", url.Values{"url": {address}}, nil, nil)
}

// chatPace is the pacer of one chat. Those nobody needs any more are forgotten.
func (b *maxBot) chatPace(chat int64) *pacer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.last) > 10_000 {
		for id, p := range b.last {
			p.mu.Lock()
			if p.next.Before(time.Now()) {
				delete(b.last, id)
			}
			p.mu.Unlock()
		}
	}
	p := b.last[chat]
	if p == nil {
		p = &pacer{gap: b.chatGap}
		b.last[chat] = p
	}
	return p
}

// call asks MAX for something once, in the bot's turn.
func (b *maxBot) call(ctx context.Context, method, path string, query url.Values, body, into any) *failure {
	if !b.pace.wait(ctx) {
		return untried(ctx)
	}
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return because(engine.BadMessage, "", fmt.Errorf("encode for MAX: %w", err))
		}
		content = bytes.NewReader(encoded)
	}
	address := b.address + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return because(engine.Misconfigured, "", errors.New("max.api_url is not an address"))
	}
	request.Header.Set("Authorization", b.token)
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := b.client.Do(request)
	if err != nil {
		return lostAnswer(ctx, "MAX", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return lostAnswer(ctx, "MAX", err)
	}
	return maxAnswer(response, answer, into)
}

// maxAnswer reads an answer. One that is fine and cannot be read leaves open what was done.
func maxAnswer(response *http.Response, answer []byte, into any) *failure {
	if response.StatusCode != http.StatusOK {
		return maxRefusal(response, answer)
	}
	var simple struct {
		Success *bool `json:"success"`
	}
	err := json.Unmarshal(answer, &simple)
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	switch {
	case err != nil:
		f := because(engine.Unavailable, "not JSON", errors.New("the answer of MAX cannot be read"))
		f.Whole, f.unknown = true, true
		return f
	case simple.Success != nil && !*simple.Success: // SimpleQueryResult of the schema: its words are for people
		return because(engine.Refused, "success:false", errors.New("MAX did not do it"))
	}
	return nil
}

// maxRoot is the address of the API for a provider's setting max.api_url.
func maxRoot(setting string) string {
	if setting == "" {
		return maxAddress
	}
	return strings.TrimRight(setting, "/")
}
