package vktest

import (
	"encoding/json"
	"net/url"
	"unicode/utf8"
)

// Limits of a keyboard below a message (dev.vk.com/ru/api/bots/development/keyboard).
const (
	mostRows    = 6
	mostColumns = 5
	mostButtons = 10
	mostLabel   = 40
)

// Button is a button below a message.
type Button struct {
	Label string
	Link  string          // that it opens; empty: VK tells the community of the press, with Payload
	Data  json.RawMessage // the payload
}

// buttonsOf reads a keyboard as VK does; no keyboard is fine.
func buttonsOf(keyboard string) (buttons []Button, ok bool) {
	if keyboard == "" {
		return nil, true
	}
	var k struct {
		Inline  bool `json:"inline"`
		OneTime bool `json:"one_time"`
		Buttons [][]struct {
			Color  string `json:"color"`
			Action struct {
				Type    string          `json:"type"`
				Link    string          `json:"link"`
				Label   string          `json:"label"`
				Payload json.RawMessage `json:"payload"`
			} `json:"action"`
		} `json:"buttons"`
	}
	if strictly(json.RawMessage(keyboard), &k) != nil || !k.Inline || k.OneTime || len(k.Buttons) > mostRows {
		return nil, false
	}
	for _, row := range k.Buttons {
		if len(row) == 0 || len(row) > mostColumns {
			return nil, false
		}
		for _, b := range row {
			link, err := url.Parse(b.Action.Link)
			opens := b.Action.Type == "open_link" && err == nil && (link.Scheme == "https" || link.Scheme == "http") && link.Host != "" && b.Color == ""
			if !opens && (b.Action.Type != "callback" || b.Action.Link != "") || b.Action.Label == "" || utf8.RuneCountInString(b.Action.Label) > mostLabel {
				return nil, false
			}
			buttons = append(buttons, Button{Label: b.Action.Label, Link: b.Action.Link, Data: b.Action.Payload})
		}
	}
	return buttons, len(buttons) > 0 && len(buttons) <= mostButtons
}
