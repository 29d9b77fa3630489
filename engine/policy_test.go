package engine

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMatrix says for every kind and every channel whether the one may ever go over the other.
func TestMatrix(t *testing.T) {
	columns := []ChannelName{Gosuslugi, Email, VK, HouseChat, Paper}
	if !slices.Equal(columns, ChannelNames()) {
		t.Fatalf("the table has no column for some of %v", ChannelNames())
	}
	table := map[Kind]string{ // y: may, -: never
		KindBill:    "y y y - y",
		KindDebt:    "y y y - y",
		KindOutage:  "y y y y y",
		KindAction:  "y y y y y",
		KindAd:      "y y y y -",
		KindMeeting: "y y y y y",
		KindStatus:  "y y y - -",
		KindReport:  "- y - - -",
	}
	for _, kind := range Kinds() {
		row := strings.Fields(table[kind])
		if len(row) != len(columns) {
			t.Fatalf("the table has no row for %s", kind)
		}
		for i, ch := range columns {
			if got, want := Allowed(kind, ch), row[i] == "y"; got != want {
				t.Errorf("Allowed(%s, %s) = %v, want %v", kind, ch, got, want)
			}
		}
		if Allowed(kind, NoChannel) || Allowed(kind, "pigeon") {
			t.Errorf("%s may go over channels that are none", kind)
		}
	}
	if Allowed("", Email) || Allowed("sermon", Email) {
		t.Error("kinds that are none may go by e-mail")
	}
}

// TestWhatThePresentationPromises holds the matrix to the cells of the presentation of new services of ГИС ЖКХ ("Доведение информации до
// потребителей и организаций ЖКХ"): what it shows as working, piloted or planned must be possible.
func TestWhatThePresentationPromises(t *testing.T) {
	personal := []Kind{KindDebt, KindOutage, KindAction}
	for _, cell := range []struct {
		where, what string
		channel     ChannelName
		kinds       []Kind
	}{
		{"В приложении Госуслуги.Дом", "Счета за ЖКУ", Gosuslugi, []Kind{KindBill}},
		{"В приложении Госуслуги.Дом", "Рекламные рассылки", Gosuslugi, []Kind{KindAd}},
		{"В приложении Госуслуги.Дом", "Ответы на заявки", Gosuslugi, []Kind{KindStatus}},
		{"В приложении Госуслуги.Дом", "Индивидуальные уведомления", Gosuslugi, personal},
		{"В приложении Госуслуги.Дом", "Общие собрания собственников", Gosuslugi, []Kind{KindMeeting}},
		{"На портале и в приложении Госуслуг", "Счета за ЖКУ", Gosuslugi, []Kind{KindBill}},
		{"На портале и в приложении Госуслуг", "Индивидуальные уведомления", Gosuslugi, personal},
		{"В VK", "Счета за ЖКУ", VK, []Kind{KindBill}},
		{"В VK", "Реклама в домовых чатах", HouseChat, []Kind{KindAd}},
		{"На портале ГИС ЖКХ", "Рекламные рассылки", Gosuslugi, []Kind{KindAd}},
		{"На электронные почты", "Счета за ЖКУ", Email, []Kind{KindBill}},
		{"На электронные почты", "Рекламные рассылки", Email, []Kind{KindAd}},
	} {
		for _, kind := range cell.kinds {
			if !Allowed(kind, cell.channel) {
				t.Errorf("%s, %s: %s may not go over %s", cell.where, cell.what, kind, cell.channel)
			}
		}
	}
	for _, kind := range []Kind{KindBill, KindDebt, KindStatus, KindReport} { // where neighbours read
		if Allowed(kind, HouseChat) {
			t.Errorf("%s may go to a house chat", kind)
		}
	}
}

func TestATextFollowsItsCampaign(t *testing.T) {
	for _, campaign := range Kinds() {
		for _, text := range Kinds() {
			owed := func(k Kind) bool { return k == KindBill || k == KindDebt }
			if got, want := Follows(campaign, text), campaign == text || owed(campaign) && owed(text); got != want {
				t.Errorf("Follows(%s, %s) = %v, want %v", campaign, text, got, want)
			}
		}
	}
	if Follows(KindBill, KindAd) {
		t.Error("an ad may be part of a bill")
	}
}

func TestWhomAStopStops(t *testing.T) {
	everything := Kinds()
	for reason, stopped := range map[Reason][]Kind{
		NoReason: nil, Opted: {KindAd}, Unreminded: {KindAd, KindDebt}, PreviousBounce: everything, Objected: everything, Listed: everything,
		Capped: nil, NoConsent: nil, BadAddress: nil,
	} {
		for _, kind := range everything {
			if got, want := stops(kind, reason), slices.Contains(stopped, kind); got != want {
				t.Errorf("stops(%s, %q) = %v, want %v", kind, reason, got, want)
			}
		}
	}
}

func TestWhatNeedsConsent(t *testing.T) {
	for _, kind := range Kinds() {
		for _, ch := range ChannelNames() {
			if got, want := needsConsent(kind, ch), kind == KindAd && ch != HouseChat; got != want {
				t.Errorf("needsConsent(%s, %s) = %v, want %v", kind, ch, got, want)
			}
		}
	}
}

func TestOnlyHouseChatsAreShared(t *testing.T) {
	for _, ch := range ChannelNames() {
		if got := shared(ch); got != (ch == HouseChat) {
			t.Errorf("shared(%s) = %v", ch, got)
		}
	}
}

func TestWhatResidentsWant(t *testing.T) {
	for _, tt := range []struct {
		delivery       Delivery
		paper, letters bool // whether a bill goes on paper, and over any other channel
	}{
		{"", true, true},
		{Electronic, false, true},
		{OnPaper, true, false},
		{Both, true, true},
	} {
		r := Recipient{Delivery: tt.delivery}
		for _, kind := range Kinds() {
			for _, ch := range ChannelNames() {
				want := tt.letters
				if ch == Paper {
					want = tt.paper
				}
				if want = want || !kind.Payable(); r.wants(kind, ch) != want {
					t.Errorf("who chose %q wants a %s over %s: %v, want %v", tt.delivery, kind, ch, !want, want)
				}
			}
		}
	}
}

func TestBarriers(t *testing.T) {
	everything := Recipient{Account: "A1", Email: "a@example.ru", VKID: 1, GISAccount: "g", House: "h"}
	onPaper, electronic, homeless := everything, everything, everything
	onPaper.Delivery, electronic.Delivery = OnPaper, Electronic
	homeless.House = ""
	for _, tt := range []struct {
		name      string
		recipient Recipient
		kind      Kind
		channel   ChannelName
		want      Reason
	}{
		{"reached", everything, KindBill, Email, NoReason},
		{"no address", Recipient{Account: "A1"}, KindBill, Email, NoAddress},
		{"no VK", Recipient{Account: "A1"}, KindBill, VK, NoAddress},
		{"no house, no chat", homeless, KindOutage, HouseChat, NoAddress},
		{"an account in ГИС ЖКХ is enough for the cabinet", homeless, KindBill, Gosuslugi, NoReason},
		{"a house is enough for the cabinet", Recipient{Account: "A1", House: "h"}, KindBill, Gosuslugi, NoReason},
		{"neither", Recipient{Account: "A1"}, KindBill, Gosuslugi, NoAddress},
		{"everybody has a letter box", Recipient{Account: "A1"}, KindBill, Paper, NoReason},
		{"paper wanted", onPaper, KindBill, Email, PaperOnly},
		{"no paper wanted", electronic, KindDebt, Paper, PaperOnly},
		{"an outage is told all the same", onPaper, KindOutage, Email, NoReason},
		{"want of an address comes first", Recipient{Account: "A1", Delivery: OnPaper}, KindBill, Email, NoAddress},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.recipient.barrier(tt.kind, tt.channel); got != tt.want {
				t.Errorf("the barrier is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestGoalsOfAPlace(t *testing.T) {
	lane := Lane{
		{Channel: Gosuslugi, Wait: Wait(time.Hour), Until: Goals{Received}},
		{Channel: Email, Wait: Wait(time.Hour), Until: Goals{Opened}},
		{Channel: VK, Wait: Wait(time.Hour), Until: Goals{Clicked, Paid}},
		{Channel: Paper},
	}
	for _, tt := range []struct {
		name  string
		kind  Kind
		step  int
		phase Phase
		want  []Fact
	}{
		{"received is met by opened and clicked", KindAction, 0, Waiting, []Fact{Clicked, Opened, Received}},
		{"opened is met by clicked", KindAction, 1, Waiting, []Fact{Clicked, Opened}},
		{"a payment ends a bill's lane at every step", KindBill, 1, Waiting, []Fact{Clicked, Opened, Paid}},
		{"a debt's too", KindDebt, 0, Sending, []Fact{Clicked, Opened, Paid, Received}},
		{"each fact once", KindBill, 2, Waiting, []Fact{Clicked, Paid}},
		{"before sending, what was waited for still counts", KindAction, 2, Sending, []Fact{Clicked, Opened, Paid}},
		{"and at a step without a goal of its own", KindAction, 3, Sending, []Fact{Clicked, Paid}},
		{"there is nothing before the first step", KindAction, 0, Sending, []Fact{Clicked, Opened, Received}},
		{"no goal at all", KindAction, 3, Waiting, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := goals(tt.kind, lane, tt.step, tt.phase); !slices.Equal(got, tt.want) {
				t.Errorf("the goals are %v, want %v", got, tt.want)
			}
		})
	}
	if got := lane[2].Until; !slices.Equal(got, Goals{Clicked, Paid}) {
		t.Errorf("the route was changed: %v", got)
	}
}
