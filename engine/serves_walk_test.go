package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// picky serves providers that have a token.
type picky struct{ engine.Channel }

func (picky) Serves(p engine.Provider) bool { return p.Setting("vk.token") != "" }

// TestAChannelThatDoesNotServeTheProviderIsPassedOver sends for two providers, of whom VK serves one: for the other it is as good as off, in
// the walk, the dry run and the preview, and no attempt is made.
func TestAChannelThatDoesNotServeTheProviderIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.engine.Channels[engine.VK] = picky{w.channels[engine.VK]}
		route := engine.Route{Lanes: []engine.Lane{{{Channel: engine.VK, Wait: engine.Wait(time.Hour), Until: engine.Goals{engine.Opened}}, {Channel: engine.Email}}}}
		w.neighbour()
		w.set("vk.token", "x")
		for provider, want := range map[engine.ProviderID]map[string]int{
			"p": {"ordered": 3, "sent/vk": 2, "sent/email": 3},
			"q": {"ordered": 3, "sent/email": 3},
		} {
			c := w.order(engine.Campaign{Provider: provider, Kind: engine.KindAction, Route: route}, 3, func(i int, r *engine.Recipient) {
				if i == 2 {
					r.VKID = 0
				}
			})
			f := must(w.engine.Forecast(t.Context(), c))
			if on := f.Channels[0]; on.Channel != engine.VK || on.On != (provider == "p") || on.First != int64(want["sent/vk"]) {
				t.Errorf("%s: the dry run says %+v", provider, on)
			}
			shown := must(w.engine.Preview(t.Context(), c, engine.Recipient{Account: "A", Email: "a@example.ru", VKID: 1}))
			if _, is := shown[engine.VK]; is != (provider == "p") || len(shown) != map[bool]int{true: 2, false: 1}[is] {
				t.Errorf("%s: the preview shows %v", provider, shown)
			}
			w.start(c)
			w.run(2 * time.Hour)
			w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
			w.expectTold(c, want)
		}
	})
}

// TestAChannelMayStopServingMeanwhile takes the token away while a campaign waits: who stands before the step goes past it.
func TestAChannelMayStopServingMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Gosuslugi, engine.Email, engine.VK)
		w.engine.Channels[engine.VK] = picky{w.channels[engine.VK]}
		w.set("vk.token", "x")
		wait := engine.Wait(time.Hour)
		until := engine.Goals{engine.Opened}
		c := w.order(engine.Campaign{Kind: engine.KindAction, Route: engine.Route{Lanes: []engine.Lane{
			{{Channel: engine.Gosuslugi, Wait: wait, Until: until}, {Channel: engine.VK, Wait: wait, Until: until}, {Channel: engine.Email}},
		}}}, 5, nil)
		w.start(c)
		w.run(time.Minute)
		w.set("vk.token", "")
		w.run(3 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 5, Delivered: 5})
		w.expectTold(c, map[string]int{"ordered": 5, "sent/gosuslugi": 5, "sent/email": 5})
	})
}
