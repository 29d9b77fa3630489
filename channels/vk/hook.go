package vk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"regexp"
	"time"

	"github.com/SevereCloud/vksdk/v2/callback"
	"github.com/SevereCloud/vksdk/v2/events"
)

// HookConfig is what a community's Callback API server is set up with.
type HookConfig struct {
	Group        int64                                // number of the community; events of others are refused
	Secret       string                               // that every event carries
	Confirmation string                               // the answer to VK's question whose server this is
	Take         func(context.Context, []Event) error // is handed the events of requests that came together; an error makes VK repeat them
}

// mostBody bounds the body of a callback. VK's largest, a message with ten attachments, stay far below.
const mostBody = 256 << 10

// confirmations look like this; vksdk would take a % in one for a verb.
var confirmations = regexp.MustCompile(`^[0-9A-Za-z]*$`)

// NewHook makes the door for one community's events (dev.vk.com/ru/api/callback/getting-started). It answers "ok" to what was taken and to
// what we have no use for, 403 to a wrong secret or another community, 400 to what is no event, 413 to what is too large, and 500 when Take
// failed, upon which VK repeats the event. VK also repeats events that were taken: whoever takes them knows them by Event.EventID.
func NewHook(cfg HookConfig) (http.Handler, error) {
	if cfg.Group <= 0 || cfg.Secret == "" || cfg.Take == nil {
		return nil, errors.New("VK: a hook needs the number of its community, its secret and somebody to take its events")
	}
	if !confirmations.MatchString(cfg.Confirmation) {
		return nil, errors.New("VK: a confirmation is of letters and digits")
	}
	h := &hook{group: cfg.Group, secret: sha256.Sum256([]byte(cfg.Secret)), sdk: callback.NewCallback(), gather: gather{take: cfg.Take}}
	h.sdk.ConfirmationKey = cfg.Confirmation
	h.sdk.ErrorLog = log.New(io.Discard, "", 0)
	for _, kind := range told {
		h.sdk.OnEvent(kind, h.take)
	}
	return h, nil
}

// hook guards vksdk's door: that one reads without bound, compares secrets letter by letter, and believes any community.
type hook struct {
	group  int64
	secret [sha256.Size]byte
	sdk    *callback.Callback
	gather gather
}

// ServeHTTP lets in events of our community.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		code := http.StatusBadRequest
		if _, is := errors.AsType[*http.MaxBytesError](err); is {
			code = http.StatusRequestEntityTooLarge
		}
		http.Error(w, http.StatusText(code), code)
		return
	}
	var e events.GroupEvent
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	if !h.knows(e) {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	if e.Type != events.EventConfirmation {
		ours, err := trim(&e)
		switch {
		case err != nil:
			http.Error(w, "Bad Request", http.StatusBadRequest)
			return
		case !ours:
			_, _ = io.WriteString(w, "ok")
			return
		}
	}
	guarded := r.WithContext(r.Context())
	guarded.Body = io.NopCloser(bytes.NewReader(literal(e)))
	h.sdk.HandleFunc(w, guarded)
}

// knows reports whether an event is of our community. VK may ask for the confirmation before it was told a secret, and the answer is none.
func (h *hook) knows(e events.GroupEvent) bool {
	given := sha256.Sum256([]byte(e.Secret))
	trusted := subtle.ConstantTimeCompare(given[:], h.secret[:]) == 1 || e.Type == events.EventConfirmation && e.Secret == ""
	return trusted && int64(e.GroupID) == h.group
}

// take is what vksdk calls with an event.
func (h *hook) take(ctx context.Context, e events.GroupEvent) {
	event, is := eventOf(e, time.Now())
	if !is {
		return
	}
	if err := h.gather.add(ctx, event); err != nil {
		callback.RetryAfter(ctx, http.StatusInternalServerError, time.Now().Add(time.Minute).UTC())
	}
}
