package engine

import (
	"encoding/base64"
	"fmt"
	"iter"
	"math/bits"
	"time"
)

// Members says which recipients of a chunk belong to a batch: bit i%8 (most significant first, as Redis numbers bits) of byte i/8 is
// the recipient at place i.
type Members [ChunkSize / 8]byte

// FirstMembers gives the first n places of a chunk.
func FirstMembers(n int) (m Members) {
	for i := range min(n, ChunkSize) {
		m.Add(i)
	}
	return m
}

// Add puts place i in.
func (m *Members) Add(i int) { m[i/8] |= 0x80 >> (i % 8) }

// Has reports whether place i is in.
func (m *Members) Has(i int) bool { return m[i/8]&(0x80>>(i%8)) != 0 }

// Count is how many are in.
func (m *Members) Count() (n int) {
	for _, b := range m {
		n += bits.OnesCount8(b)
	}
	return n
}

// All yields the places that are in, in order.
func (m *Members) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, b := range m {
			for ; b != 0; b &^= 0x80 >> bits.LeadingZeros8(b) {
				if !yield(i*8 + bits.LeadingZeros8(b)) {
					return
				}
			}
		}
	}
}

// MarshalText writes the bits in base64.
func (m Members) MarshalText() ([]byte, error) {
	return base64.RawStdEncoding.AppendEncode(nil, m[:]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (m *Members) UnmarshalText(text []byte) error {
	b, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("members of a batch: %w", err)
	}
	if len(b) != len(m) {
		return fmt.Errorf("members of a batch: %d bytes, want %d", len(b), len(m))
	}
	copy(m[:], b)
	return nil
}

// Phase is what a batch is going to do when it wakes.
type Phase string

// The phases of a step.
const (
	Sending    Phase = "send" // hand the messages to the channel
	Confirming Phase = "conf" // the channel has them; ask what became of them
	Waiting    Phase = "wait" // the channel took them; see whether the step's goal was met
)

// Hold says why a batch that could be sent waits.
type Hold string

// The holds. A batch that waits for its time alone has NoHold.
const (
	NoHold         Hold = ""
	HeldRetry      Hold = "retry"      // an attempt has failed
	HeldQuiet      Hold = "quiet"      // it is night at the recipients'
	HeldPace       Hold = "pace"       // the channel's or the sender's rate
	HeldQuota      Hold = "quota"      // the provider's quota
	HeldBreaker    Hold = "breaker"    // the channel does not work for this sender
	HeldReputation Hold = "reputation" // too many of the sender's messages bounced or were complained about
	HeldShared     Hold = "shared"     // somebody else writes to the same address just now
)

// Batch is the traveller: members of one chunk at the same place of one lane. It is small; whom it is for lies in the Audience.
type Batch struct {
	Campaign CampaignID `json:"-"`
	Chunk    int        `json:"chunk"`
	Lane     int        `json:"lane"`
	Step     int        `json:"step"`
	Phase    Phase      `json:"phase"`
	Try      int        `json:"try,omitempty"`   // how many attempts have failed at this step
	Polls    int        `json:"polls,omitempty"` // how often the channel was asked in vain what became of the messages
	Hold     Hold       `json:"hold,omitempty"`
	Receipt  string     `json:"receipt,omitempty"` // of Confirming: what the channel is asked with
	Since    time.Time  `json:"since"`             // when it came to this step; millisecond precision
	Due      time.Time  `json:"due"`               // when to wake; millisecond precision
	Members  Members    `json:"members"`
}

// ID names the batch within its campaign: its place and its lowest member. No two batches of a campaign share a member at one place, so no
// two share an ID.
func (b *Batch) ID() string {
	lowest := 0
	for i := range b.Members.All() {
		lowest = i
		break
	}
	return fmt.Sprintf("%d.%d.%d.%s.%d.%d", b.Chunk, b.Lane, b.Step, b.Phase, b.Try, lowest)
}

// Wake tells the queue to hand a batch to a worker. It carries nothing but the batch's name and what the queue needs to choose a worker.
type Wake struct {
	Campaign CampaignID
	Batch    string      // Batch.ID; empty: the campaign itself is to be advanced
	Channel  ChannelName // whose workers take it; NoChannel for a campaign
	Urgent   bool        // overtakes everything that is not
	At       time.Time   // not before; millisecond precision
}
