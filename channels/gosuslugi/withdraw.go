package gosuslugi

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vestnik/engine"
)

// A bill is taken back as an outage is ended: by a campaign with a template of its own, which over other channels tells the residents of it.

// withdrawn is what the names of templates of bills end in that take a bill back: bill-withdrawn, and others written like it.
const withdrawn = "-withdrawn"

// withdraws reports whether the campaign takes bills back.
func withdraws(c engine.Campaign) bool {
	return c.Kind == engine.KindBill && strings.HasSuffix(c.Template.Name, withdrawn)
}

// mostWithdrawn is how many documents one request takes back, by the schema.
const mostWithdrawn = 1000

// withdrawal is WithdrawPaymentDocument of importPaymentDocumentRequest.
type withdrawal struct {
	XMLName   xml.Name `xml:"bills:WithdrawPaymentDocument"`
	Transport string   `xml:"base:TransportGUID"`
	Document  string   `xml:"bb:PaymentDocumentID"`
}

// withdraw takes documents back: those the recipients name, of the others the one that we have placed for the account and period. To do it twice
// changes nothing, so that nobody has to look before it is sent again.
func (v *visit) withdraw(who []int) {
	var named, unnamed []int
	ids := map[int]string{}
	for _, i := range who {
		if id := v.msgs[i].Recipient.DocumentID; id != "" {
			ids[i], named = id, append(named, i)
			continue
		}
		unnamed = append(unnamed, i)
	}
	named = append(named, v.findDocuments(unnamed, ids)...)
	for pack := range slices.Chunk(named, mostWithdrawn) {
		if v.ctx.Err() != nil {
			v.fail(pack, untried(v.ctx))
			continue
		}
		answer, failed := v.post(v.ctx, v.office, billing, "importPaymentDocumentData", func(to *xml.Encoder) error {
			start := head("bills:importPaymentDocumentRequest", "11.2.0.16", "bills", "bb")
			err := to.EncodeToken(start)
			for _, i := range pack {
				err = errors.Join(err, to.Encode(withdrawal{Transport: guidOf(v.msgs[i].Key), Document: ids[i]}))
			}
			return errors.Join(err, to.EncodeToken(start.End()))
		})
		if failed == nil && answer.Body.Ack == nil {
			failed = strange(200)
		}
		if failed != nil {
			v.fail(pack, failed.Fault)
			continue
		}
		v.later(pack, receipt(billing.code, answer.Body.Ack.MessageGUID))
	}
}

// paper is a document as an errand for documents has found it.
type paper struct {
	ID        string `json:"id"`
	Number    string `json:"number"`
	Withdrawn bool   `json:"withdrawn,omitempty"`
}

const papersPrefix = "papers/"

// findDocuments finds the document of each recipient's account and period. Those it has found are returned; the others have their results.
func (v *visit) findDocuments(who []int, ids map[int]string) (ready []int) {
	accounts, who := v.accounts(who)
	for period, all := range v.periods(who) {
		for members := range slices.Chunk(all, mostSought) {
			e := v.papers(period, members, accounts)
			data, waiting, failed := v.fetch([]errand{e})
			switch {
			case failed != nil:
				v.fail(members, failed.Fault)
				continue
			case waiting != nil:
				v.later(members, waitFor(waiting))
				continue
			}
			var found map[string][]paper
			_ = json.Unmarshal(data[e.name], &found) // what cannot be read has nothing
			for _, i := range members {
				id, fault := ours(found[strings.ToLower(accounts[i])])
				if fault != nil {
					v.fail([]int{i}, fault)
					continue
				}
				ids[i], ready = id, append(ready, i)
			}
		}
	}
	return ready
}

// papers is the errand for the documents of accounts. It is named by the messages that want them: what is asked later is asked anew.
func (v *visit) papers(period month, who []int, accounts map[int]string) errand {
	var keys strings.Builder
	wanted := [][2]string{{"base:Year", fmt.Sprint(period.year)}, {"base:Month", fmt.Sprint(period.month)}}
	for _, i := range who {
		keys.WriteString(v.msgs[i].Key + "\n")
		wanted = append(wanted, [2]string{"bills:AccountGUID", accounts[i]})
	}
	return errand{
		name: papersPrefix + guidOf(keys.String()), at: billing, action: "exportPaymentDocumentData",
		write: func(to *xml.Encoder) error {
			return writePairs(to, head("bills:exportPaymentDocumentRequest", "13.1.0.1", "bills"), wanted)
		},
	}
}

// papersIn reads the answer to an errand for documents, by the account.
func papersIn(state *stateResult) map[string][]paper {
	found := map[string][]paper{}
	for _, d := range state.Documents {
		if account := strings.ToLower(d.Account); strings.HasPrefix(d.Number, numberPrefix) {
			found[account] = append(found[account], paper{d.ID, d.Number, d.Withdrawn == "true"})
		}
	}
	return found
}

// ours is the one document among those of an account that still stands; if none does, one that was taken back already.
func ours(list []paper) (id string, fault *engine.Fault) {
	standing := 0
	for _, p := range list {
		if !p.Withdrawn {
			standing++
		}
		if id == "" || !p.Withdrawn {
			id = p.ID
		}
	}
	switch {
	case id == "":
		return "", &engine.Fault{Reason: engine.Refused, Code: "document", Err: errors.New("Vestnik has placed no document for this account and period")}
	case standing > 1:
		return "", &engine.Fault{Reason: engine.BadMessage, Code: "document", Err: errors.New("there are several documents of this account and period: document_id has to say which")}
	}
	return id, nil
}
