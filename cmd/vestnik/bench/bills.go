package bench

import (
	"encoding/json"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"vestnik/engine"
	"vestnik/templates"
	"vestnik/templates/enclosed"
)

// charges are the services of the bills that are printed: as many as a flat in a large house has.
var charges = []string{"Содержание жилого помещения", "Отопление", "Холодное водоснабжение", "Горячее водоснабжение", "Водоотведение", "Электроснабжение",
	"Обращение с твёрдыми коммунальными отходами", "Взнос на капитальный ремонт", "Домофон", "Газоснабжение", "Антенна", "Охрана"}

// billsRound is after how many bills it is told how far they are.
const billsRound = 500

// bills prints bills as PDF, each read back and compared with its data as it is before it is sent, with a worker on each processor. Its goal is
// counted in processor time, so that it means the same on any number of processors.
func bills(b *bed) (r Result, err error) {
	texts, err := enclosed.New(templates.Builtin())
	if err != nil {
		return r, err
	}
	text, err := texts.Open(b.ctx, engine.TemplateRef{Name: "bill-monthly"})
	if err != nil {
		return r, err
	}
	printer := text.(engine.Documented)
	size := atomic.Int64{}
	r.Measure, err = b.timed("print", b.options.N, "bills", func() error {
		for from := 0; from < b.options.N; from += billsRound {
			to := min(from+billsRound, b.options.N)
			next := atomic.Int64{}
			next.Store(int64(from))
			if err := together(runtime.GOMAXPROCS(0), func() error {
				for i := int(next.Add(1)) - 1; i < to && b.ctx.Err() == nil; i = int(next.Add(1)) - 1 {
					data, err := printed(printer, i)
					if err != nil {
						return err
					}
					size.Add(int64(len(data)))
				}
				return b.ctx.Err()
			}); err != nil {
				return err
			}
			b.show("Счета // Bills", to, b.options.N)
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	r.Bytes = size.Load()
	r.Work = fmt.Sprintf("%d bills of %d services and %d bytes as PDF with a QR code, read back and compared", b.options.N, len(charges), r.Bytes/int64(b.options.N))
	r.Goals = []Goal{atLeast("per_core", 200, float64(r.N)/max(r.Processes[0].CPU, tick.Seconds()))}
	return r, nil
}

// printed gives the bill of the i-th resident.
func printed(text engine.Documented, i int) ([]byte, error) {
	p := person(i)
	list := make([]map[string]string, len(charges))
	for k, name := range charges {
		list[k] = map[string]string{"name": name, "unit": "м³", "volume": fmt.Sprintf("%d.%03d", k, i%1000), "rate": "219.54", "charged": engine.Money(100_00*k + i%100_00).String()}
	}
	list[i%len(charges)]["recalculated"] = "-12.50"
	vars, err := json.Marshal(map[string]any{"services": list, "debt": "1234.56", "penalty": "7.89", "address": "г. Заречный, ул. Садовая, д. 5", "area": "54.3"})
	if err != nil {
		return nil, err
	}
	p.Vars = vars
	file, err := text.Document(&engine.Letter{Provider: utility(), Recipient: &p,
		Campaign: engine.Campaign{ID: "bench", Kind: engine.KindBill, StartedAt: time.Now()}})
	if err != nil {
		return nil, err
	}
	return file.Bytes()
}
