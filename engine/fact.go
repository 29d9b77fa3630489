package engine

import "time"

// Entry is one entry of the journal: something that happened to one campaign at one moment. Exactly one of Facts, Payment or a new
// chunk (Fact Ordered) is told. An entry recorded twice is harmless: the history keys everything by campaign, ordinal, channel and fact.
type Entry struct {
	Provider ProviderID  `json:"p"`
	Campaign CampaignID  `json:"c"`
	Mode     Mode        `json:"m"`
	Kind     Kind        `json:"k"`
	Template TemplateRef `json:"t"`
	Single   bool        `json:"s,omitempty"`
	At       time.Time   `json:"at"`

	// Fact happened over Channel to every one of Ordinals. Reason and Code say why a message was deferred, failed or bounced. With
	// Ordered, the members of Chunk were ordered, and the reader takes their accounts, houses and amounts from the Audience.
	Fact     Fact        `json:"f,omitempty"`
	Channel  ChannelName `json:"ch,omitempty"`
	Reason   Reason      `json:"r,omitempty"`
	Code     string      `json:"cd,omitempty"`
	Ordinals Ordinals    `json:"o,omitempty"`
	Chunk    int         `json:"n,omitempty"`

	// Payment is money that came in for the one recipient of Ordinals, in part or in full; the fact Paid is an entry of its own.
	Payment *Payment `json:"pay,omitempty"`
}

// Entry begins a journal entry about the campaign.
func (c Campaign) Entry(f Fact, ch ChannelName, at time.Time) Entry {
	return Entry{
		Provider: c.Provider, Campaign: c.ID, Mode: c.Mode, Kind: c.Kind, Template: c.Template, Single: c.Single,
		At: at, Fact: f, Channel: ch,
	}
}

// Payment is money a resident paid, as the provider reports it.
type Payment struct {
	Reference  string    `json:"reference"`             // the payment's own identity: the same twice counts once
	DocumentID string    `json:"document_id,omitempty"` // either the document
	Account    string    `json:"account,omitempty"`     // or the account; with both, the account counts where nobody has the document
	Period     string    `json:"period,omitempty"`      // and the period: "2026-10"
	Amount     Money     `json:"amount"`                // more than zero; in the journal, less than zero says that one was annulled
	PaidAt     time.Time `json:"paid_at"`
	// ReportToGIS has ГИС ЖКХ told of the payment, which came in elsewhere; see Declarations.
	ReportToGIS bool `json:"report_to_gis,omitempty"`
}
