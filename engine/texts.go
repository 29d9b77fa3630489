package engine

import "context"

// Texts gives the pinned templates; package templates implements it.
type Texts interface {
	// Open gives the exact version that ref names. A template that is not there is ErrNotFound.
	Open(ctx context.Context, ref TemplateRef) (Text, error)
}

// Text is one version of one template. It is safe for concurrent use.
type Text interface {
	// Render writes the message for one recipient over one channel. An error means this recipient cannot be rendered (BadMessage); it
	// names the variable, never its value. The letter is not kept.
	Render(ch ChannelName, letter *Letter) (Content, error)
}

// Kinded is implemented by a Text that may be of another kind than its campaign, such as a reminder in a campaign of bills.
type Kinded interface {
	Kind() Kind
}

// Letter is all that a template may tell.
type Letter struct {
	Provider  Provider
	Campaign  Campaign
	Recipient *Recipient // to be read only
	Links     Links
}

// Links makes the addresses through which a message is followed. A nil Links follows nothing: links lead where they lead.
type Links interface {
	Open() string       // address of the open pixel
	Click(n int) string // address that records a click and leads on to the n-th link of the message
	Unsubscribe() string
}
