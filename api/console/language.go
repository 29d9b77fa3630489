package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"vestnik/engine"
	"vestnik/templates"
)

// language is one of those the console speaks.
type language string

const (
	russian language = "ru"
	english language = "en"
)

// The cookie that remembers the choice of a language.
const (
	languageCookie = "vestnik_lang"
	languageLife   = 365 * 24 * time.Hour
)

func languageNamed(name string) (language, bool) {
	l := language(name)
	return l, l == russian || l == english
}

// languageOf tells in which language to answer: what ?lang asks for, else what was chosen before, else what the browser prefers (RFC 9110,
// 12.5.4), else Russian.
func languageOf(r *http.Request) language {
	if asked, ok := languageNamed(r.URL.Query().Get("lang")); ok {
		return asked
	}
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if chosen, ok := languageNamed(cookie.Value); ok {
			return chosen
		}
	}
	best, preferred := 0.0, russian
	for item := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(item), ";")
		quality := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			quality, _ = strconv.ParseFloat(q, 64)
		}
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if spoken, ok := languageNamed(primary); ok && quality > best {
			best, preferred = quality, spoken
		}
	}
	return preferred
}

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

// voice says things in a language, and times as the clocks of a zone show them at a moment.
type voice struct {
	Language language
	zone     *time.Location
	now      time.Time
}

// choose takes the words of the language.
func (v voice) choose(ru, en string) string {
	if v.Language == english {
		return en
	}
	return ru
}

// Say gives the words of a code. A code without words is a defect that a test finds.
func (v voice) Say(code string) string { return v.choose(words[code].ru, words[code].en) }

// number writes a count: "12 345" or "12,345".
func (v voice) number(n int64) string {
	text := templates.Number(strconv.FormatInt(n, 10))
	return v.choose(text, strings.ReplaceAll(text, nbsp, ","))
}

// money writes a sum: "1 234,56 ₽" or "₽1,234.56".
func (v voice) money(m engine.Money) string {
	text := templates.Money(m)
	if v.Language == russian {
		return text
	}
	sum := strings.NewReplacer(nbsp+"₽", "", nbsp, ",", ",", ".").Replace(text)
	if positive, negative := strings.CutPrefix(sum, "−"); negative {
		return "−₽" + positive
	}
	return "₽" + sum
}

// percent writes a part of a whole: "62,5 %" or "62.5%". Only all is 100 and only none is 0, however close it comes.
func (v voice) percent(part, whole int64) string {
	if whole <= 0 {
		return "—"
	}
	tenths := (part*1000 + whole/2) / whole
	switch {
	case part > 0 && tenths == 0:
		tenths = 1
	case part < whole && tenths == 1000:
		tenths = 999
	}
	text := strconv.FormatInt(tenths/10, 10)
	if rest := tenths % 10; rest != 0 {
		text += v.choose(",", ".") + strconv.FormatInt(rest, 10)
	}
	return text + v.choose(nbsp, "") + "%"
}

// noun is a noun that is counted: Russian in its three forms, English in its two.
type noun struct{ one, few, many, single, plural string }

var (
	recipients   = noun{"получатель", "получателя", "получателей", "recipient", "recipients"}
	toRecipients = noun{"получателю", "получателям", "получателям", "recipient", "recipients"}
	days         = noun{"день", "дня", "дней", "day", "days"}
	hours        = noun{"час", "часа", "часов", "hour", "hours"}
	minutes      = noun{"минуту", "минуты", "минут", "minute", "minutes"}
	seconds      = noun{"секунду", "секунды", "секунд", "second", "seconds"}
)

// count writes a number with its noun: "21 получатель", "1 recipient".
func (v voice) count(n int64, of noun) string {
	if v.Language == english {
		if n == 1 {
			return "1" + nbsp + of.single
		}
		return v.number(n) + nbsp + of.plural
	}
	_, form, _ := strings.Cut(templates.Plural(int(n%100), of.one, of.few, of.many), nbsp)
	return v.number(n) + nbsp + form
}

// span writes how long something lasts: "2 дня", "72 часа".
func (v voice) span(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0 && d > 0:
		return v.count(int64(d/(24*time.Hour)), days)
	case d%time.Hour == 0 && d > 0:
		return v.count(int64(d/time.Hour), hours)
	case d < time.Minute:
		return v.count(int64((d+time.Second-1)/time.Second), seconds)
	}
	return v.count(int64((d+time.Minute-1)/time.Minute), minutes)
}

// moment is a time for people and, as RFC 3339, for programs.
type moment struct{ Text, Exact string }

// whole writes a time with its year: "5 ноября 2026 г., 14:05".
func (v voice) whole(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.In(v.zone)
	return moment{v.choose(templates.Moment(t), t.Format("2 January 2006, 15:04")), t.Format(time.RFC3339)}
}

// short writes a time as briefly as it is clear: "14:05" for today, "5 ноября, 14:05" within the year, "5 ноября 2026 г." beyond.
func (v voice) short(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.In(v.zone)
	text := t.Format("15:04")
	switch now := v.now.In(v.zone); {
	case t.Year() != now.Year():
		text = v.choose(templates.Date(t), t.Format("2 January 2006"))
	case t.YearDay() != now.YearDay():
		text = v.day(t) + ", " + text
	}
	return moment{text, t.Format(time.RFC3339)}
}

// recent is short, and says that it is today: for times that stand by themselves.
func (v voice) recent(t time.Time) moment {
	m := v.short(t)
	if len(m.Text) == len("15:04") {
		m.Text = v.choose("сегодня, ", "today, ") + m.Text
	}
	return m
}

// at writes when something happens, to stand in a sentence: "в 14:05", "5 ноября в 14:05".
func (v voice) at(t time.Time) string {
	clock := v.choose("в ", "at ") + t.In(v.zone).Format("15:04")
	if sameDay(t.In(v.zone), v.now.In(v.zone)) {
		return clock
	}
	return v.choose("", "on ") + v.day(t.In(v.zone)) + " " + clock
}

// day writes a day without its year: "5 ноября".
func (v voice) day(t time.Time) string {
	day, _, _ := strings.Cut(templates.Date(t), " ")
	return v.choose(day, t.Format("2"+nbsp+"January"))
}

func sameDay(a, b time.Time) bool { return a.Year() == b.Year() && a.YearDay() == b.YearDay() }

// zoneName tells whose clocks are meant: "Asia/Yekaterinburg, UTC+05:00".
func (v voice) zoneName() string {
	if v.zone == time.UTC {
		return "UTC"
	}
	return v.zone.String() + ", UTC" + strings.Replace(v.now.In(v.zone).Format("-07:00"), "-", "−", 1)
}
