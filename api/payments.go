package api

import (
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// maxItems is how many payments or events one request may bring.
const maxItems = 10_000

var (
	decimalText = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,2})?$`)
	periodText  = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])$`)
)

// clockSkew is how far ahead of ours a client's clock may be.
const clockSkew = 24 * time.Hour

// takePayments books payments: all of them, or none when one is wrong.
func (s *Server) takePayments(c echo.Context) error {
	f := &form{language: languageOf(c.Request())}
	var payments []engine.Payment
	repeated, seen := 0, map[string]bool{}
	told, err := s.placed(c)
	if err != nil {
		return err
	}
	err = f.list(c, maxItems, func(o *object) {
		p := o.payment()
		if p.ReportToGIS && !told {
			o.wrong("report_to_gis", "gis_off")
		}
		if p.Reference != "" && seen[p.Reference] {
			repeated++
			return
		}
		seen[p.Reference] = true
		payments = append(payments, p)
	})
	if err != nil {
		return err
	}
	if err := f.err(); err != nil {
		return err
	}
	report, err := s.config.Engine.Pay(c.Request().Context(), caller(c).Provider, caller(c).Mode, payments)
	if err != nil {
		return err
	}
	report.Duplicates += repeated
	return c.JSON(http.StatusOK, report)
}

func (o *object) payment() engine.Payment {
	p := engine.Payment{Reference: o.text("reference", required, 255)}
	p.DocumentID, p.Account, p.Period = o.text("document_id", optional, 100), o.text("account", optional, 100), o.period()
	p.Amount = o.money("amount")
	if p.PaidAt = o.time("paid_at", required); p.PaidAt.After(time.Now().Add(clockSkew)) {
		o.wrong("paid_at", "future")
	}
	p.ReportToGIS = o.flag("report_to_gis")
	switch {
	case o.broken:
	case p.DocumentID != "" && p.Account == "" && p.Period == "", p.DocumentID == "" && p.Account != "" && p.Period != "":
	default:
		o.wrong("document_id", "one_of", "document_id | account + period")
	}
	o.close()
	return p
}

// period reads a month.
func (o *object) period() string {
	s := o.text("period", optional, 10)
	if s != "" && !periodText.MatchString(s) {
		o.wrong("period", "month")
		return "-" // so that it is not missed as well
	}
	return s
}

// money reads a sum above zero.
func (o *object) money(name string) engine.Money {
	raw, ok := o.take(name, required)
	if !ok {
		return 0
	}
	text := string(raw)
	if n := len(text); n < 2 || text[0] != '"' || !decimalText.MatchString(text[1:n-1]) {
		o.wrong(name, "money")
		return 0
	}
	sum, err := engine.ParseMoney(text[1 : len(text)-1])
	if err != nil || sum <= 0 {
		o.wrong(name, "money")
	}
	return sum
}
