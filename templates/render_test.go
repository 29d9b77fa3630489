package templates

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"vestnik/engine"
)

func render(t *testing.T, template *Template, ch engine.ChannelName, letter engine.Letter) engine.Content {
	t.Helper()
	content, err := template.Render(ch, &letter)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// textOf is what a reader of the HTML sees.
func textOf(t *testing.T, document string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "title" {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

var sums = regexp.MustCompile(`−?[0-9][0-9\x{a0}]*,[0-9]+\x{a0}₽`)

// TestSameSums: the text and the HTML of bills and debts tell the same sums, and so do subject and short text.
func TestSameSums(t *testing.T) {
	for _, name := range []string{"bill-monthly", "debt-notice"} {
		template, letter := letterOf(t, name)
		content := render(t, template, engine.Email, letter)
		inText, inHTML := set(sums.FindAllString(content.Text, -1)), set(sums.FindAllString(textOf(t, content.HTML), -1))
		if len(inText) == 0 || !slices.Equal(inText, inHTML) {
			t.Errorf("%s: sums in the text %q, in the HTML %q", name, inText, inHTML)
		}
		short := render(t, template, engine.VK, letter)
		for _, sum := range append(sums.FindAllString(short.Text, -1), sums.FindAllString(content.Subject, -1)...) {
			if !slices.Contains(inText, sum) {
				t.Errorf("%s: %s is in the short text or the subject, but not in the long one", name, sum)
			}
		}
	}
}

func set(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func TestLinks(t *testing.T) {
	template, letter := letterOf(t, "bill-monthly")
	const plain = "https://pay.example.ru/gkh?doc=70%D0%90%D0%90123456-01-6101&ls=7700123456&sum=8150.35&period=2026-10"
	const tracked = "https://vestnik.example.ru/t/c/AbCd-1234_0"
	content := render(t, template, engine.Email, letter)
	if !slices.Equal(content.Links, []string{plain}) {
		t.Errorf("links %q", content.Links)
	}
	if !strings.Contains(content.Text, tracked) || !strings.Contains(content.HTML, `href="`+tracked+`"`) || strings.Contains(content.HTML, "pay.example.ru") {
		t.Error("text and HTML do not share the tracked link")
	}
	if !strings.Contains(content.HTML, `<img src="`+trackedLinks{}.Open()+`"`) {
		t.Error("no open pixel")
	}
	letter.Links = nil
	content = render(t, template, engine.Email, letter)
	if content.Links != nil || !strings.Contains(content.Text, plain) || strings.Contains(content.HTML, "<img") ||
		!strings.Contains(content.HTML, strings.ReplaceAll(plain, "&", "&amp;")) {
		t.Errorf("without Links: %q\n%s", content.Links, content.HTML)
	}
}

// unfollowed are the Links of a provider that does not want its messages followed.
type unfollowed struct{ trackedLinks }

func (unfollowed) Open() string     { return "" }
func (unfollowed) Click(int) string { return "" }

func TestLinksOfAMessageThatIsNotFollowed(t *testing.T) {
	for _, name := range []string{"bill-monthly", "ad-offer"} {
		template, letter := letterOf(t, name)
		letter.Links = unfollowed{}
		content := render(t, template, engine.Email, letter)
		letter.Links = nil
		plain := render(t, template, engine.Email, letter)
		if strings.Contains(content.HTML, "/t/") || strings.Contains(content.Text, "/t/") || strings.Contains(content.HTML, "<img") {
			t.Errorf("%s is followed:\n%s", name, content.HTML)
		}
		if name == "bill-monthly" && (content.HTML != plain.HTML || content.Text != plain.Text) {
			t.Errorf("%s is not the plain letter:\n%s", name, content.HTML)
		}
		if name == "ad-offer" && content.Unsubscribe == "" {
			t.Error("an ad that is not followed cannot be unsubscribed from")
		}
	}
}

// TestLinksOfOthersAreLeftAlone: an address that stands in a text is the text's, and is not led over us.
func TestLinksOfOthersAreLeftAlone(t *testing.T) {
	template, letter := letterOf(t, "ad-offer")
	letter.Recipient.Vars = []byte(`{"offer":"Смотрите https://shop.example.org/?a=1 и www.shop.example.org","advertiser":"ООО «Окна»","erid":"x1"}`)
	content := render(t, template, engine.Email, letter)
	if len(content.Links) != 0 || strings.Contains(content.Text+content.HTML, "/t/c/") || !strings.Contains(content.Text, "https://shop.example.org/?a=1") {
		t.Errorf("links %q in\n%s", content.Links, content.Text)
	}
}

// TestPayLink: the recipient's own address wins over the provider's pattern, and a pattern that cannot be filled gives no button.
func TestPayLink(t *testing.T) {
	for _, c := range []struct {
		what, vars, pattern, document string
		kopecks                       engine.Money
		want                          string
	}{
		{"pay_url", `{"pay_url":"https://a.ru/1","link":"https://a.ru/2"}`, "https://p.ru/", "d", 100, "https://a.ru/1"},
		{"link", `{"link":"https://a.ru/2"}`, "https://p.ru/", "d", 100, "https://a.ru/2"},
		{"pattern", `{}`, "https://p.ru/{document_id}?a={amount}", "a b/&?", 123456, "https://p.ru/a%20b%2F%26%3F?a=1234.56"},
		{"nothing for the pattern", `{}`, "https://p.ru/{document_id}", "", 100, ""},
		{"a bad pattern", `{}`, "javascript:alert(1)", "d", 100, ""},
		{"no pattern", `{}`, "", "d", 100, ""},
		{"nothing to pay", `{"link":"https://a.ru/2"}`, "https://p.ru/", "d", 0, ""},
		{"overpaid", `{}`, "https://p.ru/", "d", -500, ""},
	} {
		for _, name := range []string{"bill-monthly", "debt-notice"} {
			template, letter := letterOf(t, name)
			letter.Recipient.Vars, letter.Recipient.DocumentID = json.RawMessage(c.vars), c.document
			letter.Recipient.Amount = &c.kopecks
			letter.Provider.Settings["payment.url"] = c.pattern
			content := render(t, template, engine.Email, letter)
			if got := strings.Join(content.Links, " "); got != c.want {
				t.Errorf("%s with %s leads to %q, want %q", name, c.what, got, c.want)
			}
			if button := strings.Contains(content.HTML, `class="btn"`); button != (c.want != "") {
				t.Errorf("%s with %s: button %v", name, c.what, button)
			}
		}
	}
}

func TestNothingToPay(t *testing.T) {
	template, letter := letterOf(t, "bill-monthly")
	zero := engine.Money(0)
	letter.Recipient.Amount = &zero
	letter.Recipient.Vars = json.RawMessage(`{"debt":"-1234.50","penalty":"0"}`)
	content := render(t, template, engine.Email, letter)
	for part, text := range map[string]string{"text": spaced(content.Text), "html": spaced(textOf(t, content.HTML))} {
		if !strings.Contains(text, "1 234,50 ₽") || !strings.Contains(text, "Переплата") || strings.Contains(text, "−") {
			t.Errorf("%s does not tell the overpayment:\n%s", part, text)
		}
		if strings.Contains(text, "Пени") || strings.Contains(text, "Долг") || strings.Contains(text, "Реквизиты") {
			t.Errorf("%s tells what is not there:\n%s", part, text)
		}
	}
}

// TestUnsubscribe: ads, and reminders by e-mail, can be unsubscribed from, and nothing else; never in a chat, where one would do so for another.
func TestUnsubscribe(t *testing.T) {
	for _, info := range library(t).List() {
		template, letter := letterOf(t, info.Name)
		for _, ch := range info.Channels {
			content := render(t, template, ch, letter)
			want := info.Kind == engine.KindAd && ch != engine.HouseChat || info.Kind == engine.KindDebt && ch == engine.Email
			address := trackedLinks{}.Unsubscribe()
			if (content.Unsubscribe == address) != want || strings.Contains(content.Text, address) != want {
				t.Errorf("%s over %s: unsubscribe %q", info.Name, ch, content.Unsubscribe)
			}
			if info.Kind != engine.KindAd {
				continue
			}
			for _, mark := range []string{"Реклама", "erid: 2VtzqwP1x7A", "ООО «Счётчик+»"} {
				if !strings.Contains(content.Text, mark) || ch == engine.Email && !strings.Contains(spaced(textOf(t, content.HTML)), mark) {
					t.Errorf("%s over %s lacks %q", info.Name, ch, mark)
				}
			}
		}
	}
}

// TestHouseChat: neighbours read nobody's name, account, flat or money, whether they came as fields or as vars.
func TestHouseChat(t *testing.T) {
	for _, info := range library(t).List() {
		template, letter := letterOf(t, info.Name)
		if !slices.Contains(info.Channels, engine.HouseChat) {
			if _, err := template.Render(engine.HouseChat, &letter); err == nil {
				t.Errorf("%s goes into house chats", info.Name)
			}
			continue
		}
		amount := engine.Money(9_876_543)
		r := letter.Recipient
		r.Account, r.Name, r.Premises, r.Amount = "ACCOUNT1", "NAME1 NAME1 NAME1вна", "FLAT1", &amount
		r.Vars = append(r.Vars[:len(r.Vars)-1:len(r.Vars)-1], `,"name":"NAME2","account":"ACCOUNT2","premises":"FLAT2"}`...)
		content := render(t, template, engine.HouseChat, letter)
		for _, private := range []string{"NAME", "ACCOUNT", "FLAT", "98 765"} {
			if strings.Contains(spaced(content.Subject+content.Text), private) {
				t.Errorf("%s tells the house %q:\n%s", info.Name, private, content.Text)
			}
		}
	}
}

func TestZones(t *testing.T) {
	for _, c := range []struct{ recipient, provider, want string }{
		{"", "Asia/Yekaterinburg", "5 ноября 2026 г. с 09:00 до 17:00\n"},
		{"Asia/Yekaterinburg", "Asia/Yekaterinburg", "5 ноября 2026 г. с 09:00 до 17:00\n"},
		{"Europe/Moscow", "Asia/Yekaterinburg", "5 ноября 2026 г. с 07:00 до 15:00 по местному времени (UTC+3)\n"},
		{"Asia/Kamchatka", "Asia/Yekaterinburg", "с 16:00 5 ноября 2026 г. до 00:00 6 ноября 2026 г. по местному времени (UTC+12)\n"},
		{"", "", "5 ноября 2026 г. с 04:00 до 12:00 по времени UTC\n"},
		{"Nowhere/Else", "Europe/Samara", "5 ноября 2026 г. с 08:00 до 16:00\n"},
	} {
		template, letter := letterOf(t, "outage-planned")
		letter.Recipient.Timezone, letter.Provider.Timezone = c.recipient, c.provider
		for _, ch := range []engine.ChannelName{engine.Email, engine.HouseChat} {
			if text := spaced(render(t, template, ch, letter).Text); !strings.Contains(text, c.want) {
				t.Errorf("zone %q of %q over %s: no %q in\n%s", c.recipient, c.provider, ch, c.want, text)
			}
		}
	}
}

// TestConcurrent renders one template for many recipients at once: nothing of one gets into another's message.
func TestConcurrent(t *testing.T) {
	template, letter := letterOf(t, "bill-monthly")
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			mine, person := letter, *letter.Recipient
			mine.Recipient = &person
			person.Account = strings.Repeat(string(rune('A'+worker)), 10)
			want, _ := template.Render(engine.Email, &mine)
			for range 200 {
				got, err := template.Render(engine.Email, &mine)
				if err != nil || got.HTML != want.HTML || got.Text != want.Text || !strings.Contains(got.HTML, mine.Recipient.Account) {
					t.Errorf("worker %d got another's message (%v)", worker, err)
					return
				}
			}
		})
	}
	workers.Wait()
}
