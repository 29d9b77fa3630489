package engine

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func TestTemplatesAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]TemplateRef{
		"":               {},
		"bill-monthly":   {Name: "bill-monthly"},
		"bill-monthly@3": {Name: "bill-monthly", Version: 3},
	} {
		var got TemplateRef
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q reads as %+v (%v), want %+v", text, got, err, want)
		}
		if written := want.String(); written != text {
			t.Errorf("%+v is written %q, want %q", want, written, text)
		}
	}
	for _, text := range []string{"@3", "@", "bill@", "bill@0", "bill@-1", "bill@x", "bill@3@4", "bill@99999999999999999999"} {
		var got TemplateRef
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q reads as %+v, want an error", text, got)
		}
	}
}

func TestAStepWithoutATextHasTheCampaigns(t *testing.T) {
	bill, reminder := TemplateRef{"bill", 3}, TemplateRef{"reminder", 1}
	c := Campaign{Template: bill, Route: Route{Lanes: []Lane{{{Channel: Email}, {Channel: Email, Template: reminder}}, {{Channel: VK}}}}}
	for at, want := range map[[2]int]TemplateRef{{0, 0}: bill, {0, 1}: reminder, {1, 0}: bill} {
		if got, there := c.textAt(at[0], at[1]); !there || got != want {
			t.Errorf("the text at %v is %v (%v), want %v", at, got, there, want)
		}
	}
	for _, at := range [][2]int{{0, 2}, {1, 1}, {2, 0}} {
		if got, there := c.textAt(at[0], at[1]); there {
			t.Errorf("at %v, where no step is, the text is %v", at, got)
		}
	}
	text, err := json.Marshal(c.Route.Lanes[0])
	if want := `[{"channel":"email"},{"channel":"email","template":"reminder@1"}]`; err != nil || string(text) != want {
		t.Errorf("the lane is written %s (%v), want %s", text, err, want)
	}
}

func FuzzTemplateRef(f *testing.F) {
	for _, text := range []string{"", "bill-monthly", "bill-monthly@3", "a@+1", "@1", "a@b@1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var ref, again TemplateRef
		if ref.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(ref.String())); err != nil || again != ref {
			t.Errorf("%q reads as %+v, which reads back as %+v (%v)", text, ref, again, err)
		}
	})
}

func TestWaitsAreRead(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"72h": 72 * time.Hour, "90m": 90 * time.Minute, "3d": 72 * time.Hour, "1h30m": 90 * time.Minute, "0d": 0, "1000d": 24000 * time.Hour, "-1d": -24 * time.Hour,
	} {
		var got Wait
		if err := got.UnmarshalText([]byte(text)); err != nil || time.Duration(got) != want {
			t.Errorf("%q reads as %v (%v), want %v", text, time.Duration(got), err, want)
		}
	}
	for _, text := range []string{"", "d", "3 d", "3", "three days", "1.5d", "1d12h", "200000000000d", "-9223372036854775808d"} {
		var got Wait
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q reads as %v, want an error", text, time.Duration(got))
		}
	}
}

func FuzzWait(f *testing.F) {
	for _, text := range []string{"72h", "3d", "-1d", "106751d", "106752d", "1e9h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var w, again Wait
		if w.UnmarshalText([]byte(text)) != nil {
			return
		}
		written, err := w.MarshalText()
		if err != nil || again.UnmarshalText(written) != nil || again != w {
			t.Errorf("%q reads as %v, which reads back as %v", text, time.Duration(w), time.Duration(again))
		}
		if text[0] != '-' && w < 0 {
			t.Errorf("%q reads as %v", text, time.Duration(w))
		}
	})
}

func TestGoalsAreRead(t *testing.T) {
	for text, want := range map[string]Goals{
		`"paid"`: {Paid}, `["opened","paid"]`: {Opened, Paid}, `["paid"]`: {Paid}, `[]`: {}, `null`: nil,
	} {
		var step Step
		if err := json.Unmarshal([]byte(`{"until":`+text+`}`), &step); err != nil || !slices.Equal(step.Until, want) {
			t.Errorf("%s reads as %v (%v), want %v", text, step.Until, err, want)
		}
	}
	for _, text := range []string{`1`, `{}`, `[1]`, `["paid",["opened"]]`, `true`} {
		var step Step
		if err := json.Unmarshal([]byte(`{"until":`+text+`}`), &step); err == nil {
			t.Errorf("%s reads as %v, want an error", text, step.Until)
		}
	}
}

func FuzzGoals(f *testing.F) {
	for _, text := range []string{`"paid"`, `["opened","paid"]`, `null`, `[null]`, `[""]`, ` []`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var goals, again Goals
		if json.Unmarshal(text, &goals) != nil {
			return
		}
		written, err := json.Marshal(goals)
		if err != nil || json.Unmarshal(written, &again) != nil || !slices.Equal(again, goals) {
			t.Errorf("%s reads as %q, is written %s (%v) and reads back as %q", text, goals, written, err, again)
		}
	})
}
