package e2e

import (
	"io"
	"strings"
	"testing"

	"vestnik/engine"
)

// TestBannedFromAChat puts the bot out of a house's chat without a word. The next post finds out: the house is told by e-mail, the others in their
// chats, and the lost chat is reported by the API, a metric and the log. Taken in again, the chat works again.
func TestBannedFromAChat(t *testing.T) {
	w := newTown(t)
	process := w.serve()
	s := w.newSquare()
	for i, home := range houses {
		s.join(int64(-1-i), home)
	}
	list := people(60)
	w.wantLedger(w.settled(s.client, s.tell(list)), engine.Balance{Ordered: 60, Delivered: 60})
	s.max.PutOut(-2, false)
	c := w.settled(s.client, s.tell(list))
	w.wantLedger(c, engine.Balance{Ordered: 60, Delivered: 60})
	s.wantReach(c, 40, 20)
	lost := s.chat("max-" + houses[1])
	if lost.State != engine.ChatLost || !strings.HasPrefix(lost.Why, "MAX 403") || s.posted(-2) != 1 || s.posted(-1) != 2 || s.posted(-3) != 2 {
		t.Errorf("the lost chat is %+v; posts: %d, %d, %d", lost, s.posted(-1), s.posted(-2), s.posted(-3))
	}
	answer, err := w.get("/metrics", "")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(text), `vestnik_house_chats{state="lost"} 1`) {
		t.Errorf("the metrics do not tell of it (%v)", err)
	}
	if log := process.log.String(); !strings.Contains(log, "a house chat was lost") || strings.Contains(log, houses[1]) {
		t.Error("the log does not tell of it, or names the house")
	}
	s.max.TakeIn(-2)
	s.awaitState(lost.ID, engine.ChatOpen)
	s.wantReach(w.settled(s.client, s.tell(list)), 60, 0)
}
