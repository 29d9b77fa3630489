package console

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
)

func speak(l language) voice {
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	if err != nil {
		panic(err)
	}
	return voice{Language: l, zone: zone, now: noon}
}

// plain makes no-break spaces visible.
func plain(text string) string { return strings.ReplaceAll(text, nbsp, "_") }

func TestCountsAndSums(t *testing.T) {
	ru, en := speak(russian), speak(english)
	for _, c := range []struct{ got, want string }{
		{ru.count(0, recipients), "0_получателей"},
		{ru.count(1, recipients), "1_получатель"},
		{ru.count(2, recipients), "2_получателя"},
		{ru.count(5, recipients), "5_получателей"},
		{ru.count(11, recipients), "11_получателей"},
		{ru.count(21, recipients), "21_получатель"},
		{ru.count(112, recipients), "112_получателей"},
		{ru.count(1_000_001, recipients), "1_000_001_получатель"},
		{ru.count(12, toRecipients), "12_получателям"},
		{ru.count(101, toRecipients), "101_получателю"},
		{en.count(1, recipients), "1_recipient"},
		{en.count(21, recipients), "21_recipients"},
		{en.count(12_345, recipients), "12,345_recipients"},
		{ru.number(999), "999"},
		{ru.number(3000), "3_000"},
		{ru.number(60_000_000), "60_000_000"},
		{en.number(60_000_000), "60,000,000"},
		{ru.money(123456), "1_234,56_₽"},
		{ru.money(5), "0,05_₽"},
		{ru.money(-123456), "−1_234,56_₽"},
		{en.money(123456), "₽1,234.56"},
		{en.money(-5), "−₽0.05"},
		{ru.percent(0, 0), "—"},
		{ru.percent(0, 7), "0_%"},
		{ru.percent(5, 8), "62,5_%"},
		{en.percent(5, 8), "62.5%"},
		{ru.percent(1, 2), "50_%"},
		{ru.percent(8, 8), "100_%"},
		{ru.percent(9_999_999, 10_000_000), "99,9_%"},
		{ru.percent(1, 10_000_000), "0,1_%"},
		{ru.span(72 * time.Hour), "3_дня"},
		{ru.span(48 * time.Hour), "2_дня"},
		{ru.span(5 * time.Hour), "5_часов"},
		{ru.span(90 * time.Minute), "90_минут"},
		{ru.span(21 * time.Minute), "21_минуту"},
		{en.span(time.Hour), "1_hour"},
		{en.span(30 * time.Second), "30_seconds"},
		{ru.span(61 * time.Second), "2_минуты"},
	} {
		if plain(c.got) != c.want {
			t.Errorf("got %q, want %q", plain(c.got), c.want)
		}
	}
}

func TestTimes(t *testing.T) {
	ru, en := speak(russian), speak(english)
	lateToday, tomorrow, lastYear := noon.Add(6*time.Hour), noon.Add(8*time.Hour), noon.AddDate(-1, 0, 0)
	for _, c := range []struct{ got, want string }{
		{ru.short(time.Time{}).Text, ""},
		{ru.whole(time.Time{}).Text, ""},
		{ru.short(lateToday).Text, "23:00"}, // in Yekaterinburg it is still the 5th
		{ru.short(tomorrow).Text, "6_ноября, 01:00"},
		{en.short(tomorrow).Text, "6_November, 01:00"},
		{ru.short(lastYear).Text, "5_ноября 2023_г."},
		{ru.recent(lateToday).Text, "сегодня, 23:00"},
		{en.recent(lateToday).Text, "today, 23:00"},
		{ru.recent(tomorrow).Text, "6_ноября, 01:00"},
		{ru.at(lateToday), "в 23:00"},
		{ru.at(tomorrow), "6_ноября в 01:00"},
		{en.at(lateToday), "at 23:00"},
		{en.at(tomorrow), "on 6_November at 01:00"},
		{ru.whole(noon).Text, "5_ноября 2024_г., 17:00"},
		{ru.whole(noon).Exact, "2024-11-05T17:00:00+05:00"},
		{en.whole(noon).Text, "5 November 2024, 17:00"},
		{ru.zoneName(), "Asia/Yekaterinburg, UTC+05:00"},
	} {
		if plain(c.got) != c.want {
			t.Errorf("got %q, want %q", plain(c.got), c.want)
		}
	}
}

func TestWhatACampaignIsDoing(t *testing.T) {
	bill := engine.Campaign{ID: "abc", Kind: engine.KindBill, Status: engine.StatusRunning, StartedAt: noon, Route: engine.DefaultRoute(engine.KindBill)}
	as := func(s engine.Status) engine.Campaign {
		c := bill
		c.Status = s
		return c
	}
	draft, scheduled := as(engine.StatusDraft), as(engine.StatusScheduled)
	draft.StartedAt, scheduled.SendAt = time.Time{}, noon.Add(21*time.Hour)
	one := func(p engine.WaitingFor) []engine.WaitingFor { return []engine.WaitingFor{p} }
	held := func(ch engine.ChannelName, why engine.Hold, until time.Time) []engine.WaitingFor {
		return one(engine.WaitingFor{Phase: engine.Sending, Hold: why, Channel: ch, Recipients: 500, Next: until})
	}
	down := broken{engine.Email: {Channel: engine.Email, Failures: 3, Reason: engine.Unavailable, Code: "421 4.3.2"}}
	flying := engine.Balance{Ordered: 500, InFlight: 500}
	soon, past := noon.Add(5*time.Minute), noon.Add(-time.Second)
	for _, c := range []struct {
		name     string
		campaign engine.Campaign
		pending  []engine.WaitingFor
		balance  engine.Balance
		ru, en   string
	}{
		{"draft", draft, nil, flying, "Ждёт запуска: POST /v1/campaigns/abc/start", "Waits to be started: POST /v1/campaigns/abc/start"},
		{"scheduled", scheduled, nil, flying, "Начнётся 6_ноября в 14:00", "Begins on 6_November at 14:00"},
		{"begin", bill, nil, flying, "Готовит 500_получателей к отправке", "Preparing 500_recipients"},
		{"finish", bill, nil, engine.Balance{Ordered: 5, Delivered: 5}, "Завершает: все получатели учтены", "Finishing: everybody is accounted for"},
		{"recall", as(engine.StatusCancelled), nil, engine.Balance{}, "", ""},
		{"completed", as(engine.StatusCompleted), nil, engine.Balance{}, "", ""},
		{"send", bill, one(engine.WaitingFor{Phase: engine.Sending, Channel: engine.Email, Recipients: 500, Next: noon}), flying,
			"Отправляет 500_получателям · электронная почта", "Sending to 500_recipients · e-mail"},
		{"part", bill, one(engine.WaitingFor{Phase: engine.Sending, Channel: engine.VK, Recipients: 21, Next: noon}), flying,
			"Отправляет не меньше 21_получателю · ВКонтакте", "Sending to at least 21_recipients · VK"},
		{"retry", bill, one(engine.WaitingFor{Phase: engine.Sending, Hold: engine.HeldRetry, Channel: engine.Email, Recipients: 12, Next: soon}), engine.Balance{InFlight: 12},
			"Повторит 12_получателям в 17:05 · электронная почта", "Tries 12_recipients again at 17:05 · e-mail"},
		{"retry now", bill, one(engine.WaitingFor{Phase: engine.Sending, Hold: engine.HeldRetry, Channel: engine.Gosuslugi, Recipients: 1, Next: past}), engine.Balance{InFlight: 1},
			"Повторяет 1_получателю · Госуслуги", "Trying 1_recipient again · Gosuslugi"},
		{"confirm", bill, one(engine.WaitingFor{Phase: engine.Confirming, Channel: engine.Gosuslugi, Recipients: 500, Next: soon}), flying,
			"Ждёт подтверждения доставки · Госуслуги · 500_получателей", "Waits for the delivery to be confirmed · Gosuslugi · 500_recipients"},
		{"night", bill, held(engine.VK, engine.HeldQuiet, noon.Add(16*time.Hour)), flying,
			"Ночь у получателей, продолжит 6_ноября в 09:00 · ВКонтакте · 500_получателей", "Night at the recipients’, resumes on 6_November at 09:00 · VK · 500_recipients"},
		{"night over", bill, held(engine.VK, engine.HeldQuiet, past), flying, "Отправляет 500_получателям · ВКонтакте", "Sending to 500_recipients · VK"},
		{"pace", bill, held(engine.VK, engine.HeldPace, soon), flying,
			"Отправляет так быстро, как принимает канал · ВКонтакте · 500_получателей", "Sending as fast as the channel takes it · VK · 500_recipients"},
		{"quota", bill, held(engine.Email, engine.HeldQuota, soon), flying,
			"Квота исчерпана, продолжит в 17:05 · электронная почта · 500_получателей", "The quota is used up, resumes at 17:05 · e-mail · 500_recipients"},
		{"breaker", bill, held(engine.Email, engine.HeldBreaker, soon), flying,
			"Ждёт, пока заработает канал «электронная почта»: канал недоступен (421 4.3.2) · 500_получателей",
			"Waits for the channel to work again: e-mail: the channel was down (421 4.3.2) · 500_recipients"},
		{"breaker closed", bill, held(engine.VK, engine.HeldBreaker, soon), flying,
			"Ждёт, пока заработает канал «ВКонтакте» · 500_получателей", "Waits for the channel to work again: VK · 500_recipients"},
		{"reputation", bill, held(engine.Email, engine.HeldReputation, soon), flying,
			"Почта остановлена: слишком много возвратов или жалоб. Проверит в 17:05 · электронная почта · 500_получателей",
			"Stopped: too many bounces or complaints. Looks again at 17:05 · e-mail · 500_recipients"},
		{"shared", bill, held(engine.HouseChat, engine.HeldShared, soon), flying,
			"По общему адресу уже пишут соседу · чат дома · 500_получателей", "A neighbour is being written to at the same address · house chat · 500_recipients"},
		{"wait", bill, one(engine.WaitingFor{Phase: engine.Waiting, Channel: engine.Email, Recipients: 120, Next: noon.Add(72 * time.Hour)}), engine.Balance{InFlight: 120},
			"Ждёт открытия письма или оплаты до 8_ноября, 17:00 · 120_получателей",
			"Waits for the e-mail to be opened, or for a payment until 8_November, 17:00 · 120_recipients"},
		{"wait over", bill, one(engine.WaitingFor{Phase: engine.Waiting, Channel: engine.Gosuslugi, Recipients: 2, Next: past}), engine.Balance{InFlight: 2},
			"Время ждать открытия сообщения на Госуслугах или оплаты вышло, идёт дальше · 2_получателя",
			"Has waited for the Gosuslugi message to be opened, or for a payment, going on · 2_recipients"},
	} {
		for l, want := range map[language]string{russian: c.ru, english: c.en} {
			got := ""
			for _, d := range speak(l).doingOf(c.campaign, c.pending, down, c.balance) {
				got += plain(d.Text)
			}
			if c.name == "recall" {
				continue
			}
			if got != want {
				t.Errorf("%s: got %q, want %q", c.name, got, want)
			}
		}
	}
	recalled := speak(russian).doingOf(as(engine.StatusCancelled), nil, nil, engine.Balance{InFlight: 7})
	if len(recalled) != 1 || plain(recalled[0].Text) != "Отзывает то, что ещё не отправлено: 7_получателей" {
		t.Errorf("a campaign that is called back says %v", recalled)
	}
}

func TestRouteInWords(t *testing.T) {
	lanes := speak(russian).routeOf(engine.DefaultRoute(engine.KindBill))
	if len(lanes) != 1 || len(lanes[0]) != 3 {
		t.Fatalf("the route is %v", lanes)
	}
	if got := plain(lanes[0][0].Wait); got != "2_дня, пока не откроют или оплатят" {
		t.Errorf("the first step waits %q", got)
	}
	if got := lanes[0][2]; got != (step{Channel: "ВКонтакте"}) {
		t.Errorf("the last step is %v", got)
	}
}

// TestEveryWordIsThere holds the table to what the engine can say and what pages ask for, in both languages.
func TestEveryWordIsThere(t *testing.T) {
	var codes []string
	for prefix, names := range map[string][]string{
		"kind.": texts(engine.Kinds()), "channel.": texts(engine.ChannelNames()), "message.": texts(engine.ChannelNames()),
		"outcome.": texts(engine.Outcomes()), "reason.": texts(engine.Reasons()),
		"reason. ": {"goal_met", "forbidden", "unsubscribed", "bounced", "paper_only", "no_consent", "frequency", "complained", "manual", "denied", "no_reminders"},
		"doing.":   {"confirm", "quiet", "pace", "quota", "breaker", "reputation", "shared"},
		"view.":    {"html", "text", "headers", "source"},
		"status.":  {"draft", "scheduled", "running", "paused", "cancelled", "completed"},
		"goal.":    {"sent", "received", "opened", "clicked", "paid"}, "until.": {"sent", "received", "opened", "clicked", "paid"},
	} {
		for _, name := range names {
			codes = append(codes, strings.TrimSpace(prefix)+name)
		}
	}
	asked := regexp.MustCompile(`\.Say "([^"]+)"`)
	entries, err := pageFiles.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := pageFiles.ReadFile("pages/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range asked.FindAllStringSubmatch(string(text), -1) {
			codes = append(codes, found[1])
		}
	}
	for _, code := range codes {
		if words[code].ru == "" || words[code].en == "" {
			t.Errorf("%q has no words in both languages", code)
		}
	}
	for code, p := range words {
		if strings.Count(p.ru, "%s") != strings.Count(p.en, "%s") {
			t.Errorf("%q does not take the same in both languages", code)
		}
	}
}

func texts[T ~string](list []T) (names []string) {
	for _, v := range list {
		names = append(names, string(v))
	}
	return names
}

func TestLanguageOf(t *testing.T) {
	for _, c := range []struct {
		query, cookie, accept string
		want                  language
	}{
		{"", "", "", russian},
		{"", "", "de-DE,de", russian},
		{"", "", "en-US,en;q=0.9,ru;q=0.8", english},
		{"", "", "en;q=0.5,ru;q=0.9", russian},
		{"", "ru", "en", russian},
		{"", "en", "ru", english},
		{"", "xx", "en", english},
		{"?lang=ru", "en", "en", russian},
		{"?lang=xx", "", "en", english},
	} {
		r := httptest.NewRequest("GET", "/console"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		r.Header.Set("Cookie", languageCookie+"="+c.cookie)
		if got := languageOf(r); got != c.want {
			t.Errorf("%+v speaks %s", c, got)
		}
	}
}

func TestBars(t *testing.T) {
	for _, c := range []struct {
		whole  int64
		counts []int64
		want   string
	}{
		{0, []int64{0, 0}, ""},
		{100, []int64{100, 0}, "a 0 100"},
		{100, []int64{25, 75}, "a 0 25, b 25 75"},
		{100, []int64{0, 30}, "b 0 30"},
		{1_000_000, []int64{999_999, 1}, "a 0 99.2, b 99.2 0.8"},
		{1_000_000, []int64{1, 0}, "a 0 0.8"},
	} {
		var list []string
		for _, p := range stack(c.whole, c.counts, []string{"a", "b"}) {
			list = append(list, p.Class+" "+p.X+" "+p.Width)
		}
		if got := strings.Join(list, ", "); got != c.want {
			t.Errorf("%d of %v: got %q, want %q", c.counts, c.whole, got, c.want)
		}
	}
}
