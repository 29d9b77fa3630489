package engine

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Sourced is implemented by channels whose messages have a form of their own on the wire, such as e-mail.
type Sourced interface {
	// Source gives a message as Send would hand it over at that time, without handing it over.
	Source(from Sender, msg *Message, at time.Time) ([]byte, error)
}

// keepPatience is how long a batch waits for its messages to be kept.
const keepPatience = 5 * time.Second

// keep puts messages into the inbox of their provider: of a test campaign all, which stand there instead of going out, and of others, if the
// installation keeps them, those the channel has taken. It is the one place from which messages come there. What cannot be kept is not
// missed by anybody but who looks.
func (e *Engine) keep(ctx context.Context, r *run, messages []Message, results []Result) {
	if !e.keeps(r) {
		return
	}
	at, list := time.Now().UTC().Truncate(time.Millisecond), make([]Kept, 0, len(messages))
	for i := range messages {
		if results[i].Fault == nil {
			list = append(list, e.copyOf(r, &messages[i], at))
		}
	}
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepPatience)
	defer cancel()
	if err := e.Stores.Inbox.Keep(ctx, r.provider.ID, list); err != nil {
		e.Log.Warn("messages are not kept for looking at", "campaign", r.campaign.ID, "messages", len(list), "error", err)
	}
}

// keeps reports whether the messages of a run are kept.
func (e *Engine) keeps(r *run) bool { return r.campaign.Mode == Test || e.KeepLive }

// once has the files of a message that is kept made once, for the channel and for its copy.
func once(files []File) {
	for i := range files {
		if files[i].Make != nil {
			files[i].Make = sync.OnceValues(files[i].Make)
		}
	}
}

// copyOf makes what is kept of a message.
func (e *Engine) copyOf(r *run, m *Message, at time.Time) Kept {
	ch, person := r.step().Channel, m.Recipient
	k := Kept{Content: m.Content, KeptHead: KeptHead{
		ID: m.Key, At: at, Campaign: r.campaign.ID, Name: r.campaign.Name, Mode: r.campaign.Mode, Kind: r.campaign.Kind, Channel: ch,
		To: person.Account, Person: person.Name, Account: person.Account, Subject: m.Content.Subject, Files: len(m.Content.Files),
	}}
	k.Content.Links = nil
	switch ch {
	case Email:
		k.To = person.Email
	case VK:
		k.To, k.Subject = person.Address(VK), beginning(m.Content.Text)
	case HouseChat: // a post is nobody's own
		k.To, k.Person, k.Account, k.Subject = person.House, "", "", beginning(m.Content.Text)
	}
	if sourced, is := e.Channels[ch].(Sourced); is {
		source, err := sourced.Source(Sender{Provider: r.provider, Campaign: r.campaign}, m, at)
		if err == nil {
			k.Source, k.Content, k.Size = source, Content{}, len(source)
			return k
		}
		e.Log.Warn("a message has no source", "campaign", r.campaign.ID, "error", err)
	}
	k.Size = len(k.Content.Text) + len(k.Content.HTML)
	for _, f := range k.Content.Files {
		k.Size += len(f.Data)
	}
	return k
}

// beginningLength is how much of a text stands for its subject, in bytes.
const beginningLength = 160

// beginning gives the first words of a text on one line.
func beginning(text string) string {
	cut := len(text) > 4*beginningLength
	if cut {
		text = text[:4*beginningLength]
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= beginningLength && !cut {
		return text
	}
	end := min(beginningLength, len(text))
	for end > 0 && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	if space := strings.LastIndexByte(text[:end], ' '); space > 0 {
		end = space
	}
	return strings.ToValidUTF8(text[:end], "") + "…"
}
