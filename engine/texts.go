package engine

import "context"

// Texts gives the pinned templates; package templates implements it.
type Texts interface {
	// Open gives the exact version that ref names. A template that is not there is ErrNotFound.
	Open(ctx context.Context, ref TemplateRef) (Text, error)
}

// Text is one version of one template. It is safe for concurrent use.
//
// A Text may also be Documented.
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
	Open() string       // address of the open pixel; empty: openings are not followed
	Click(n int) string // address that records a click and leads on to the n-th link of the message; empty: links lead where they lead
	Unsubscribe() string
	Document() string // address of the document that belongs to the message; see Documented
}

// Documented is a Text whose messages have a document, such as a bill as PDF, for those who only get a link to it.
type Documented interface {
	// Document makes it, in one of the ways of File. ErrNotFound: the message has none, or the provider wants none.
	Document(letter *Letter) (File, error)
}

// SettingBill is the provider's setting how bills come as PDF, and SettingBillDays for how many days from the campaign's start a link leads to
// one; empty: 60.
const (
	SettingBill     = "bill.pdf"
	SettingBillDays = "bill.days"
)

// What SettingBill says.
const (
	BillAttached = "attach" // to e-mail, to VK if SettingDocuments says so, and a link elsewhere; also when nothing is set
	BillLinked   = "link"   // a link in every message
	BillUnwanted = "none"
)

// SettingDocuments is the provider's setting whether messages over VK carry their files as documents of VK: DocumentsOn or DocumentsOff; empty:
// DocumentsOff. Each file is uploaded for its reader, so such messages take three requests where others take one.
const (
	SettingDocuments = "vk.documents"
	DocumentsOn      = "on"
	DocumentsOff     = "off"
)

// usualBillDays is how long a link leads to a bill: until the bill after the next has come.
const usualBillDays = 60
