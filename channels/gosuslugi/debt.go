package gosuslugi

import (
	"encoding/xml"
	"errors"
	"unicode/utf8"

	"vestnik/engine"
)

// A debt is told to the owner of one account by news of the sort "Необходимость погашения задолженности" (DeptsInforming). Its neighbours in the
// schema are about special accounts for capital repairs, and it may be meant for their debts only: it is off unless the provider wants it.

// debtor is an account and what it owes.
type debtor struct {
	Sum     engine.Money `xml:"hm:TotalDebt"`
	Account string       `xml:"ab:UnifiedAccountNumber"`
}

// debtTopic is the topic of all of them. There is no text: should others see the news too, they learn nothing of anybody.
const debtTopic = "Необходимость погашения задолженности"

// unifiedLength is how many characters an единый лицевой счёт has.
const unifiedLength = 10

var debtDesk = desk{houses, "importNotificationData", func() xml.StartElement { return head("hm:importNotificationRequest", "13.2.2.0", "hm", "ab") }, mostNotices}

// debts tells debts, one news an account, so that one that is refused does not take others with it.
func (v *visit) debts(who []int) {
	accounts, who := v.enrol(who)
	var list []*notice
	for _, i := range who {
		sum := v.msgs[i].Recipient.Amount
		switch {
		case utf8.RuneCountInString(accounts[i].Unified) != unifiedLength:
			v.fail([]int{i}, badAddress("account"))
			continue
		case sum == nil || *sum <= 0:
			v.fail([]int{i}, &engine.Fault{Reason: engine.BadMessage, Code: "amount", Err: errors.New("there is no debt to tell of")})
			continue
		}
		id := guidOf(v.msgs[i].Key)
		told := creation{Topic: debtTopic, Debt: &debtor{*sum, accounts[i].Unified}, NoLimit: true, Send: true}
		list = append(list, &notice{of: i, event: &event{id: id}, elements: []any{news{Transport: id, Create: &told}}})
	}
	v.publish(debtDesk, list)
}
