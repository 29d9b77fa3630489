package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"vestnik/api/client"
	"vestnik/engine"
)

// json writes v for programs.
func (t *terminal) json(v any) error {
	e := json.NewEncoder(t.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// table writes rows under a head of phrases in both languages; a column whose phrase begins with ">" is aligned to the right.
func (t *terminal) table(title string, head []string, rows [][]string) error {
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.Style().Format.Header = text.FormatDefault
	w.Style().Title.Align = text.AlignLeft
	if title != "" {
		w.SetTitle(strings.ReplaceAll(title, "%", "%%"))
	}
	var columns []table.ColumnConfig
	row := table.Row{}
	for i, name := range head {
		name, right := strings.CutPrefix(name, ">")
		if right {
			columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
		row = append(row, t.Cut(name))
	}
	w.SetColumnConfigs(columns)
	w.AppendHeader(row)
	for _, cells := range rows {
		row := make(table.Row, len(cells))
		for i, cell := range cells {
			row[i] = cell
		}
		w.AppendRow(row)
	}
	return t.print(w.Render())
}

// funnel writes a report as tables in people and roubles.
func (t *terminal) funnel(title string, r client.Report) error {
	var rows [][]string
	for _, s := range r.Stages {
		rows = append(rows, []string{t.stage(s.Stage), t.number(s.Count), t.share(s.Count, r.Stages[0].Count), t.roubles(s.Amount)})
	}
	if err := t.table(title, []string{"Этап // Stage", ">Человек // People", ">Доля // Share", ">Рублей // Roubles"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, name := range engine.ChannelNames() {
		if c, ok := r.Channels[name]; ok {
			rows = append(rows, []string{t.channel(name), t.number(c.Sent), t.number(c.Received), t.number(c.Opened), t.number(c.Clicked), t.number(c.Paid),
				t.number(c.Failed), t.number(c.Bounced)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return t.table("", []string{"Канал // Channel", ">Отправлено // Sent", ">Получено // Received", ">Открыто // Opened", ">Переходы // Clicked",
		">Оплачено // Paid", ">Не вышло // Failed", ">Возвраты // Bounced"}, rows)
}

// groups writes the breakdown of a report, one line a group.
func (t *terminal) groups(by string, groups []client.Group) error {
	head := []string{by}
	var rows [][]string
	for _, g := range groups {
		row := []string{g.Key}
		for _, s := range g.Stages {
			if len(rows) == 0 {
				head = append(head, ">"+t.stage(s.Stage))
			}
			row = append(row, t.number(s.Count))
		}
		if n := len(g.Stages); n > 0 {
			row = append(row, t.roubles(g.Stages[n-1].Amount))
		}
		rows = append(rows, row)
	}
	return t.table("", append(head, ">Рублей // Roubles"), rows)
}

// stage names a stage of a funnel.
func (t *terminal) stage(f engine.Fact) string {
	switch f {
	case engine.Ordered:
		return t.Say("Заказано", "Ordered")
	case engine.Sent:
		return t.Say("Отправлено", "Sent")
	case engine.Received:
		return t.Say("Получено", "Received")
	case engine.Opened:
		return t.Say("Открыто", "Opened")
	case engine.Clicked:
		return t.Say("Переходы", "Clicked")
	case engine.Paid:
		return t.Say("Оплачено", "Paid")
	}
	return string(f)
}

// channel names a channel.
func (t *terminal) channel(name engine.ChannelName) string {
	switch name {
	case engine.Gosuslugi:
		return t.Say("Госуслуги", "Gosuslugi")
	case engine.Email:
		return t.Say("Почта", "E-mail")
	case engine.VK:
		return t.Say("ВКонтакте", "VK")
	case engine.HouseChat:
		return t.Say("Чат дома", "House chat")
	case engine.Paper:
		return t.Say("Бумага", "Paper")
	}
	return string(name)
}

// number writes n with its thousands apart.
func (t *terminal) number(n int64) string {
	return group(strconv.FormatInt(n, 10), t.Say("\u00a0", ","))
}

// share writes part of whole in per cent.
func (t *terminal) share(part, whole int64) string {
	if whole == 0 {
		return "—"
	}
	s := strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + "\u00a0%"
	return strings.Replace(s, ".", t.Say(",", "."), 1)
}

// roubles writes a sum: "1 234,56" or "1,234.56".
func (t *terminal) roubles(m engine.Money) string {
	whole, kopecks, _ := strings.Cut(m.String(), ".")
	return group(whole, t.Say("\u00a0", ",")) + t.Say(",", ".") + kopecks
}

// group puts a separator between the thousands of a whole number.
func group(digits, separator string) string {
	digits, minus := strings.CutPrefix(digits, "-")
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + separator + digits[at:]
	}
	if minus {
		return "-" + digits
	}
	return digits
}

// clock writes a time as the person's own clock shows it; empty for none.
func clock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format("2006-01-02 15:04")
}

// ledger writes a balance in one line.
func (t *terminal) ledger(b engine.Balance) string {
	return fmt.Sprintf(t.Cut("заказано %d: доставлено %d, не доставлено %d, не отправляли %d, опоздало %d, отменено %d, в пути %d // "+
		"ordered %d: delivered %d, undelivered %d, suppressed %d, expired %d, cancelled %d, in flight %d"),
		b.Ordered, b.Delivered, b.Undelivered, b.Suppressed, b.Expired, b.Cancelled, b.InFlight)
}
