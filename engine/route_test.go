package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRouteIsReadAndWritten(t *testing.T) {
	const text = `{"lanes":[[{"channel":"gosuslugi","wait":"2d","until":"opened"},{"channel":"email","wait":"48h","until":["opened","paid"]},{"channel":"paper"}],[{"channel":"vk"}]]}`
	var r Route
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if got := time.Duration(r.Lanes[0][0].Wait); got != 48*time.Hour {
		t.Errorf("2d is %v, want 48h", got)
	}
	if got := r.Lanes[0][1].Until; !slices.Equal(got, Goals{Opened, Paid}) {
		t.Errorf("until is %v, want opened and paid", got)
	}
	written, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Route
	if err := json.Unmarshal(written, &again); err != nil {
		t.Fatalf("read %s again: %v", written, err)
	}
	if !slices.EqualFunc(r.Lanes, again.Lanes, func(a, b Lane) bool {
		return slices.EqualFunc(a, b, func(a, b Step) bool {
			return a.Channel == b.Channel && a.Wait == b.Wait && slices.Equal(a.Until, b.Until)
		})
	}) {
		t.Errorf("%s reads back as %+v, want %+v", written, again, r)
	}
}

func TestRouteTellsAllItsProblemsAtOnce(t *testing.T) {
	r := Route{Lanes: []Lane{
		{{Channel: "pigeon"}, {Channel: HouseChat}, {Channel: Email, Wait: Wait(time.Hour)}},
		{{Channel: Email, Wait: Wait(1000 * time.Hour * 24), Until: Goals{Bounced}}},
		{},
	}}
	var got []string
	for _, p := range r.Check(KindDebt) {
		got = append(got, p.Field+" "+p.Code)
	}
	want := []string{
		"route.lanes[0][0].channel unknown",
		"route.lanes[0][1].channel forbidden",
		"route.lanes[0][2] incomplete",
		"route.lanes[1][0].channel repeated", "route.lanes[1][0].wait out_of_range",
		"route.lanes[1][0].until unknown",
		"route.lanes[2] out_of_range",
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAChannelStandsInOneLane: side by side, residents would get the same twice; one after another it is a reminder.
func TestAChannelStandsInOneLane(t *testing.T) {
	week := Step{Channel: Email, Wait: Wait(7 * 24 * time.Hour), Until: Goals{Paid}}
	for name, tt := range map[string]struct {
		lanes []Lane
		want  []string
	}{
		"a reminder":                     {[]Lane{{week, week, {Channel: VK}}}, nil},
		"side by side":                   {[]Lane{{{Channel: Email}}, {{Channel: VK}, {Channel: Email}}}, []string{"route.lanes[1][1].channel"}},
		"in three lanes, two are wrong":  {[]Lane{{{Channel: VK}}, {{Channel: VK}}, {{Channel: VK}}}, []string{"route.lanes[1][0].channel", "route.lanes[2][0].channel"}},
		"a reminder beside another lane": {[]Lane{{week, week}, {week}}, []string{"route.lanes[1][0].channel"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range (Route{Lanes: tt.lanes}).Check(KindBill) {
				if got = append(got, p.Field); p.Code != "repeated" {
					t.Errorf("%s is %s: %s", p.Field, p.Code, p.Message)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("repeated are %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDefaultRoutesKeepTheRules(t *testing.T) {
	for _, kind := range Kinds() {
		if problems := DefaultRoute(kind).Check(kind); len(problems) > 0 {
			t.Errorf("the default route of %s: %v", kind, problems)
		}
	}
}

func TestMoneyAndDebtsNeverReachAHouseChat(t *testing.T) {
	for _, kind := range []Kind{KindBill, KindDebt, KindStatus, KindReport} {
		if Allowed(kind, HouseChat) {
			t.Errorf("%s may go to a house chat", kind)
		}
	}
	for _, kind := range []Kind{KindOutage, KindAction, KindMeeting, KindAd} {
		if !Allowed(kind, HouseChat) {
			t.Errorf("%s may not go to a house chat", kind)
		}
	}
}
