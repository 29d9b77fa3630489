package demo

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// Audience is a list of recipients in a file, such as a billing program exports it.
type Audience struct {
	File string
	Type string // client.CSV or client.NDJSON
	Rows int
}

// Audience writes the list of a campaign of a kind into a folder: everybody for bills, those who owe for debts, some houses for outages, and for
// ads those who agreed to get them.
func (w *World) Audience(dir string, kind engine.Kind) (a Audience, err error) {
	a = Audience{File: filepath.Join(dir, "audience-"+string(kind)+".csv"), Type: client.CSV}
	write := w.debts
	switch kind {
	case engine.KindBill: // a table within a row is more than a cell of CSV can hold
		a.File, a.Type, write = filepath.Join(dir, "audience-bill.ndjson"), client.NDJSON, w.bills
	case engine.KindOutage:
		write = w.outage
	case engine.KindAd:
		write = w.agreed
	}
	file, err := os.OpenFile(a.File, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return a, fmt.Errorf("write the audience: %w", err)
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	a.Rows, err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return a, fmt.Errorf("write the audience: %w", err)
	}
	return a, nil
}

// row is one recipient of a list of bills.
type row struct {
	Account  string       `json:"account"`
	Name     string       `json:"name"`
	Email    string       `json:"email,omitempty"`
	VK       int64        `json:"vk_id,omitempty"`
	GIS      string       `json:"gis_account_guid,omitempty"`
	House    string       `json:"house"`
	Premises string       `json:"premises"`
	Document string       `json:"document_id"`
	Period   string       `json:"period"`
	Amount   engine.Money `json:"amount"`
	Due      string       `json:"due_date"`
	Services []Charge     `json:"services"`
	Debt     engine.Money `json:"debt,omitempty"`
	Penalty  engine.Money `json:"penalty,omitempty"`
}

// bills writes everybody as NDJSON, with the table of services.
func (w *World) bills(to io.Writer) (rows int, err error) {
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	for i := range w.Size {
		p := w.Resident(i)
		b := w.Bill(p)
		err := out.Encode(row{
			Account: p.Account, Name: p.Name, Email: p.Email, VK: p.VK, GIS: p.GIS, House: p.House.ID, Premises: fmt.Sprint(p.Flat),
			Document: b.Document, Period: w.Period.Format("2006-01"), Amount: b.Amount, Due: w.Due.Format(time.DateOnly),
			Services: b.Services, Debt: b.Debt, Penalty: b.Penalty,
		})
		if err != nil {
			return i, err
		}
	}
	return w.Size, nil
}

// debts writes those who owe, as Russian spreadsheets do: semicolons, a decimal comma, a byte-order mark.
func (w *World) debts(to io.Writer) (rows int, err error) {
	if _, err := io.WriteString(to, "\ufeff"); err != nil {
		return 0, err
	}
	out := csv.NewWriter(to)
	out.Comma, out.UseCRLF = ';', true
	_ = out.Write([]string{"Лицевой счёт", "ФИО", "Эл. почта", "VK", "ФИАС", "Квартира", "ИПД", "Период", "Сумма", "Оплатить до"}) // told by Error
	for i := range w.Size {
		p := w.Resident(i)
		n := w.Notice(p)
		if n.Amount == 0 {
			continue
		}
		rows++
		_ = out.Write([]string{p.Account, p.Name, p.Email, vk(p), p.House.ID, fmt.Sprint(p.Flat), n.Document, n.Period.Format("01.2006"),
			comma(n.Amount), w.Due.Format("02.01.2006")})
	}
	out.Flush()
	return rows, out.Error()
}

// outage writes the residents of every third house.
func (w *World) outage(to io.Writer) (rows int, err error) {
	out := csv.NewWriter(to)
	_ = out.Write([]string{"account", "name", "email", "vk_id", "gis_account_guid", "house", "premises", "address"}) // told by Error
	for n := 0; n < len(w.Houses); n += 3 {
		h := &w.Houses[n]
		for i := h.first; i < h.first+h.Flats; i++ {
			p := w.Resident(i)
			rows++
			_ = out.Write([]string{p.Account, p.Name, p.Email, vk(p), p.GIS, h.ID, fmt.Sprint(p.Flat), h.Address})
		}
	}
	out.Flush()
	return rows, out.Error()
}

// agreed writes every fifth account: those who agreed to advertising.
func (w *World) agreed(to io.Writer) (rows int, err error) {
	out := csv.NewWriter(to)
	out.Comma = '\t'
	_ = out.Write([]string{"ЛС", "ФИО", "Email", "VK", "Код дома"}) // told by Error
	for i := 0; i < w.Size; i += 5 {
		p := w.Resident(i)
		rows++
		_ = out.Write([]string{p.Account, p.Name, p.Email, vk(p), p.House.ID})
	}
	out.Flush()
	return rows, out.Error()
}

// vk is the resident's VK id as a cell.
func vk(p Resident) string {
	if p.VK == 0 {
		return ""
	}
	return fmt.Sprint(p.VK)
}

// comma writes a sum with a decimal comma.
func comma(m engine.Money) string { return fmt.Sprintf("%d,%02d", m/100, m%100) }
