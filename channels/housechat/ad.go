package housechat

import (
	"errors"
	"strings"
	"time"

	"vestnik/engine"
)

// advertisement reports what an ad lacks: the token that the register of ads gave it (erid), the word «Реклама» and the advertiser's name
// must be read in the post itself (Federal law 38-FZ "On advertising", articles 18 and 18.1). erid and advertiser are variables of the
// campaign or the recipient.
func advertisement(from engine.Sender, to *engine.Recipient, text string) error {
	vars := variablesOf(from.Campaign.Vars, to.Vars)
	erid, advertiser := vars["erid"], newScan(vars["advertiser"]).words
	s := newScan(text)
	switch {
	case erid == "" || !strings.Contains(text, erid):
		return errors.New("an ad needs its erid in the text")
	case !s.has(newScan("Реклама").words):
		return errors.New("an ad needs the word «Реклама» in the text")
	case len(advertiser) == 0 || !s.has(advertiser):
		return errors.New("an ad needs its advertiser's name in the text")
	}
	return nil
}

// limit makes the claim one of an ad, within the provider's frequency, in the provider's calendar.
func (c *claim) limit(p engine.Provider) error {
	most, days, err := engine.ParseFrequency(p.Setting(engine.SettingFrequency))
	if err != nil {
		return err
	}
	today := c.now.In((&engine.Recipient{}).Zone(p))
	c.ad, c.most, c.days = true, most, days
	c.day = time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	return nil
}
