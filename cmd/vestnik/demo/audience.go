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
	Type string // of its content, for the API
	Rows int
}

// Audience writes the list of a campaign of a kind into a folder: everybody for bills, those who owe for debts, some houses for outages, and for
// ads those who agreed to get them.
func (w *World) Audience(dir string, kind engine.Kind) (a Audience, err error) {
	a = Audience{File: filepath.Join(dir, "audience-"+string(kind)+".csv"), Type: client.CSV}
	write := w.debts
	switch kind {
	case engine.KindBill:
		write = w.bills
	case engine.KindOutage:
		write = w.outage
	case engine.KindAd:
		write = w.agreed
	case engine.KindAction:
		write = w.metered
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

// bills writes everybody; the table of services is JSON in its cell.
func (w *World) bills(to io.Writer) (rows int, err error) {
	out := csv.NewWriter(to)
	_ = out.Write([]string{"account", "name", "email", "vk_id", "gis_account_guid", "house", "premises", "document_id", "period", "amount", "due_date",
		"services", "debt", "penalty", "address", "area", "residents"}) // told by Error
	for i := range w.Size {
		p := w.Resident(i)
		b := w.Bill(p)
		services, err := json.Marshal(b.Services)
		if err != nil {
			return i, err
		}
		_ = out.Write([]string{p.Account, p.Name, p.Email, vk(p), p.GIS, p.House.ID, fmt.Sprint(p.Flat), b.Document, w.Period.Format("2006-01"),
			b.Amount.String(), w.Due.Format(time.DateOnly), string(services), owed(b.Debt), owed(b.Penalty),
			p.House.Address, fmt.Sprintf("%d.%d", p.Area/10, p.Area%10), fmt.Sprint(p.Tenants)})
	}
	out.Flush()
	return w.Size, out.Error()
}

// owed writes a sum that most bills do not have.
func owed(m engine.Money) string {
	if m == 0 {
		return ""
	}
	return m.String()
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

// suffers reports whether a house is without hot water: every third is.
func (w *World) suffers(h *House) bool { return w.houseNumber(h)%3 == 0 }

// outage writes the residents of the houses that suffer.
func (w *World) outage(to io.Writer) (rows int, err error) {
	out := csv.NewWriter(to)
	_ = out.Write([]string{"account", "name", "email", "vk_id", "gis_account_guid", "house", "premises", "address"}) // told by Error
	for n := range w.Houses {
		h := &w.Houses[n]
		if !w.suffers(h) {
			continue
		}
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

// metered writes every fourth account: those whose readings are missing.
func (w *World) metered(to io.Writer) (rows int, err error) {
	out := csv.NewWriter(to)
	_ = out.Write([]string{"account", "name", "email", "vk_id", "house", "premises"}) // told by Error
	for i := 0; i < w.Size; i += 4 {
		p := w.Resident(i)
		rows++
		_ = out.Write([]string{p.Account, p.Name, p.Email, vk(p), p.House.ID, fmt.Sprint(p.Flat)})
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
