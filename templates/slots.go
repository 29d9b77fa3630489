package templates

import "vestnik/engine"

// Slots every template has beside its own variables, filled by page.derive. Their order is that of derivedSlots.
const (
	slotGreeting     = iota // "Здравствуйте, Мария Петровна!"
	slotProvider            // who writes
	slotProviderINN         //
	slotPayee               // requisites: empty when the provider has set no account to pay to
	slotPayeeINN            //
	slotPayeeKPP            //
	slotPayeeAccount        //
	slotPayeeBank           //
	slotPayeeBIC            //
	slotPayeeCorr           //
	slotPay                 // where to pay, a link; empty when there is nothing to pay or no place to
	slotPixel               // the open pixel, a link; empty when nothing is followed
	slotUnsubscribe         // a link; ads, and reminders by e-mail
	slotUnwanted            // what the link ends: "Отписаться от рекламных писем"
	slotDocument            // where the bill lies as PDF, a link; empty when it is attached or unwanted
	slotEnclosed            // not empty when the bill as PDF goes with the message
	slotDue                 // not empty when there is something to pay
	slotOverpaid            // a negative debt without its sign
	slotCharged             // the sum of all services
	slotCount               // "7 услуг"
	slotWhen                // from … to, or starts_at … ends_at, as a span
	slotZone                // whose time is meant, when that is not plain
	slotSubject             //
	slotPreheader           //
	slotWhy                 //
	derivedCount
)

// derivedSlots are the names templates know them by.
var derivedSlots = [derivedCount]string{"greeting", "provider", "provider_inn", "payee", "payee_inn", "payee_kpp", "payee_account",
	"payee_bank", "payee_bic", "payee_corr_account", "pay", "pixel", "unsubscribe", "unwanted", "document", "enclosed", "due", "overpaid", "services_total",
	"services_count", "when", "zone", "subject", "preheader", "why"}

// derivedLinks are those that are links.
var derivedLinks = []string{"pay", "pixel", "unsubscribe", "document"}

// settingSlots are filled with the provider's settings as they are.
var settingSlots = [...]struct {
	slot int
	key  string
}{
	{slotPayeeINN, "payment.inn"}, {slotPayeeKPP, "payment.kpp"}, {slotPayeeAccount, "payment.account"},
	{slotPayeeBank, "payment.bank"}, {slotPayeeBIC, "payment.bic"}, {slotPayeeCorr, "payment.corr_account"},
}

// payeeSlots are the requisites.
const payeeSlots slotSet = 1<<(slotPayeeCorr+1) - 1<<slotPayee

// payURL is the setting that makes the pay link: an address with {document_id}, {account}, {amount}, {period} in it.
const payURL = "payment.url"

// own is one of the recipient's own fields as a variable.
type own uint8

const (
	notOwn own = iota
	ownAccount
	ownName
	ownPremises
	ownDocumentID
	ownPeriod
	ownAmount
	ownDueDate
)

// ownFields tells which variables are fields of the recipient; they win over vars of the same name.
var ownFields = map[string]own{"account": ownAccount, "name": ownName, "premises": ownPremises, "document_id": ownDocumentID,
	"period": ownPeriod, "amount": ownAmount, "due_date": ownDueDate}

func (o own) of(r *engine.Recipient) datum {
	switch o {
	case ownAccount:
		return plainDatum(r.Account)
	case ownName:
		return plainDatum(r.Name)
	case ownPremises:
		return plainDatum(r.Premises)
	case ownDocumentID:
		return plainDatum(r.DocumentID)
	case ownPeriod:
		return plainDatum(r.Period)
	case ownDueDate:
		return plainDatum(r.DueDate)
	case ownAmount:
		if r.Amount != nil {
			return datum{kind: sum, sum: *r.Amount}
		}
	}
	return datum{}
}

// implicit are the variables that need no declaration.
func implicit(kind engine.Kind) []Variable {
	list := []Variable{{"account", TypeText}, {"name", TypeText}, {"premises", TypeText}}
	if kind.Payable() {
		list = append(list, Variable{"document_id", TypeText}, Variable{"period", TypePeriod}, Variable{"amount", TypeMoney},
			Variable{"pay_url", TypeLink}, Variable{"link", TypeLink})
	}
	return list
}
