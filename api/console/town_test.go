package console

import (
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

// town fills a world with one campaign of every kind people look at. Its identities are fixed, so that pages can be compared.
func (w *world) town() {
	w.t.Helper()
	w.history.total = funnel(17_402, 16_950, 16_811, 11_208, 5_344, 8_120, 5_210_344_550, 2_731_088_213)
	w.bills()
	w.debts()
	w.outage()
	day := 24 * time.Hour
	w.campaign(engine.Campaign{ID: "meeting2411", Kind: engine.KindMeeting, Name: "Собрание собственников, Мира 12", Status: engine.StatusScheduled,
		Template: engine.TemplateRef{Name: "meeting-planned", Version: 1}, SendAt: noon.Add(20 * time.Hour), CreatedAt: noon.Add(-3 * time.Hour)}, 212)
	w.campaign(engine.Campaign{ID: "adwindows", Kind: engine.KindAd, Name: "Пластиковые окна со скидкой", Status: engine.StatusDraft, Mode: engine.Test,
		Template: engine.TemplateRef{Name: "ad-offer", Version: 1}, CreatedAt: noon.Add(-4 * time.Hour)}, 40)
	paused := w.campaign(engine.Campaign{ID: "meters24", Kind: engine.KindAction, Name: "Передать показания счётчиков до 25 числа", Status: engine.StatusPaused,
		Template: engine.TemplateRef{Name: "action-required", Version: 1}, CreatedAt: noon.Add(-2 * day), StartedAt: noon.Add(-2*day + time.Minute)}, 1204)
	w.end(paused, 0, 610, engine.State{Outcome: engine.Delivered, Channel: engine.Email})
	cancelled := w.campaign(engine.Campaign{ID: "debtsep", Kind: engine.KindDebt, Name: "Напоминание о долге за сентябрь", Status: engine.StatusCancelled,
		Template: engine.TemplateRef{Name: "debt-notice", Version: 2}, CreatedAt: noon.Add(-30 * day), StartedAt: noon.Add(-30*day + time.Minute),
		EndedAt: noon.Add(-29 * day)}, 318)
	at := w.end(cancelled, 0, 190, engine.State{Outcome: engine.Delivered, Channel: engine.Email})
	w.end(cancelled, at, 128, engine.State{Outcome: engine.Cancelled})
	w.campaign(engine.Campaign{ID: "theirs", Provider: w.other, Kind: engine.KindBill, Name: "Чужая рассылка", Status: engine.StatusDraft}, 3)
}

// bills is a campaign that is running: some were sent, some wait, some are tried again.
func (w *world) bills() {
	c := w.campaign(engine.Campaign{ID: "bills2410", Kind: engine.KindBill, Name: "Квитанции за октябрь", Status: engine.StatusRunning,
		Template: engine.TemplateRef{Name: "bill-monthly", Version: 3}, Reference: "1C-2024-10/7", ExpiresAt: noon.Add(20 * 24 * time.Hour),
		CreatedAt: noon.Add(-40 * time.Minute), StartedAt: noon.Add(-38 * time.Minute)}, 2480)
	members := engine.FirstMembers(engine.ChunkSize)
	w.feed(c,
		engine.Batch{Step: 1, Phase: engine.Waiting, Due: noon.Add(71 * time.Hour), Members: members},
		engine.Batch{Step: 1, Phase: engine.Waiting, Due: noon.Add(72 * time.Hour), Members: engine.FirstMembers(204)},
		engine.Batch{Step: 1, Phase: engine.Sending, Due: noon, Members: members},
		engine.Batch{Step: 1, Phase: engine.Sending, Try: 2, Hold: engine.HeldRetry, Due: noon.Add(5 * time.Minute), Members: engine.FirstMembers(12)},
		engine.Batch{Step: 0, Phase: engine.Waiting, Due: noon.Add(2 * time.Hour), Members: engine.FirstMembers(21)},
	)
	at := w.end(c, 0, 1190, engine.State{Outcome: engine.Delivered, Channel: engine.Gosuslugi})
	at = w.end(c, at, 9, engine.State{Outcome: engine.Undelivered, Channel: engine.Email, Reason: engine.BadAddress, Step: 1})
	at = w.end(c, at, 4, engine.State{Outcome: engine.Undelivered, Reason: engine.NoAddress})
	w.end(c, at, 48, engine.State{Outcome: engine.Suppressed, Reason: engine.GoalMet})
	w.history.reports[c.ID] = analytics.Report{
		Total: withChannels(funnel(2480, 1886, 1871, 1204, 560, 731, 1_104_233_480, 331_290_417), map[engine.ChannelName]analytics.Channel{
			engine.Gosuslugi: {Sent: 1400, Received: 1398, Opened: 902, Paid: 518},
			engine.Email:     {Sent: 486, Received: 473, Opened: 302, Clicked: 190, Paid: 213, Failed: 9, Bounced: 2},
		}),
		Groups: []analytics.Group{
			{Key: "email", Funnel: funnel(495, 486, 473, 302, 190, 213, 220_000_000, 96_448_117)},
			{Key: "gosuslugi", Funnel: funnel(1400, 1400, 1398, 902, 370, 518, 623_000_000, 234_842_300)},
		},
	}
}

// debts is a campaign at its end with every outcome in it.
func (w *world) debts() {
	c := w.campaign(engine.Campaign{ID: "debtoct", Kind: engine.KindDebt, Name: "Напоминание о долге", Status: engine.StatusCompleted,
		Template: engine.TemplateRef{Name: "debt-notice", Version: 2}, Route: engine.Route{Lanes: []engine.Lane{{{Channel: engine.Email}}}},
		CreatedAt: noon.Add(-26 * time.Hour), StartedAt: noon.Add(-26*time.Hour + time.Minute), EndedAt: noon.Add(-25 * time.Hour)}, 412)
	at := w.end(c, 0, 371, engine.State{Outcome: engine.Delivered, Channel: engine.Email})
	at = w.end(c, at, 14, engine.State{Outcome: engine.Undelivered, Channel: engine.Email, Reason: engine.BadAddress})
	at = w.end(c, at, 3, engine.State{Outcome: engine.Undelivered, Channel: engine.Email, Reason: engine.Refused})
	at = w.end(c, at, 19, engine.State{Outcome: engine.Suppressed, Reason: engine.GoalMet})
	w.end(c, at, 5, engine.State{Outcome: engine.Expired})
	w.history.reports[c.ID] = analytics.Report{
		Total: withChannels(funnel(412, 371, 369, 240, 121, 88, 98_400_100, 21_544_050), map[engine.ChannelName]analytics.Channel{
			engine.Email: {Sent: 371, Received: 369, Opened: 240, Clicked: 121, Paid: 88, Failed: 17, Complained: 1},
		}),
		Groups: []analytics.Group{{Key: "email", Funnel: funnel(388, 371, 369, 240, 121, 88, 90_000_000, 21_544_050)}},
	}
}

// outage is an urgent campaign over three lanes at once, where nothing is to be paid.
func (w *world) outage() {
	c := w.campaign(engine.Campaign{ID: "outage0511", Kind: engine.KindOutage, Name: "Отключение горячей воды: ул. Малышева, 5–19, и пер. Центральный", Status: engine.StatusCompleted,
		Template: engine.TemplateRef{Name: "outage-urgent", Version: 1}, Urgent: true, CreatedAt: noon.Add(-9 * time.Hour),
		StartedAt: noon.Add(-9*time.Hour + time.Minute), EndedAt: noon.Add(-8 * time.Hour)}, 1050)
	w.end(c, 0, 1050, engine.State{Outcome: engine.Delivered, Channel: engine.HouseChat})
	w.history.reports[c.ID] = analytics.Report{
		Total: withChannels(funnel(1050, 1050, 1050, 633, 0, 0, 0, 0), map[engine.ChannelName]analytics.Channel{
			engine.Gosuslugi: {Sent: 700, Received: 690, Opened: 310}, engine.HouseChat: {Sent: 1050, Received: 1050, Opened: 420},
			engine.VK: {Sent: 88, Received: 88, Opened: 61}, engine.Email: {Sent: 540, Received: 533, Opened: 230, Failed: 7},
		}),
	}
}

func withChannels(f analytics.Funnel, channels map[engine.ChannelName]analytics.Channel) analytics.Funnel {
	f.Channels = channels
	return f
}
