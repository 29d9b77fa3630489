package engine_test

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// tellTime notes when each account's message was taken by the channel.
func (w *town) tellTime(ch engine.ChannelName) map[string]string {
	when := map[string]string{}
	w.engine.Channels[ch] = hasty{w.channels[ch], func(m engine.Message) {
		when[m.Recipient.Account] = time.Now().UTC().Format("02 15:04:05")
	}}
	return when
}

// zones gives A0 Moscow, A1 Kamchatka, A2 Kaliningrad, and the others the provider's zone.
func zones(i int, r *engine.Recipient) {
	r.Timezone = []string{"Europe/Moscow", "Asia/Kamchatka", "Europe/Kaliningrad", ""}[min(i, 3)]
}

// In January 2000, when the bubbles of these tests begin, Moscow was at +3, Kamchatka at +12 and Kaliningrad at +2.

func TestNightIsOverWhereEachOneLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.set(engine.SettingQuiet, "")
		sent, mailed := w.tellTime(engine.VK), w.tellTime(engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindMeeting, Route: routeOf(engine.Lane{{Channel: engine.VK}}, engine.Lane{{Channel: engine.Email}})}, 4, zones)
		w.start(c)
		w.run(time.Minute)
		w.expectHolds(c, map[string]int{"send/vk quiet": 3})
		w.run(2 * day)
		// It is midnight in Greenwich, where nobody lives but the provider, and noon in Kamchatka.
		want := map[string]string{"A0": "01 06:00:00", "A1": "01 00:00:00", "A2": "01 07:00:00", "A3": "01 09:00:00"}
		if !maps.Equal(sent, want) {
			t.Errorf("sent in VK at %v, want %v", sent, want)
		}
		for account, at := range mailed {
			if at != "01 00:00:00" {
				t.Errorf("%s was mailed at %s, want at once", account, at)
			}
		}
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 4, Delivered: 4})
	})
}

func TestAdsSleepByEMailToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.set(engine.SettingQuiet, "22:00-08:00")
		w.agree("A0", "A1", "A2", "A3")
		sent := w.tellTime(engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindAd}, 4, zones)
		w.start(c)
		w.run(2 * day)
		if want := map[string]string{"A0": "01 05:00:00", "A1": "01 00:00:00", "A2": "01 06:00:00", "A3": "01 08:00:00"}; !maps.Equal(sent, want) {
			t.Errorf("sent at %v, want %v", sent, want)
		}
	})
}

func TestAnUrgentOutageWakesPeopleUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.VK, engine.HouseChat)
		w.set(engine.SettingQuiet, "")
		route := routeOf(engine.Lane{{Channel: engine.VK}}, engine.Lane{{Channel: engine.HouseChat}})
		urgent := w.order(engine.Campaign{Kind: engine.KindOutage, Urgent: true, Route: route}, 4, zones)
		planned := w.order(engine.Campaign{Kind: engine.KindOutage, Route: route}, 4, zones)
		w.start(urgent)
		w.start(planned)
		w.run(time.Minute)
		w.expect(urgent, engine.StatusCompleted, engine.Balance{Ordered: 4, Delivered: 4})
		w.expectTold(planned, map[string]int{"ordered": 4, "sent/vk": 1, "sent/housechat": 1})
		w.run(day)
		w.expect(planned, engine.StatusCompleted, engine.Balance{Ordered: 4, Delivered: 4})
	})
}

func TestWhatExpiresInTheNightIsNotSentInTheMorning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.VK)
		w.set(engine.SettingQuiet, "")
		c := w.order(engine.Campaign{Kind: engine.KindOutage, ExpiresAt: time.Now().Add(6*time.Hour + time.Minute),
			Route: routeOf(engine.Lane{{Channel: engine.VK}})}, 4, zones)
		w.start(c)
		w.run(6*time.Hour + 2*time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 4, Delivered: 2, Expired: 2})
	})
}
