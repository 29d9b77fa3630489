package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// looked gives what lies in a provider's inbox, newest first.
func (w *town) looked(provider engine.ProviderID) (list []engine.Kept) {
	w.Helper()
	heads, _, err := w.memory.Stores().Inbox.List(w.Context(), provider, engine.InboxQuery{}, "", engine.InboxMost)
	for _, head := range heads {
		k, missing := w.memory.Stores().Inbox.Get(w.Context(), provider, head.ID)
		list, err = append(list, k), errors.Join(err, missing)
	}
	if err != nil {
		w.Fatal(err)
	}
	return list
}

func TestMessagesOfATestAreKeptInsteadOfSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK, engine.HouseChat)
		w.neighbour()
		c := w.order(engine.Campaign{Name: "Вода", Kind: engine.KindOutage, Mode: engine.Test}, 3, func(i int, r *engine.Recipient) {
			r.Name = "Иванова Мария"
			if i == 2 {
				r.Email = ""
			}
		})
		w.start(c)
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
		kept := map[engine.ChannelName][]engine.Kept{}
		for _, k := range w.looked("p") {
			kept[k.Channel] = append(kept[k.Channel], k)
		}
		if len(kept[engine.Email]) != 2 || len(kept[engine.VK]) != 1 || len(kept[engine.HouseChat]) != 1 {
			t.Fatalf("kept %+v", kept)
		}
		mail, post := kept[engine.Email][1], kept[engine.HouseChat][0]
		if mail.ID != engine.MessageKey(c.ID, 0, engine.Email, 0) || mail.To != "0@example.ru" || mail.Person != "Иванова Мария" || mail.Account != "A0" ||
			mail.Subject != "s" || mail.Content.Text != "A0" || mail.Name != "Вода" || mail.Mode != engine.Test || mail.Campaign != c.ID {
			t.Errorf("the letter is kept as %+v", mail)
		}
		if post.To != "h" || post.Person != "" || post.Account != "" || post.Subject == "" {
			t.Errorf("the post is kept as %+v", post)
		}
		for ch := range w.channels {
			if n := len(w.channels[ch].Attempts()); n != 0 {
				t.Errorf("%d messages of a test went out over %s", n, ch)
			}
		}
		if n := len(w.looked("q")); n != 0 {
			t.Errorf("another provider sees %d messages", n)
		}
	})
}

func TestRealMessagesAreKeptWhenTheInstallationSaysSo(t *testing.T) {
	for keep, want := range map[bool]int{false: 0, true: 4} {
		synctest.Test(t, func(t *testing.T) {
			w := simpleTown(t, engine.Email)
			w.engine.KeepLive = keep
			w.channels[engine.Email].Script("A1", enginetest.Refuse(engine.BadAddress, "550 5.1.1"))
			w.channels[engine.Email].Script("A2", down)
			c := w.order(engine.Campaign{Kind: engine.KindBill}, 5, nil)
			w.start(c)
			w.run(time.Hour)
			w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 5, Delivered: 4, Undelivered: 1})
			kept := w.looked("p")
			for _, k := range kept {
				if k.Account == "A1" {
					t.Error("a message that was refused is kept")
				}
			}
			if len(kept) != want {
				t.Errorf("%d messages are kept, want %d", len(kept), want)
			}
		})
	}
}

// wired is a channel whose messages have a source.
type wired struct {
	engine.Channel
	err error
}

func (w wired) Source(from engine.Sender, msg *engine.Message, at time.Time) ([]byte, error) {
	return []byte(from.Provider.Name + " " + msg.Key + " " + at.Format(time.DateOnly)), w.err
}

func TestTheSourceIsKeptWhereThereIsOne(t *testing.T) {
	for _, broken := range []error{nil, errors.New("no sender")} {
		synctest.Test(t, func(t *testing.T) {
			w := simpleTown(t, engine.Email)
			w.engine.Channels[engine.Email] = wired{w.channels[engine.Email], broken}
			c := w.order(engine.Campaign{Kind: engine.KindBill, Mode: engine.Test}, 1, nil)
			w.start(c)
			w.run(time.Hour)
			k := w.looked("p")[0]
			source, text := "УК "+k.ID+" 2000-01-01", ""
			if broken != nil {
				source, text = "", "A0"
			}
			if string(k.Source) != source || k.Content.Text != text || k.Size == 0 {
				t.Errorf("kept %+v", k)
			}
		})
	}
}

// lostInbox keeps nothing.
type lostInbox struct{ engine.Inbox }

func (lostInbox) Keep(context.Context, engine.ProviderID, []engine.Kept) error { return engine.ErrDown }

func TestAnInboxThatIsAwayHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.engine.Stores.Inbox, w.engine.KeepLive = lostInbox{}, true
		for _, mode := range []engine.Mode{engine.Live, engine.Test} {
			c := w.order(engine.Campaign{Kind: engine.KindBill, Mode: mode}, 600, nil)
			w.start(c)
			w.run(time.Minute)
			w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
		}
	})
}

func TestTheSubjectOfAPostIsItsBeginning(t *testing.T) {
	for text, want := range map[string]string{
		"Вода\n\nбудет   в 18:00":     "Вода будет в 18:00",
		strings.Repeat("слово ", 500): strings.TrimSpace(strings.Repeat("слово ", 14)) + "…",
		strings.Repeat("ы", 1000):     strings.Repeat("ы", 80) + "…",
	} {
		synctest.Test(t, func(t *testing.T) {
			w := simpleTown(t, engine.VK)
			c := w.order(engine.Campaign{Kind: engine.KindBill, Mode: engine.Test}, 1, func(_ int, r *engine.Recipient) { r.Account = text })
			w.start(c)
			w.run(time.Hour)
			if got := w.looked("p")[0].Subject; got != want {
				t.Errorf("the subject of %.40q… is %q, want %q", text, got, want)
			}
		})
	}
}
