package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Channel hands rendered messages to one provider of transport.
//
// Send returns one Result per message, in order. A Result with a nil Fault means the provider has taken responsibility. Send is safe for
// concurrent use, batches and paces as its provider likes, and returns soon after ctx ends: what it has not tried is a temporary Fault.
type Channel interface {
	Send(ctx context.Context, from Sender, msgs []Message) []Result
}

// Confirmer is implemented by channels whose provider answers later, such as ГИС ЖКХ. Confirm asks what became of messages for which Send
// gave a Receipt, and returns one Result per receipt, in order; one that is Later again is asked for later. It holds no worker while it
// waits. Like Send it is safe for concurrent use and returns soon after ctx ends.
type Confirmer interface {
	Confirm(ctx context.Context, from Sender, pending []Receipt) []Result
}

// Limited is implemented by channels whose provider allows each sender only so much, such as VK. The engine keeps to it across all workers
// unless the provider's settings say less or more.
type Limited interface {
	Limits() Limits
}

// Selective is implemented by channels that serve a provider only when something of its own is set up, such as an address to send from.
// Whom a channel does not serve, for them it is like one that is not configured: its steps are passed over at once.
type Selective interface {
	Serves(p Provider) bool
}

// Returner is implemented by channels whose messages may come back to an address of ours, such as e-mail. It tells whether somebody listens
// for what comes back to the provider: then each of its messages gets a Return.
type Returner interface {
	Returns(p Provider) bool
}

// Reacher is implemented by channels that know better than a recipient's address whether somebody can be reached, such as those that post in house
// chats. Reaches tells for each of the people why not: NoReason for those who can be, NoAddress or another reason of failure. It asks our stores
// and nobody else.
type Reacher interface {
	Reaches(ctx context.Context, p Provider, people []Recipient) ([]Reason, error)
}

// Asker is implemented by channels whose provider tells whether a resident may be written to. Ask tells for each of the people what they would say
// themselves: SignalAllow, SignalDeny, or nothing where the provider tells nothing. The engine asks before it writes to somebody of whom it knows
// nothing, or who did not allow it when last heard of (see Denied), and remembers the answer; a question counts as a message against the rates.
type Asker interface {
	Ask(ctx context.Context, from Provider, people []Recipient) ([]SignalKind, error)
}

// Receipt is what a message that is not confirmed yet is asked about with.
type Receipt struct {
	Key   string    // of the Message
	Text  string    // of the Result's Later
	Polls int       // how often it was asked about before
	Since time.Time // when the recipient came to this step
}

// Later is a Result that is not known yet.
type Later struct {
	// Receipt is what to ask with: an identity of the provider's, the same for messages that travel together; never an address. Empty: nothing
	// was sent, since something had to be found out first; the message is handed to Send again, and no attempt is burned.
	Receipt string
	After   time.Duration // when to ask, or to hand over again; zero: in ten seconds
}

// Sender is on whose behalf messages go out.
type Sender struct {
	Provider Provider
	Campaign Campaign
}

// Message is one rendered message to one recipient.
type Message struct {
	Key       string     // the same on every attempt of this recipient over this channel; goes into the provider's own dedup field
	Recipient *Recipient // of the batch: to be read only
	Content   Content    //
	Return    string     // names the message where it comes back to (see Tokens.Name, ActReturn); empty: nobody listens
}

// Content is what the resident reads. Each channel takes the parts it can show.
type Content struct {
	Subject     string   // one line
	Text        string   // plain text that says all
	HTML        string   // a whole document; empty: none
	Unsubscribe string   // address of the one-click unsubscribe (RFC 8058); empty: this kind has none
	Buttons     []Button // what can be done about it, for channels that show buttons; their addresses stand in the text too
	Links       []string // where the tracked links lead, in the order of their numbers
	Files       []File   // what goes with it, for channels that carry files: the bill as PDF, a calendar entry
}

// File goes with a message.
type File struct {
	Name string // as the resident saves it: "Квитанция 2026-10.pdf"
	Type string // media type (RFC 6838): "application/pdf"
	Data []byte // the whole file; shared by nobody
	// Make makes the Data when it is nil: a file that takes long or much memory is made when it is about to be sent, and dropped then. An error
	// means that this message cannot go out (BadMessage); it names no value. Safe for concurrent use.
	Make func() ([]byte, error) `json:"-"`
}

// Bytes gives the whole file.
func (f File) Bytes() ([]byte, error) {
	if f.Data != nil || f.Make == nil {
		return f.Data, nil
	}
	return f.Make()
}

// Button leads to an address.
type Button struct {
	Label string // one or two words: "Оплатить"
	URL   string // tracked, as links in the text are
}

// Result is what became of one message.
type Result struct {
	Fault    *Fault // nil: the provider took it, or answers Later
	Later    *Later // not nil: the provider answers later; only a Confirmer may say so
	ID       string // the provider's own identity of the message it took, by which it speaks of it later; empty: it gives none
	Document string // of a bill: the identifier it has where it was placed, which payments name (see Documents); empty: it has none of its own there
	Received bool   // the provider says that it lies in the resident's mailbox or cabinet now
}

// Fault is a failed send as the channel classified it. An unknown error is temporary. "Slow down" (Throttled) is not an attempt, and neither is
// NoAddress: the recipient is passed over like one whose address is not known.
type Fault struct {
	Reason     Reason        // a reason of failure: retry rule, metric label and report column at once
	Code       string        // the provider's own: "550 5.1.1", "VK 901", "INT002000"; never an address. Empty: it was not asked, or said nothing
	RetryAfter time.Duration // the provider's wish; zero if it has none
	Whole      bool          // the channel fails whoever is written to: it does not answer, or does not let us in. What opens the breaker
	Own        bool          // it is about the recipient's own address or mailbox, not about us, the message or the way there: see heedReturn
	Err        error         // for logs; it must not contain personal data
}

// Error tells the reason, the code and the cause.
func (f *Fault) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("%s (%s)", f.Reason, f.Code)
	}
	return fmt.Sprintf("%s (%s): %v", f.Reason, f.Code, f.Err)
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// FaultOf gives the Fault in err's chain, or a temporary Fault of reason Unknown around it.
func FaultOf(err error) *Fault {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	return &Fault{Reason: Unknown, Err: err}
}
