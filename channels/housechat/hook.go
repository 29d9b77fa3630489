package housechat

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"vestnik/engine"
)

// maxUpdates are the events of MAX that tell about chats (dev.max.ru, objects/Update).
var maxUpdates = []string{"message_created", "bot_added", "bot_removed"}

// mostUpdate is how long an event may be: a message has 4000 characters, and what it answers as many.
const mostUpdate = 256 << 10

// HookConfig is what a door for one provider's events works with.
type HookConfig struct {
	Provider     engine.ProviderID
	Chats        engine.Chats
	Secret       string       // that every event carries; required
	GroupID      int64        // VK: the community; events of another are refused
	Confirmation string       // VK: what to answer to the event "confirmation"
	Next         http.Handler // VK: takes what is not about chats, with secrets and confirmation of its own; nil: this door answers it
	Log          *slog.Logger // nil: slog.Default()
}

// secretLike is what MAX takes for a secret (schema, SubscriptionRequestBody); VK takes the same and no more than 50 characters.
var secretLike = regexp.MustCompile(`^[a-zA-Z0-9_-]{5,256}$`)

func (c *HookConfig) check() error {
	switch {
	case c.Chats == nil || c.Provider == "":
		return errors.New("house chats: a door needs a registry and a provider")
	case !secretLike.MatchString(c.Secret):
		return errors.New("house chats: a door needs a secret of 5 to 256 letters, digits, - and _")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return nil
}

// NewMAXHook makes the door for the events of a provider's MAX bot: a link code posted in a chat binds it, a bot put out loses it, one taken
// in again gets it back. Events told twice or in disorder do no harm. It answers 200 when the event is done with, and 503 when the
// registry is down, so that MAX repeats it.
func NewMAXHook(cfg HookConfig) (http.Handler, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := read(w, r)
		switch {
		case !ok:
		case !same(r.Header.Get("X-Max-Bot-Api-Secret"), cfg.Secret):
			http.Error(w, "wrong secret", http.StatusForbidden)
		default:
			answer(w, &cfg, maxEvent(r.Context(), &cfg, body), "")
		}
	}), nil
}

// read reads an event; what is none is answered at once.
func read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "events are posted", http.StatusMethodNotAllowed)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostUpdate))
	if err != nil {
		http.Error(w, "the event is too long or broke off", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	return body, true
}

// same compares secrets in a time that tells nothing.
func same(got, want string) bool {
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// answer tells the network what became of its event.
func answer(w http.ResponseWriter, cfg *HookConfig, err error, fine string) {
	switch {
	case err == nil || errors.Is(err, engine.ErrNotFound): // a chat or a code that is not the provider's: nothing to do, now and later
		_, _ = io.WriteString(w, fine)
	case errors.Is(err, errEvent):
		http.Error(w, "this is no event", http.StatusBadRequest)
	default:
		cfg.Log.Warn("an event of a house chat could not be worked on", "error", err)
		w.Header().Set("Retry-After", "30")
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	}
}

var errEvent = errors.New("not an event")

// maxEvent works on one event of MAX.
func maxEvent(ctx context.Context, cfg *HookConfig, body []byte) error {
	var event struct {
		Type      string `json:"update_type"`
		Timestamp int64  `json:"timestamp"`
		ChatID    int64  `json:"chat_id"`
		Message   struct {
			Recipient struct {
				ChatID int64  `json:"chat_id"`
				Type   string `json:"chat_type"`
			} `json:"recipient"`
			Body struct {
				Text string `json:"text"`
			} `json:"body"`
			Sender struct {
				IsBot bool `json:"is_bot"`
			} `json:"sender"`
		} `json:"message"`
	}
	if err := json.Unmarshal(body, &event); err != nil || event.Type == "" {
		return errEvent
	}
	at := happened(time.UnixMilli(event.Timestamp))
	place := engine.ChatPlace{Network: engine.NetworkMAX, ID: event.ChatID}
	switch event.Type {
	case "bot_removed":
		return cfg.lose(ctx, place, "bot_removed", at)
	case "bot_added":
		return cfg.lose(ctx, place, "", at)
	case "message_created":
		place.ID = event.Message.Recipient.ChatID
		if event.Message.Recipient.Type == "dialog" || event.Message.Sender.IsBot { // only what stands in the chat itself proves who may write there
			return nil
		}
		return join(ctx, cfg, event.Message.Body.Text, place, at)
	}
	return nil
}

// happened is when an event says it happened, as far as it can be believed: what comes late or twice must not undo what came after it.
func happened(said time.Time) time.Time {
	if now := time.Now(); said.After(now) || said.Before(now.Add(-48*time.Hour)) {
		return now
	}
	return said
}

func (c *HookConfig) book() book { return book{c.Chats, c.Provider} }

// lose notes that a chat was lost, or found again, and says so in the log.
func (c *HookConfig) lose(ctx context.Context, place engine.ChatPlace, why string, at time.Time) error {
	changed, err := c.book().lose(ctx, place, why, at)
	switch {
	case changed && why != "":
		c.Log.Warn("a house chat was lost", "provider", string(c.Provider), "network", string(place.Network), "why", why)
	case changed:
		c.Log.Info("a house chat was found again", "provider", string(c.Provider), "network", string(place.Network))
	}
	return err
}

// join binds a chat if a message in it has a link code of the provider's.
func join(ctx context.Context, cfg *HookConfig, text string, place engine.ChatPlace, at time.Time) error {
	for _, code := range codesIn(text) {
		switch err := cfg.book().join(ctx, code, place, at); {
		case err == nil:
			cfg.Log.Info("a house chat was joined", "provider", string(cfg.Provider), "network", string(place.Network))
			return nil
		case !errors.Is(err, engine.ErrNotFound):
			return fmt.Errorf("join a house chat: %w", err)
		}
	}
	return nil
}

// SubscribeMAX asks MAX to send the events of the provider's bot to an address, https only, where the handler of NewMAXHook with the same
// secret listens. Asking again does no harm. MAX forgets an address that has answered nothing for eight hours.
func (c *Channel) SubscribeMAX(ctx context.Context, p engine.Provider, address, secret string) error {
	return c.withMAX(p, func(bot *maxBot) *failure { return bot.subscribe(ctx, address, secret) })
}

// GreetMAX asks MAX who the provider's bot is: an error if it does not answer, or does not know the token.
func (c *Channel) GreetMAX(ctx context.Context, p engine.Provider) error {
	return c.withMAX(p, func(bot *maxBot) *failure { return bot.call(ctx, http.MethodGet, "/me", nil, nil, nil) })
}

// UnsubscribeMAX ends what SubscribeMAX began.
func (c *Channel) UnsubscribeMAX(ctx context.Context, p engine.Provider, address string) error {
	return c.withMAX(p, func(bot *maxBot) *failure { return bot.unsubscribe(ctx, address) })
}

func (c *Channel) withMAX(p engine.Provider, do func(*maxBot) *failure) error {
	bot, f := c.bot(p, engine.NetworkMAX)
	if f == nil {
		f = do(bot.(*maxBot)) //nolint:forcetypeassert // what bot makes for MAX
	}
	if f != nil {
		return fmt.Errorf("the bot in MAX: %w", &f.Fault)
	}
	return nil
}
