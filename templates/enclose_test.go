package templates

import (
	"testing"

	"vestnik/engine"
)

func TestAttached(t *testing.T) {
	for _, test := range []struct {
		bill, documents string
		channels        []engine.ChannelName // that carry the bill
	}{
		{"", "", []engine.ChannelName{engine.Email}},
		{"", engine.DocumentsOff, []engine.ChannelName{engine.Email}},
		{"", engine.DocumentsOn, []engine.ChannelName{engine.Email, engine.VK}},
		{engine.BillAttached, engine.DocumentsOn, []engine.ChannelName{engine.Email, engine.VK}},
		{engine.BillLinked, engine.DocumentsOn, nil},
		{engine.BillUnwanted, engine.DocumentsOn, nil},
	} {
		provider := engine.Provider{Settings: map[string]string{engine.SettingBill: test.bill, engine.SettingDocuments: test.documents}}
		carry := map[engine.ChannelName]bool{}
		for _, ch := range test.channels {
			carry[ch] = true
		}
		for _, ch := range engine.ChannelNames() {
			if got := Attached(&provider, ch); got != carry[ch] {
				t.Errorf("bill %q, documents %q: %s carries it: %t", test.bill, test.documents, ch, got)
			}
		}
	}
}
