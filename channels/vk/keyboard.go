package vk

import (
	"net/url"
	"slices"

	"vestnik/engine"
)

// Limits of a keyboard in a message (dev.vk.com/ru/api/bots/development/keyboard): buttons, rows, letters of a label.
const (
	mostButtons = 10
	mostRows    = 6
	mostLabel   = 40
)

type keyboard struct {
	Inline  bool       `json:"inline"`
	Buttons [][]button `json:"buttons"`
}

type button struct {
	Action action `json:"action"`
}

type action struct {
	Type  string `json:"type"`
	Link  string `json:"link"`
	Label string `json:"label"`
}

// keyboardOf shows the buttons below the message, one a row as long as the rows suffice. What VK would refuse is left out: the addresses of
// buttons stand in the text too.
func keyboardOf(buttons []engine.Button) *keyboard {
	var list []button
	for _, b := range buttons {
		link, err := url.Parse(b.URL)
		label := []rune(clean(b.Label))
		if err != nil || link.Scheme != "https" && link.Scheme != "http" || link.Host == "" || len(label) == 0 {
			continue
		}
		if len(label) > mostLabel {
			label = append(label[:mostLabel-1], '…')
		}
		list = append(list, button{action{Type: "open_link", Link: link.String(), Label: string(label)}})
	}
	if len(list) == 0 {
		return nil
	}
	list = list[:min(len(list), mostButtons)]
	wide := (len(list) + mostRows - 1) / mostRows
	return &keyboard{Inline: true, Buttons: slices.Collect(slices.Chunk(list, wide))}
}
