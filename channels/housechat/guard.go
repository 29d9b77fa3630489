package housechat

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"vestnik/engine"
)

// What must never be read in a chat of neighbours. Templates leave it out already (package templates renders for house chats without the
// recipient); the guard stands behind them, for texts and variables that people write. It would rather refuse a post that happens to have
// a resident's name in it than let one through: the other lanes of the route reach the residents all the same.
//
// Known limits: amounts in words of the genitive and the other cases, and names in Latin letters that only sound alike, pass.
var (
	errName     = errors.New("the text has a part of the recipient's name")
	errAccount  = errors.New("the text has the recipient's account")
	errPremises = errors.New("the text has the recipient's premises")
	errAmount   = errors.New("the text has the recipient's amount")
	errContact  = errors.New("the text has an address or a document of the recipient")
	errLink     = errors.New("the text has the recipient's own link to unsubscribe")
)

// guard tells what of the recipient a post would give away; nil if nothing. The error never repeats it.
func guard(from engine.Sender, to *engine.Recipient, content engine.Content) error {
	text := content.Text
	for _, b := range content.Buttons {
		text += "\n" + b.Label + "\n" + b.URL
	}
	if content.Unsubscribe != "" && strings.Contains(text, content.Unsubscribe) {
		return errLink
	}
	var own struct{ Name, Account, Premises, Amount, Debt, Penalty any } // of the recipient's variables, any case
	_ = json.Unmarshal(to.Vars, &own)                                    // what is no object has none
	s := newScan(text)
	s.exempt(from.Provider.Name)
	s.exempt(variablesOf(from.Campaign.Vars)["advertiser"])
	switch {
	case s.names(to.Name), s.names(word(own.Name)):
		return errName
	case s.account(to.Account), s.account(word(own.Account)):
		return errAccount
	case s.premises(to.Premises), s.premises(word(own.Premises)):
		return errPremises
	case to.Amount != nil && s.amount(*to.Amount), slices.ContainsFunc([]any{own.Amount, own.Debt, own.Penalty}, s.anyAmount):
		return errAmount
	case s.contacts(to):
		return errContact
	}
	return nil
}

// word gives a variable as it is written; empty if it is neither a text nor a number.
func word(variable any) string {
	switch v := variable.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func (s *scan) anyAmount(variable any) bool {
	sum, err := engine.ParseMoney(word(variable))
	return err == nil && s.amount(sum)
}

// contacts reports whether the text has what else leads to the recipient.
func (s *scan) contacts(to *engine.Recipient) bool {
	if email := fold(to.Email); email != "" && strings.Contains(s.text, email) {
		return true
	}
	for _, number := range []string{to.DocumentID, to.GISAccount} {
		if len(number) >= 6 && s.number(number) {
			return true
		}
	}
	return to.VKID > 9999 && s.number(strconv.FormatInt(to.VKID, 10))
}

// variablesOf reads variables, later lists winning; only texts count.
func variablesOf(lists ...json.RawMessage) map[string]string {
	all := map[string]string{}
	for _, list := range lists {
		var vars map[string]any
		if json.Unmarshal(list, &vars) != nil {
			continue
		}
		for name, value := range vars {
			all[name] = strings.TrimSpace(word(value))
		}
	}
	return all
}
