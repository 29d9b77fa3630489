package e2e

import (
	"testing"

	"vestnik/channels/housechat/maxtest"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// TestAnswerOfAChatLost cuts the connections when posts have been made: what is tried again finds them, and no house is told twice.
func TestAnswerOfAChatLost(t *testing.T) {
	w := newTown(t)
	w.serve()
	s := w.newSquare()
	s.join(-1, houses[0])
	peer := s.joinVK(1, houses[1])
	s.max.Misbehave(maxtest.CutAfter, 1)
	s.vk.Misbehave(vktest.Trouble{Cut: vktest.CutAfter, Requests: 1})
	list := people(60)[:0]
	for _, p := range people(60) {
		if p.house != houses[2] {
			list = append(list, p)
		}
	}
	c := w.settled(s.client, s.tell(list))
	w.wantLedger(c, engine.Balance{Ordered: 40, Delivered: 40})
	s.wantReach(c, 40, 0)
	if inMAX, inVK := s.posted(-1), s.postedVK(peer); inMAX != 1 || inVK != 1 {
		t.Errorf("%d posts in MAX and %d in VK, want one in each", inMAX, inVK)
	}
}
