package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// TestWhatAMailboxRefusesAtOnceCountsLikeWhatItReturns orders five campaigns for six people of whose mailboxes the channel says what a report would
// say later. Who does not exist is written to once; who is full for good, three times; who only was full, or cannot be told from the way to it,
// always.
func TestWhatAMailboxRefusesAtOnceCountsLikeWhatItReturns(t *testing.T) {
	nobody, full := enginetest.Refuse(engine.BadAddress, "550 5.1.1"), enginetest.Refuse(engine.Unavailable, "552 5.2.2")
	unlike := enginetest.Refuse(engine.Refused, "554 5.7.1")
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.engine.Retry = engine.Retry{Tries: 3, First: time.Second}
		got := ""
		for range 5 {
			c := w.order(engine.Campaign{Kind: engine.KindAction}, 6, nil)
			for i, answers := range [][]enginetest.Answer{
				{nobody.Own()}, {full.Own(), full.Own(), full.Own()}, {full.Own(), full.Own(), enginetest.Accept()}, {full, full, full}, {nobody}, {unlike.Own()},
			} {
				w.channels[engine.Email].Script(account(i), answers...)
			}
			before := len(w.channels[engine.Email].Attempts())
			w.start(c)
			w.run(time.Minute)
			w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 6, Delivered: 6})
			tried := [6]int{}
			for _, m := range w.channels[engine.Email].Attempts()[before:] {
				tried[m.Recipient.Account[1]-'0']++
			}
			got += fmt.Sprint(tried)
		}
		if want := "[1 3 3 3 1 1][0 3 3 3 1 1][0 3 3 3 1 1][0 0 3 3 1 1][0 0 3 3 1 1]"; got != want {
			t.Errorf("the attempts are %s, want %s", got, want)
		}
	})
}
