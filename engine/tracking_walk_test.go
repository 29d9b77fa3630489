package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// followed is a text that tells the addresses it was given.
type followed struct{}

func (f followed) Open(context.Context, engine.TemplateRef) (engine.Text, error) { return f, nil }

func (followed) Render(_ engine.ChannelName, l *engine.Letter) (engine.Content, error) {
	return engine.Content{Text: l.Links.Open() + "|" + l.Links.Click(0), Unsubscribe: l.Links.Unsubscribe()}, nil
}

func TestMessagesAreFollowedUnlessTheProviderDoesNotWantIt(t *testing.T) {
	for setting, wanted := range map[string]bool{"": true, engine.TrackingOn: true, engine.TrackingOff: false} {
		synctest.Test(t, func(t *testing.T) {
			w := simpleTown(t, engine.Email)
			w.engine.Texts = followed{}
			w.set(engine.SettingTracking, setting)
			begun := time.Now().UTC()
			c := w.order(engine.Campaign{Kind: engine.KindBill, Mode: engine.Test}, 1, nil)
			w.start(c)
			w.run(time.Hour)
			content := w.looked("p")[0].Content
			open, click, _ := strings.Cut(content.Text, "|")
			if content.Unsubscribe == "" || (open != "") != wanted || (click != "") != wanted {
				t.Fatalf("tracking %q gives %+v", setting, content)
			}
			if !wanted {
				return
			}
			pass, err := w.engine.Tokens.Read(strings.TrimPrefix(open, "https://v.example.ru/t/o/"), engine.ActOpen)
			if err != nil || pass.Campaign != c.ID || pass.Written.Before(begun) || pass.Written.After(time.Now()) {
				t.Errorf("the pass is %+v (%v)", pass, err)
			}
		})
	}
}

func TestAMachinesLookMeetsNoGoal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 2, nil)
		w.start(c)
		w.run(time.Hour)
		w.observe(c, engine.OpenedByProxy, engine.Email, 0, 1)
		w.observe(c, engine.OpenedByProxy, engine.Email, 0)
		w.observe(c, engine.Opened, engine.Email, 1)
		w.run(100 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 2, Delivered: 2})
		w.expectTold(c, map[string]int{"ordered": 2, "sent/email": 2, "opened_by_proxy/email": 2, "opened/email": 1, "sent/vk": 1})
	})
}
