package e2e

import (
	"testing"

	"vestnik/engine"
)

// TestChatsOfHouses has a house with two chats, one of which it shares with a second house, and a house without any, while two processes send:
// every chat gets one post of each campaign, everybody in the first two houses is reached by it, and the third house by e-mail.
func TestChatsOfHouses(t *testing.T) {
	w := newTown(t)
	w.apart()
	w.serve("--roles", "api,loader")
	w.serve("--roles", "worker")
	w.serve("--roles", "worker")
	s := w.newSquare()
	s.join(-1, houses[0], houses[1])
	peer := s.joinVK(1, houses[0])
	list := people(1500) // four chunks: each of the houses lies in all of them
	for round := 1; round <= 3; round++ {
		c := w.settled(s.client, s.tell(list))
		w.wantLedger(c, engine.Balance{Ordered: 1500, Delivered: 1500})
		s.wantReach(c, 1000, 500)
		if inMAX, inVK := s.posted(-1), s.postedVK(peer); inMAX != round || inVK != round {
			t.Errorf("after %d campaigns there are %d posts in MAX and %d in VK", round, inMAX, inVK)
		}
	}
}
