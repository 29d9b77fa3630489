package templates

import (
	"slices"
	"testing"

	"vestnik/engine"
)

// TestButtonsLeadWhereTheTextDoes reads the buttons of a bill in a messenger: addresses of their own count as the same link of the text.
func TestButtonsLeadWhereTheTextDoes(t *testing.T) {
	template, letter := letterOf(t, "bill-monthly")
	letter.Recipient.Vars = []byte(`{"readings_url":"https://uk.example/readings","pay_url":"https://uk.example/pay"}`)
	content, err := template.Render(engine.VK, &letter)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(content.Links, []string{"https://uk.example/pay", "https://uk.example/readings"}) || len(content.Buttons) != 2 {
		t.Fatalf("the links are %q, the buttons %v", content.Links, content.Buttons)
	}
	for i, want := range []string{"Оплатить", "Показания"} {
		if b := content.Buttons[i]; b.Label != want || b.URL != letter.Links.Click(i) {
			t.Errorf("button %d is %+v", i, b)
		}
	}
	amount := engine.Money(0)
	letter.Recipient.Amount, letter.Recipient.Vars = &amount, nil
	for _, ch := range []engine.ChannelName{engine.VK, engine.Gosuslugi, engine.Email} {
		if content, err = template.Render(ch, &letter); err != nil || len(content.Buttons) > 0 {
			t.Errorf("with nothing to pay, over %s, the buttons are %v, %v", ch, content.Buttons, err)
		}
	}
}

func TestButtonsThatCannotBe(t *testing.T) {
	for _, list := range []string{"", "pay", "Pay Оплатить", "pay Оплатить,", "pay Оплатить счёт за жилищно-коммунальные услуги сейчас"} {
		if buttons, err := readButtons(list); err == nil {
			t.Errorf("%q gives %v", list, buttons)
		}
	}
	template, _ := letterOf(t, "bill-monthly")
	for _, name := range []string{"nothing", "amount", "pixel"} { // unknown, no link, not in the short text
		if err := template.press([]button{{name: name, label: "x"}}, map[string]int{"amount": derivedCount, "pixel": slotPixel}, map[string]Type{"pixel": TypeLink}); err == nil {
			t.Errorf("a button for %q is taken", name)
		}
	}
}
