package templates

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"vestnik/engine"
)

// button is a link of the short text that messengers also show as a button below it.
type button struct {
	name  string // of the link
	label string
	slot  int
}

// mostLabel is how many letters a messenger shows on a button: VK takes 40 (dev.vk.com/ru/api/bots/development/keyboard).
const mostLabel = 40

// readButtons reads a list such as "pay Оплатить, link Подробнее": the name of a link and the label.
func readButtons(list string) (buttons []button, err error) {
	for item := range strings.SplitSeq(list, ",") {
		name, label, _ := strings.Cut(strings.TrimSpace(item), " ")
		label = strings.TrimSpace(label)
		if n := utf8.RuneCountInString(label); !isIdentifier(name) || n == 0 || n > mostLabel {
			return nil, fmt.Errorf("a button is written like %q, its label has up to %d letters", "pay Оплатить", mostLabel)
		}
		buttons = append(buttons, button{name: name, label: label})
	}
	return buttons, nil
}

// press gives every button the slot of its link. A button alone does not do: what shows none must have the address in its text.
func (t *Template) press(buttons []button, slots map[string]int, types map[string]Type) error {
	for _, b := range buttons {
		slot, known := slots[b.name]
		if !known || types[b.name] != TypeLink || !t.short.reads().has(slot) {
			return fmt.Errorf("short.txt has no link %q for a button", b.name)
		}
		b.slot = slot
		t.buttons = append(t.buttons, b)
	}
	return nil
}

// buttons are those whose links there are. They lead where the text's links lead, and are counted as those are.
func (pg *page) buttons(ch engine.ChannelName) (list []engine.Button) {
	if ch == engine.Gosuslugi { // shows the text only
		return nil
	}
	for _, b := range pg.template.buttons {
		if link := pg.slots[b.slot]; link != "" {
			list = append(list, engine.Button{Label: b.label, URL: pg.follow(link)})
		}
	}
	return list
}
