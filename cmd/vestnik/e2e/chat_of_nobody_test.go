package e2e

import (
	"slices"
	"testing"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestNobodysChats: a provider without bots, and houses whose chats nobody has joined, are passed over at once, and residents who have nothing else
// are shown as without an address.
func TestNobodysChats(t *testing.T) {
	w := newTown(t)
	w.serve()
	s := w.newSquare()
	if _, err := s.client.PutHouseChats(t.Context(), client.NewHouseChat{Network: engine.NetworkMAX, Houses: houses[:1]}); err != nil { // waits for its code
		t.Fatal(err)
	}
	bare := &square{town: w, client: w.provider("УК «Лютик»", "quiet_hours=off")}
	list := people(30)
	list[0].email = ""
	for _, who := range []*square{s, bare} {
		id := who.tell(list)
		c := w.settled(who.client, id)
		w.wantLedger(c, engine.Balance{Ordered: 30, Delivered: 29, Undelivered: 1})
		who.wantReach(c, 0, 29)
		if c.Channels[engine.HouseChat].Failed != 0 {
			t.Errorf("it is counted as failed: %+v", c.Channels)
		}
		w.wantReasons(who.client, id, map[string]engine.Reason{list[0].account: engine.NoAddress})
	}
	if groups := s.max.Groups(); slices.ContainsFunc(groups, func(g int64) bool { return s.posted(g) > 0 }) {
		t.Error("something was posted")
	}
}
