package templates

import (
	"math"
	"testing"
	"time"

	"vestnik/engine"
)

func TestMoney(t *testing.T) {
	for sum, want := range map[engine.Money]string{
		0: "0,00 ₽", 5: "0,05 ₽", 100: "1,00 ₽", 99_999: "999,99 ₽", 123_456: "1 234,56 ₽",
		100_000_000: "1 000 000,00 ₽", -35_000: "−350,00 ₽", -1: "−0,01 ₽",
		math.MaxInt64: "92 233 720 368 547 758,07 ₽", math.MinInt64: "−92 233 720 368 547 758,08 ₽",
	} {
		if got := Money(sum); got != unbroken(want) {
			t.Errorf("Money(%d) = %q, want %q", sum, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"12.345": "12,345", "12,345": "12,345", "0": "0", "5.120": "5,120", "1234.5": "1 234,5", "123456789012": "123 456 789 012",
		"-0.5": "−0,5", "1e3": "1e3", "12.": "12.", ".5": ".5", "": "", "1.2.3": "1.2.3", "--1": "--1", "1234567890123": "1234567890123",
	} {
		if got := Number(text); got != unbroken(want) {
			t.Errorf("Number(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestDatesAndTimes(t *testing.T) {
	home := time.FixedZone("", 5*3600)
	at := func(day, hour, minute int) time.Time {
		return time.Date(2026, time.November, day, hour, minute, 0, 0, home)
	}
	for _, c := range []struct{ got, want string }{
		{Date(at(5, 0, 0)), "5 ноября 2026 г."},
		{Date(time.Date(2027, time.January, 31, 0, 0, 0, 0, home)), "31 января 2027 г."},
		{Date(time.Date(2028, time.February, 29, 0, 0, 0, 0, home)), "29 февраля 2028 г."},
		{Date(time.Date(2026, time.May, 1, 0, 0, 0, 0, home)), "1 мая 2026 г."},
		{Moment(at(5, 14, 30)), "5 ноября 2026 г., 14:30"},
		{Moment(at(5, 0, 5)), "5 ноября 2026 г., 00:05"},
		{Moment(time.Date(2026, time.November, 5, 21, 0, 0, 0, time.UTC).In(home)), "6 ноября 2026 г., 02:00"},
		{Period(time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC)), "октябрь 2026 г."},
		{"за " + Period(time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)), "за март 2027 г."},
		{Span(at(5, 9, 0), at(5, 17, 0)), "5 ноября 2026 г. с 09:00 до 17:00"},
		{Span(at(5, 9, 0), time.Time{}), "5 ноября 2026 г. с 09:00"},
		{Span(at(5, 22, 0), at(6, 2, 0)), "с 22:00 5 ноября 2026 г. до 02:00 6 ноября 2026 г."},
		{Span(at(5, 23, 0), time.Date(2026, time.November, 5, 18, 30, 0, 0, time.UTC)), "5 ноября 2026 г. с 23:00 до 23:30"},
		{ZoneHint(at(5, 0, 0)), "по местному времени (UTC+5)"},
		{ZoneHint(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), "по времени UTC"},
		{ZoneHint(time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", -9000))), "по местному времени (UTC−2:30)"},
	} {
		if spaced(c.got) != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if got, want := Date(at(5, 0, 0)), "5\u00a0ноября 2026\u00a0г."; got != want {
		t.Errorf("a date breaks between lines: %q, want %q", got, want)
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{
		0: "0 дней", 1: "1 день", 2: "2 дня", 4: "4 дня", 5: "5 дней", 11: "11 дней", 12: "12 дней", 14: "14 дней", 20: "20 дней",
		21: "21 день", 22: "22 дня", 25: "25 дней", 101: "101 день", 111: "111 дней", 112: "112 дней", 1001: "1001 день", -21: "-21 день",
	} {
		if got := Plural(n, "день", "дня", "дней"); spaced(got) != want {
			t.Errorf("Plural(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for name, want := range map[string]string{
		"Иванова Мария Петровна":           "Мария Петровна",
		"ИВАНОВ ИВАН ИЛЬИЧ":                "ИВАН ИЛЬИЧ",
		"Салтыкова-Щедрина Анна Лукинична": "Анна Лукинична",
		"Алиев Рашид Мамед оглы":           "Рашид Мамед оглы",
		"Иванова М. П.":                    "Иванова М. П.",
		"Иванова Мария":                    "Иванова Мария",
		"ООО Ромашка Плюс":                 "ООО Ромашка Плюс",
		"  Ли   Сун ":                      "Ли Сун",
		"":                                 "",
	} {
		if got := Address(name); got != want {
			t.Errorf("Address(%q) = %q, want %q", name, got, want)
		}
	}
}
