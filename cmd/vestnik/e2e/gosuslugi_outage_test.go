package e2e

import (
	"slices"
	"testing"

	"vestnik/engine"
)

// TestAnOutageInGosuslugiCoversTheHouse has one outage report placed for each house, whose residents lie in all chunks: everybody is reached by it, and
// nobody gets a letter.
func TestAnOutageInGosuslugiCoversTheHouse(t *testing.T) {
	const n = 1500
	w := newTown(t)
	w.apart()
	s := w.newCabinet()
	w.serve("--roles", "api,loader")
	w.serve("--roles", "worker")
	w.serve("--roles", "worker")
	s.enrol()
	c := w.settled(s.client, s.outage(people(n)))
	w.wantLedger(c, engine.Balance{Ordered: n, Delivered: n})
	if got := c.Channels[engine.Gosuslugi]; got.Sent != n || got.Received == 0 || got.Failed != 0 { // who is covered by another chunk's report has it by hearsay
		t.Errorf("over Gosuslugi: %+v", got)
	}
	var told []string
	for _, notice := range s.stand.Notices(gisOrg) {
		if !notice.Outage || !slices.Equal(notice.Services, []string{"2"}) {
			t.Errorf("%+v", notice)
		}
		told = append(told, notice.Houses...)
	}
	if slices.Sort(told); !slices.Equal(told, houses) {
		t.Errorf("reports for %v", told)
	}
	w.mailedOnce(nil)
}
