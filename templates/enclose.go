package templates

import (
	"errors"

	"vestnik/engine"
)

// encloses tells why the template cannot enclose what it says.
func (t *Template) encloses() error {
	has := func(name string, kind Type) bool {
		i, known := t.index[name]
		return known && t.variables[i].required && t.variables[i].Type == kind
	}
	switch t.info.Encloses {
	case EnclosesBill:
		if !has("period", TypePeriod) || !has("amount", TypeMoney) {
			return errors.New("a template that encloses a bill requires period and amount")
		}
	case EnclosesEvent:
		if !has("from", TypeTime) && !has("starts_at", TypeTime) {
			return errors.New("a template that encloses an event requires from or starts_at")
		}
	}
	return nil
}

// Attached reports whether the message of a template that encloses a bill carries it over the channel.
func Attached(p *engine.Provider, ch engine.ChannelName) bool {
	way := p.Settings[engine.SettingBill]
	if way != "" && way != engine.BillAttached {
		return false
	}
	return ch == engine.Email || ch == engine.VK && p.Settings[engine.SettingDocuments] == engine.DocumentsOn
}

// enclose fills the slots that tell where the bill is: in the message, or behind a link.
func (pg *page) enclose(ch engine.ChannelName, p *engine.Provider) {
	if pg.template.info.Encloses != EnclosesBill {
		return
	}
	if Attached(p, ch) {
		pg.slots[slotEnclosed] = "да"
	} else if pg.links != nil && p.Settings[engine.SettingBill] != engine.BillUnwanted {
		pg.slots[slotDocument] = normalURL(pg.links.Document())
	}
}
