package housechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/SevereCloud/vksdk/v2/api"

	"vestnik/engine"
)

// vkChats is where the numbers of chats begin among VK's peers (dev.vk.com, "peer_id").
const vkChats = 2_000_000_000

// What VK allows, and for how long it remembers.
const (
	vkVersion = "5.199"
	vkText    = 4096             // characters (dev.vk.com, messages.send)
	vkLabel   = 40               // characters on a button (dev.vk.com, keyboards)
	vkRows    = 6                // of an inline keyboard (likewise)
	vkMemory  = 50 * time.Minute // a random_id is recognized for an hour, among the last hundred messages (dev.vk.com, messages.send)
	vkHistory = 200              // messages in one answer of messages.getHistory
)

// vkBot speaks the API of VK with the token of one community.
type vkBot struct {
	api   *api.VK
	token string
	pace  *pacer
	turns *engine.Turns
}

// newVKBot makes a bot. vksdk's own limiter holds a lock while it sleeps and knows no ctx, so pace takes its place.
func newVKBot(address, token string, client *http.Client, pace *pacer, turns *engine.Turns) *vkBot {
	vk := api.NewVK(token)
	vk.MethodURL, vk.Version, vk.Client, vk.Limit = vkRoot(address), vkVersion, client, 0
	return &vkBot{api: vk, token: token, pace: pace, turns: turns}
}

// vkRoot is the address of the methods for a provider's setting vk.api_url: with or without the path of the methods.
func vkRoot(setting string) string {
	if setting == "" {
		return api.MethodURL
	}
	setting = strings.TrimRight(setting, "/")
	if u, err := url.Parse(setting); err == nil && u.Path == "" {
		setting += "/method"
	}
	return setting + "/"
}

func (b *vkBot) post(ctx context.Context, chat int64, d draft) (string, *failure) {
	if utf8.RuneCountInString(d.text) > vkText {
		return "", because(engine.BadMessage, "too long", fmt.Errorf("VK takes %d characters", vkText))
	}
	params := api.Params{"peer_ids": chat, "message": d.text, "random_id": randomID(d.name, chat), "dont_parse_links": 1, "disable_mentions": 1}
	if d.answers != "" { // reply_to needs a message_id, which a chat has none of
		params["forward"] = fmt.Sprintf(`{"peer_id":%d,"conversation_message_ids":[%s],"is_reply":true}`, chat, d.answers)
	}
	if keyboard := vkKeyboard(d.buttons); keyboard != "" {
		params["keyboard"] = keyboard
	}
	if len(d.photos) > 0 {
		params["attachment"] = strings.Join(d.photos, ",")
	}
	var sent []vkSent
	if f := b.call(ctx, "messages.send", params, &sent); f != nil {
		return "", f
	}
	switch {
	case len(sent) == 1 && sent[0].Error != nil:
		return "", vkRefusal(sent[0].Error.number(), sent[0].Error.words())
	case len(sent) == 1 && sent[0].ConversationMessageID > 0:
		return strconv.FormatInt(sent[0].ConversationMessageID, 10), nil
	}
	f := because(engine.Unavailable, "no id", errors.New("VK took a message and did not name it"))
	f.unknown = true
	return "", f
}

// upload takes the three steps of dev.vk.com, "Upload photos to a message".
func (b *vkBot) upload(ctx context.Context, chat int64, p photo) (string, *failure) {
	var place struct {
		URL string `json:"upload_url"`
	}
	if f := b.call(ctx, "photos.getMessagesUploadServer", api.Params{"peer_id": chat}, &place); f != nil {
		return "", f
	}
	var taken struct {
		Server json.Number `json:"server"`
		Photo  string      `json:"photo"`
		Hash   string      `json:"hash"`
	}
	if f := sendFile(ctx, b.api.Client, "VK", place.URL, "photo", p, &taken); f != nil {
		return "", f
	}
	if taken.Photo == "" || taken.Photo == "[]" {
		return "", because(engine.BadMessage, "photo", errors.New("VK does not take the photo"))
	}
	var saved []struct {
		ID        int64  `json:"id"`
		Owner     int64  `json:"owner_id"`
		AccessKey string `json:"access_key"`
	}
	f := b.call(ctx, "photos.saveMessagesPhoto", api.Params{"server": taken.Server.String(), "photo": taken.Photo, "hash": taken.Hash}, &saved)
	if f == nil && len(saved) != 1 {
		f = because(engine.Unavailable, "photo", errors.New("VK did not name the photo"))
	}
	if f != nil {
		return "", f
	}
	name := fmt.Sprintf("photo%d_%d", saved[0].Owner, saved[0].ID)
	if saved[0].AccessKey != "" {
		name += "_" + saved[0].AccessKey
	}
	return name, nil
}

// vkSent is what became of a message to one peer. The error has one shape in VK's schema and another in vksdk, which therefore never sees
// its number.
type vkSent struct {
	ConversationMessageID int64    `json:"conversation_message_id"`
	Error                 *vkError `json:"error"`
}

type vkError struct {
	Code        int    `json:"code"`
	Description string `json:"description"`
	ErrorCode   int    `json:"error_code"`
	ErrorMsg    string `json:"error_msg"`
}

func (e *vkError) number() int   { return max(e.Code, e.ErrorCode) }
func (e *vkError) words() string { return e.Description + e.ErrorMsg }

// randomID is what VK recognizes a message sent twice by: the same for everybody who may make the post in this chat.
func randomID(name string, chat int64) int32 {
	sum := fnv.New64a()
	_, _ = fmt.Fprintf(sum, "%s/%d", name, chat)
	if id := int32(sum.Sum64() >> 33); id != 0 { //nolint:gosec // 31 bits are left
		return id
	}
	return 1
}

// vkKeyboard shows buttons one below the other; one that VK would refuse is left out, for its address stands in the text.
func vkKeyboard(buttons []engine.Button) string {
	rows := [][]any{}
	for _, button := range buttons {
		if button.Label != "" && utf8.RuneCountInString(button.Label) <= vkLabel && len(rows) < vkRows {
			rows = append(rows, []any{map[string]any{"action": map[string]string{"type": "open_link", "link": button.URL, "label": button.Label}}})
		}
	}
	if len(rows) == 0 {
		return ""
	}
	encoded, _ := json.Marshal(map[string]any{"inline": true, "buttons": rows}) // strings are always encoded
	return string(encoded)
}

// find needs to look only when VK has forgotten the random_id, which stands in the history for ever.
func (b *vkBot) find(ctx context.Context, chat int64, d draft, since time.Time) (string, *failure) {
	if time.Since(since) < vkMemory {
		return "", nil
	}
	var history struct {
		Items []struct {
			RandomID              int32 `json:"random_id"`
			ConversationMessageID int64 `json:"conversation_message_id"`
		} `json:"items"`
	}
	if f := b.call(ctx, "messages.getHistory", api.Params{"peer_id": chat, "count": vkHistory}, &history); f != nil {
		return "", f
	}
	for _, m := range history.Items {
		if m.RandomID == randomID(d.name, chat) {
			return strconv.FormatInt(m.ConversationMessageID, 10), nil
		}
	}
	return "", nil
}

func (b *vkBot) pin(ctx context.Context, chat int64, id string) *failure {
	return b.call(ctx, "messages.pin", api.Params{"peer_id": chat, "conversation_message_id": id}, nil)
}

func (b *vkBot) pinned(ctx context.Context, chat int64) (string, *failure) {
	var found struct {
		Items []struct {
			Settings struct {
				Pinned *struct {
					ConversationMessageID int64 `json:"conversation_message_id"`
				} `json:"pinned_message"`
			} `json:"chat_settings"`
		} `json:"items"`
	}
	f := b.call(ctx, "messages.getConversationsById", api.Params{"peer_ids": chat}, &found)
	if f != nil || len(found.Items) == 0 || found.Items[0].Settings.Pinned == nil {
		return "", f
	}
	return strconv.FormatInt(found.Items[0].Settings.Pinned.ConversationMessageID, 10), nil
}

func (b *vkBot) unpin(ctx context.Context, chat int64) *failure {
	return b.call(ctx, "messages.unpin", api.Params{"peer_id": chat}, nil)
}

// call asks VK for something once, in the community's turn. The answer is decoded here, so that one that makes no sense is not taken for
// one that never came.
func (b *vkBot) call(ctx context.Context, method string, params api.Params, into any) *failure {
	if !b.pace.wait(ctx) || b.turns.Wait(ctx, b.token) != nil {
		return untried(ctx)
	}
	answer, err := b.api.Request(method, params.WithContext(ctx))
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return vkRefusal(int(refused.Code), refused.Message)
	}
	if _, ok := errors.AsType[*url.Error](err); ok || ctx.Err() != nil {
		return lostAnswer(ctx, "VK", err)
	}
	f := because(engine.Unavailable, "not JSON", errors.New("the answer of VK cannot be read"))
	f.Whole, f.unknown = true, true
	return f
}
