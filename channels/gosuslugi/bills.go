package gosuslugi

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"vestnik/engine"
)

// What one request may hold: of documents by the schema, of documents looked for so that the answer stays below 10 MB.
const (
	mostDocuments = 500
	mostSought    = 300
)

// bills places the bills of messages: registries and accounts first, then those of which nobody knows whether they are there, then the others.
func (v *visit) bills(who []int) {
	known, waiting, failed := v.lists(housingServices, utilityServices, extraServices, penaltyKinds)
	if failed != nil {
		v.fail(who, failed.Fault)
		return
	}
	ids, who := v.accounts(who)
	if waiting != nil {
		v.later(who, waitFor(waiting))
		return
	}
	who, doubtful, err := v.sure(who)
	if err != nil {
		v.fail(append(who, doubtful...), storeDown(err))
		return
	}
	v.seek(ids, doubtful)
	services := newCatalogue(known)
	for period, members := range v.periods(who) {
		var pack []*document
		var packed []int
		for _, i := range members {
			d, err := v.bill(&v.msgs[i], ids[i], services)
			if err != nil {
				v.fail([]int{i}, &engine.Fault{Reason: engine.BadMessage, Code: "bill", Err: err})
				continue
			}
			if pack, packed = append(pack, d), append(packed, i); len(pack) == mostDocuments {
				v.place(period, pack, packed)
				pack, packed = nil, nil
			}
		}
		v.place(period, pack, packed)
	}
}

// month is a period.
type month struct{ year, month int }

// periods sorts messages by their period; one without has failed.
func (v *visit) periods(who []int) map[month][]int {
	sorted := map[month][]int{}
	for _, i := range who {
		y, m, ok := periodOf(v.msgs[i].Recipient.Period)
		if !ok {
			v.fail([]int{i}, &engine.Fault{Reason: engine.BadMessage, Code: "period", Err: errors.New("the period of the bill is not given")})
			continue
		}
		sorted[month{y, m}] = append(sorted[month{y, m}], i)
	}
	return sorted
}

// writeDocuments writes the request document by document.
func (o *office) writeDocuments(to *xml.Encoder, period month, pack []*document) error {
	start := head("bills:importPaymentDocumentRequest", "11.2.0.16", "bills", "bb", "ab", "pb", "nsi")
	if err := to.EncodeToken(start); err != nil {
		return err
	}
	if o.confirm {
		if err := to.EncodeElement(true, xml.StartElement{Name: xml.Name{Local: "bills:ConfirmAmountsCorrect"}}); err != nil {
			return err
		}
	}
	requisites := struct {
		BIC     string `xml:"pb:BankBIK"`
		Account string `xml:"pb:operatingAccountNumber"`
		Key     string `xml:"base:TransportGUID"`
	}{o.bic, o.account, o.payKey}
	err := errors.Join(
		to.EncodeElement(period.month, xml.StartElement{Name: xml.Name{Local: "base:Month"}}),
		to.EncodeElement(period.year, xml.StartElement{Name: xml.Name{Local: "base:Year"}}),
		to.EncodeElement(requisites, xml.StartElement{Name: xml.Name{Local: "bills:PaymentInformation"}}),
	)
	for _, d := range pack {
		if err != nil {
			return err
		}
		err = to.Encode(d)
	}
	return errors.Join(err, to.EncodeToken(start.End()))
}

// doubtAge is how long a doubt is remembered: longer than the engine tries a step.
const doubtAge = 7 * 24 * time.Hour

func doubtOf(key string) string { return "doubt/" + guidOf(key) }

// doubting notes which messages may have been taken although nobody said so, and gives the Fault.
func (v *visit) doubting(failed *failure, who []int) *engine.Fault {
	if failed.doubt {
		keys := make([]string, len(who))
		for k, i := range who {
			keys[k] = v.msgs[i].Key
		}
		v.doubt(v.ctx, v.office, keys)
	}
	return failed.Fault
}

// doubt notes doubts. Should that fail too, ГИС ЖКХ still refuses a second document with the same number.
func (c *Channel) doubt(ctx context.Context, o *office, keys []string) {
	notes := map[string][]byte{}
	for _, key := range keys {
		notes[doubtOf(key)] = []byte{'?'}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = c.cfg.Notes.Write(ctx, o.provider, notes, doubtAge)
}

// sure parts messages into those that were certainly not taken and the others.
func (v *visit) sure(who []int) (certain, doubtful []int, err error) {
	names := make([]string, len(who))
	for k, i := range who {
		names[k] = doubtOf(v.msgs[i].Key)
	}
	if len(who) == 0 {
		return nil, nil, nil
	}
	doubts, err := v.cfg.Notes.Read(v.ctx, v.office.provider, names)
	if err != nil {
		return who, nil, err
	}
	for k, i := range who {
		if doubts[k] != nil {
			doubtful = append(doubtful, i)
			continue
		}
		certain = append(certain, i)
	}
	return certain, doubtful, nil
}

// seek looks for documents that may be there (exportPaymentDocumentData); Confirm hears which are.
func (v *visit) seek(ids map[int]string, who []int) {
	periods := v.periods(who)
	for _, period := range slices.SortedFunc(maps.Keys(periods), func(a, b month) int { return 12*(a.year-b.year) + a.month - b.month }) {
		for members := range slices.Chunk(periods[period], mostSought) {
			answer, failed := v.post(v.ctx, v.office, billing, "exportPaymentDocumentData", func(to *xml.Encoder) error {
				wanted := [][2]string{{"base:Year", fmt.Sprint(period.year)}, {"base:Month", fmt.Sprint(period.month)}}
				for _, i := range members {
					wanted = append(wanted, [2]string{"bills:AccountGUID", ids[i]})
				}
				return writePairs(to, head("bills:exportPaymentDocumentRequest", "13.1.0.1", "bills"), wanted)
			})
			if failed == nil && answer.Body.Ack == nil {
				failed = strange(200)
			}
			if failed != nil {
				v.fail(members, failed.Fault)
				continue
			}
			v.later(members, receipt(sought, answer.Body.Ack.MessageGUID))
		}
	}
}
