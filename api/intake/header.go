package intake

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is a field of a recipient, or what else a column can be.
type field uint8

const (
	variable field = iota // a template variable
	nameless              // a column without a name: its cells must be empty
	account
	name
	email
	vkID
	gisAccount
	house
	premises
	timezone
	delivery
	documentID
	period
	amount
	dueDate
	varsObject // of NDJSON
)

// fieldNames are the names by which problems tell fields.
var fieldNames = [...]string{account: "account", name: "name", email: "email", vkID: "vk_id", gisAccount: "gis_account_guid",
	house: "house", premises: "premises", timezone: "timezone", delivery: "delivery", documentID: "document_id", period: "period",
	amount: "amount", dueDate: "due_date", varsObject: "vars"}

// headers are the headers understood, as plainHeader writes them.
var headers = map[string]field{
	"account": account, "лицевойсчет": account, "лс": account, "елс": account, "номерлицевогосчета": account, "единыйлицевойсчет": account,
	"name": name, "фио": name,
	"email": email, "элпочта": email, "электроннаяпочта": email,
	"vkid": vkID, "vk": vkID, "вк": vkID,
	"gisaccountguid": gisAccount,
	"house":          house, "фиас": house, "коддома": house,
	"premises": premises, "помещение": premises, "квартира": premises,
	"timezone": timezone, "часовойпояс": timezone,
	"delivery": delivery, "способдоставки": delivery,
	"documentid": documentID, "ипд": documentID,
	"period": period, "период": period,
	"amount": amount, "сумма": amount,
	"duedate": dueDate, "оплатитьдо": dueDate,
}

// plainHeader leaves the letters and digits of a header, small and without ё: "Эл. почта" and "эл_почта" are one header.
func plainHeader(text string) string {
	return strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		switch {
		case r == 'ё':
			return 'е'
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return r
		}
		return -1
	}, text)
}

// fieldOf tells what a header or a key stands for.
func fieldOf(text string) field { return headers[plainHeader(text)] }

// title is the column's name in problems; nil is the row as a whole.
func (c *column) title() string {
	switch {
	case c == nil:
		return ""
	case c.field == variable:
		return c.name
	}
	return fieldNames[c.field]
}

// header reads the header row and finds out the delimiter.
func (c *csvRows) header() error {
	c.source.fill(block)
	candidates := c.separator()
	for {
		if size := c.source.line(); size > 0 && len(bytes.TrimSpace(c.source.window()[:size])) == 0 {
			c.take(size)
			continue
		}
		size, err := c.chooseDelimiter(candidates)
		switch {
		case err == io.EOF:
			return c.refuse(0, "empty")
		case err != nil:
			return err
		}
		if c.empty(c.cells) {
			c.take(size)
			continue
		}
		if problems := c.readHeader(); len(problems) > 0 {
			return &Error{Status: http.StatusUnprocessableEntity, Problems: problems}
		}
		c.take(size)
		return nil
	}
}

// separator tells what the delimiter may be, heeding the line `sep=;` with which Excel tells it.
func (c *csvRows) separator() (candidates []byte) {
	size := max(0, c.source.line())
	line := strings.Trim(string(c.source.window()[:size]), "\r\n\"")
	if given, ok := strings.CutPrefix(strings.ToLower(line), "sep="); ok && len(given) == 1 && strings.Contains(",;\t", given) {
		c.take(size)
		return []byte(given)
	}
	return []byte(",;\t")
}

// chooseDelimiter cuts the row at the window's start with the delimiter by which an account is understood, or else by which it has most cells.
func (c *csvRows) chooseDelimiter(candidates []byte) (size int, err error) {
	best := -1
	for _, candidate := range candidates {
		_, tried, err := c.record(candidate)
		if err != nil {
			return 0, err
		}
		score := len(c.cells)
		for _, one := range c.cells {
			if tried.code == "" && fieldOf(c.value(one)) == account {
				score += MaxRow
			}
		}
		if tried.code == "" && score > best {
			best, c.delimiter = score, candidate
		}
	}
	if best < 0 {
		return 0, c.refuse(c.line+1, "bad_header")
	}
	size, _, err = c.record(c.delimiter)
	return size, err
}

// value is the text of a cell of the row at the window's start, trimmed.
func (c *csvRows) value(one cell) string {
	return trim(strings.ReplaceAll(string(c.source.window()[one.from:one.to]), `""`, `"`))
}

// readHeader makes columns of the cells and tells everything that is wrong with them.
func (c *csvRows) readHeader() (problems []Problem) {
	if len(c.cells) > MaxVariables {
		return []Problem{c.told(c.line+1, 0, "", "too_many_columns", len(c.cells), MaxVariables)}
	}
	seen := map[string]bool{}
	for _, one := range c.cells {
		text := c.value(one)
		column := column{field: fieldOf(text), name: text}
		line, at := c.place(one.start())
		refuse := func(code string) {
			problems = append(problems, c.told(line, at, column.title(), code))
		}
		switch {
		case text == "":
			column.field = nameless
		case !utf8.ValidString(text):
			column.name = ""
			refuse("bad_encoding")
		case strings.ContainsFunc(text, unicode.IsControl) || formula(text):
			column.name = ""
			refuse("bad_header")
		case seen[column.title()]:
			refuse("duplicate_column")
		}
		if seen[column.title()] = true; column.field == variable {
			column.key = string(appendEscaped([]byte{'"'}, text)) + `":"`
			c.variables = append(c.variables, text)
		}
		c.columns = append(c.columns, column)
	}
	if !seen[fieldNames[account]] {
		problems = append(problems, c.noAccount())
	}
	return problems
}

// noAccount tells that no column is the account, and which columns there are, unless the first line seems to hold a recipient already.
func (c *csvRows) noAccount() Problem {
	const most = 20
	var names []string
	for i := range c.columns {
		text := c.columns[i].name
		if strings.Contains(text, "@") || digits(text) >= 4 {
			return c.told(c.line+1, 0, fieldNames[account], "no_header")
		}
		if runes := []rune(text); len(runes) > 40 {
			text = string(runes[:40]) + "…"
		}
		if text != "" && i < most {
			names = append(names, fmt.Sprintf("«%s»", text))
		}
	}
	if len(c.columns) > most {
		names = append(names, "…")
	}
	return c.told(c.line+1, 0, fieldNames[account], "no_account_column", strings.Join(names, ", "))
}

func digits(text string) (n int) {
	for _, r := range text {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
