package engine

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// ChunkSize is how many recipients lie in one chunk at most: the largest multiple of eight that fits the 500 documents ГИС ЖКХ takes in
// one request, so that a chunk's bits are whole bytes of a campaign's bitmaps.
const ChunkSize = 496

// Ordinal is a recipient's number in its campaign: chunk × ChunkSize + place in the chunk. Where a file ended in the middle of a chunk,
// numbers are left out.
type Ordinal uint32

// OrdinalOf gives the number of the i-th recipient of a chunk.
func OrdinalOf(chunk, i int) Ordinal { return Ordinal(chunk*ChunkSize + i) }

// Chunk is the chunk the recipient lies in.
func (o Ordinal) Chunk() int { return int(o) / ChunkSize }

// Index is the recipient's place in its chunk.
func (o Ordinal) Index() int { return int(o) % ChunkSize }

// Recipient is one account in one campaign with its addresses and variables. It is personal data: it lives in the Audience only,
// and never appears in logs, metrics, keys or error texts.
type Recipient struct {
	Account    string          `json:"account"`                    // лицевой счёт, unique in a campaign
	Name       string          `json:"name,omitempty"`             // ФИО
	Email      string          `json:"email,omitempty"`            //
	VKID       int64           `json:"vk_id,omitempty"`            // VK user id
	GISAccount string          `json:"gis_account_guid,omitempty"` // GUID of the account in ГИС ЖКХ
	House      string          `json:"house,omitempty"`            // FIAS GUID of the house
	Premises   string          `json:"premises,omitempty"`         // number of the flat
	Timezone   string          `json:"timezone,omitempty"`         // IANA name; empty: the provider's
	Delivery   Delivery        `json:"delivery,omitempty"`         //
	DocumentID string          `json:"document_id,omitempty"`      // ИПД, the identifier payments name
	Period     string          `json:"period,omitempty"`           // "2026-10"
	Amount     *Money          `json:"amount,omitempty"`           // nil: none was given
	DueDate    string          `json:"due_date,omitempty"`         // "2026-11-10"
	Vars       json.RawMessage `json:"vars,omitempty"`             // a JSON object with the template's own variables; nil: none
}

// Address is what the recipient is reached at over the channel, in one spelling; empty when there is nothing.
func (r *Recipient) Address(ch ChannelName) string {
	switch ch {
	case Gosuslugi:
		if r.GISAccount == "" && r.House == "" {
			return ""
		}
		return r.House + "/" + r.Account
	case Email:
		return strings.ToLower(r.Email)
	case VK:
		if r.VKID == 0 {
			return ""
		}
		return strconv.FormatInt(r.VKID, 10)
	case HouseChat:
		return r.House
	case Paper:
		return r.Account
	}
	return ""
}

// Zone is the recipient's time zone: its own, else the provider's, else UTC.
func (r *Recipient) Zone(p Provider) *time.Location {
	for _, name := range []string{r.Timezone, p.Timezone} {
		if name == "" {
			continue
		}
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return time.UTC
}
