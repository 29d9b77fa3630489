// Package enclosed gives templates their files: the bill as PDF, and the entry for calendars. It knows which message carries which, and what of a
// letter they tell; bill and calendar know how they are made. A bill is made only when it is about to be sent, or when somebody follows the link
// to it: until then a message costs no more than its text.
package enclosed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strings"
	"unicode"

	"vestnik/engine"
	"vestnik/templates"
	"vestnik/templates/bill"
	"vestnik/templates/calendar"
)

// Library is where the templates are.
type Library interface {
	Find(ctx context.Context, ref engine.TemplateRef) (*templates.Template, error)
}

// Texts are the templates of a Library with their files; they implement engine.Texts. Safe for concurrent use.
type Texts struct {
	library Library
	printer *bill.Printer
}

// New makes Texts; it takes some milliseconds.
func New(library Library) (*Texts, error) {
	printer, err := bill.NewPrinter()
	if err != nil {
		return nil, err
	}
	return &Texts{library: library, printer: printer}, nil
}

// Open gives the exact version that ref names; see engine.Texts.
func (x *Texts) Open(ctx context.Context, ref engine.TemplateRef) (engine.Text, error) {
	t, err := x.library.Find(ctx, ref)
	if err != nil {
		return nil, err
	}
	switch t.Info().Encloses {
	case templates.EnclosesBill:
		return billed{t, x.printer}, nil
	case templates.EnclosesEvent:
		return dated{t}, nil
	}
	return t, nil
}

// billed is a template whose messages have a bill; it is an engine.Documented.
type billed struct {
	*templates.Template
	printer *bill.Printer
}

// Render writes the message, with its bill where it is attached.
func (t billed) Render(ch engine.ChannelName, letter *engine.Letter) (engine.Content, error) {
	content, err := t.Template.Render(ch, letter)
	if err == nil && templates.Attached(&letter.Provider, ch) {
		content.Files = append(content.Files, t.file(letter))
	}
	return content, err
}

// Document gives the bill.
func (t billed) Document(letter *engine.Letter) (engine.File, error) {
	if letter.Provider.Setting(engine.SettingBill) == engine.BillUnwanted {
		return engine.File{}, engine.ErrNotFound
	}
	return t.file(letter), nil
}

func (t billed) file(letter *engine.Letter) engine.File {
	own, person := *letter, *letter.Recipient // neither is ours to keep
	own.Recipient = &person
	return engine.File{
		Name: "Квитанция " + own.Recipient.Period + " " + fileName(own.Recipient.Account) + ".pdf", Type: "application/pdf",
		Make: func() ([]byte, error) {
			values, err := t.Values(&own)
			if err != nil {
				return nil, err
			}
			b := billOf(&own.Provider, values)
			return t.printer.Print(&b)
		},
	}
}

// fileName leaves what may stand in the name of a file everywhere.
func fileName(text string) string {
	return strings.Map(func(letter rune) rune {
		if unicode.IsLetter(letter) || unicode.IsDigit(letter) {
			return letter
		}
		return '-'
	}, text)
}

// billOf reads the bill out of a letter.
func billOf(p *engine.Provider, v templates.Values) bill.Bill {
	name := p.Settings["payment.name"]
	if name == "" {
		name = p.Name
	}
	return bill.Bill{
		Provider: p.Name, ProviderINN: p.INN,
		Payee: bill.Payee{Name: name, INN: p.Settings["payment.inn"], KPP: p.Settings["payment.kpp"], Account: p.Settings["payment.account"],
			Bank: p.Settings["payment.bank"], BIC: p.Settings["payment.bic"], Corr: p.Settings["payment.corr_account"]},
		Account: v.Text("account"), Document: v.Text("document_id"), Period: v.Day("period"), Due: v.Day("due_date"), Payer: v.Text("name"),
		Address: addressOf(v.Text("address"), v.Text("premises")), Area: counted(v.Text("area"), "м²"), Residents: counted(v.Text("residents"), "чел."),
		Charges: v.Charges(), Debt: v.Money("debt"), Penalty: v.Money("penalty"), Amount: v.Money("amount"),
	}
}

// addressOf adds the flat to an address that does not name it.
func addressOf(house, flat string) string {
	if flat != "" && flat[0] >= '0' && flat[0] <= '9' {
		flat = "кв. " + flat
	}
	switch {
	case flat == "" || strings.HasSuffix(house, flat):
		return house
	case house == "":
		return flat
	}
	return house + ", " + flat
}

// counted writes a number with its unit; what is more than a number stays as it is.
func counted(number, unit string) string {
	if number == "" || strings.Trim(number, "0123456789.,") != "" {
		return number
	}
	return templates.Number(number) + " " + unit
}

// dated is a template whose e-mail has an entry for calendars.
type dated struct{ *templates.Template }

// Render writes the message, and its entry if it is an e-mail.
func (t dated) Render(ch engine.ChannelName, letter *engine.Letter) (engine.Content, error) {
	content, err := t.Template.Render(ch, letter)
	if err != nil || ch != engine.Email {
		return content, err
	}
	values, err := t.Values(letter)
	if err != nil {
		return content, err
	}
	content.Files = append(content.Files, engine.File{Name: "Календарь.ics", Type: calendar.Type, Data: calendar.Write(eventOf(letter, values, content))})
	return content, nil
}

// eventOf reads the event out of a letter: what the e-mail says, for a calendar.
func eventOf(letter *engine.Letter, v templates.Values, content engine.Content) calendar.Event {
	e := calendar.Event{ID: eventID(letter), Stamp: letter.Campaign.CreatedAt, Begin: v.Time("from"), End: v.Time("to"), Organizer: letter.Provider.Name}
	if e.Begin.IsZero() {
		e.Begin, e.End = v.Time("starts_at"), v.Time("ends_at")
	}
	if from, err := mail.ParseAddress(letter.Provider.Setting("email.from")); err == nil {
		e.Mail = from.Address
	}
	if letter.Campaign.Kind == engine.KindMeeting {
		e.Summary, e.Location, e.URL = "Собрание собственников: "+v.Text("topic"), v.Text("place"), v.Text("link")
		e.Description = v.Lines("agenda")
		return e
	}
	e.Summary, e.Location = "Отключение: "+v.Text("service"), v.Text("address")
	e.Description = strings.TrimSpace(v.Text("reason") + "\n" + v.Text("phone"))
	return e
}

// eventID tells events apart without telling whose they are: one resident may get the same news about two flats.
func eventID(letter *engine.Letter) string {
	sum := sha256.Sum256([]byte(string(letter.Campaign.ID) + "\x00" + letter.Recipient.Account))
	return hex.EncodeToString(sum[:12]) + "@vestnik"
}
