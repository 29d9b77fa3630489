package gosuslugi

import (
	"encoding/json"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"vestnik/engine"
)

// The registries (НСИ) that requests refer to.
const (
	extraServices   = 1   // the provider's additional services
	housingServices = 50  // "Вид жилищной услуги"
	utilityServices = 51  // the provider's utility services
	decisionKinds   = 63  // "Тип вопроса" of meetings
	penaltyKinds    = 329 // 1: пени
	outageReasons   = 360 //
	outageKinds     = 361 // 1: плановый, the only one that is taken
)

// ownRegistries belong to the provider and are asked for at another counter.
var ownRegistries = []int{extraServices, utilityServices}

// The beginnings of the names of notes.
const (
	listPrefix  = "list/"
	housePrefix = "flats/"
)

// entry is one of a registry.
type entry struct {
	reference
	Name string `json:"name"`
}

// counterOf is where an errand was asked.
func counterOf(name string) counter {
	_, number, _ := strings.Cut(strings.TrimPrefix(name, listPrefix), "/")
	n, _ := strconv.Atoi(number)
	switch {
	case strings.HasPrefix(name, housePrefix):
		return houses
	case strings.HasPrefix(name, papersPrefix):
		return billing
	case slices.Contains(ownRegistries, n):
		return ownLists
	}
	return allLists
}

// list is the errand for a registry, which every stand has its own of.
func (v *visit) list(number int) errand {
	e := errand{name: listPrefix + guidOf(v.office.address + v.office.org)[:8] + "/" + strconv.Itoa(number), at: allLists, action: "exportNsiItem"}
	root, prefix := "common:exportNsiItemRequest", "common"
	own := slices.Contains(ownRegistries, number)
	if own {
		e.at, e.action, root, prefix = ownLists, "exportDataProviderNsiItem", "own:exportDataProviderNsiItemRequest", "own"
	}
	e.write = func(to *xml.Encoder) error {
		start := head(root, "10.0.1.2", prefix, "nsi")
		wanted := [][2]string{{prefix + ":RegistryNumber", strconv.Itoa(number)}}
		if !own {
			wanted = append(wanted, [2]string{"nsi:ListGroup", "NSI"})
		}
		return writePairs(to, start, wanted)
	}
	return e
}

// writePairs writes an element whose children are texts.
func writePairs(to *xml.Encoder, start xml.StartElement, pairs [][2]string) error {
	if err := to.EncodeToken(start); err != nil {
		return err
	}
	for _, pair := range pairs {
		if err := to.EncodeElement(pair[1], xml.StartElement{Name: xml.Name{Local: pair[0]}}); err != nil {
			return err
		}
	}
	return to.EncodeToken(start.End())
}

// registries is what is known of some registries, by number.
type registries map[int][]entry

// lists gives registries, or the names that have to be waited for.
func (v *visit) lists(numbers ...int) (known registries, waiting []string, failed *failure) {
	errands := make([]errand, len(numbers))
	for i, number := range numbers {
		errands[i] = v.list(number)
	}
	data, waiting, failed := v.fetch(errands)
	known = registries{}
	for i, number := range numbers {
		var entries []entry
		if json.Unmarshal(data[errands[i].name], &entries) == nil {
			known[number] = entries
		}
	}
	return known, waiting, failed
}

// entriesIn reads the answer to an errand for a registry: its name is the first of its texts that has a value.
func entriesIn(state *stateResult) []entry {
	list := []entry{}
	for _, e := range state.Entries {
		if e.Actual == "false" {
			continue
		}
		found := entry{reference: reference{Code: e.Code, GUID: e.GUID}}
		for _, f := range e.Fields {
			if found.Name == "" {
				found.Name = strings.TrimSpace(f.Value)
			}
		}
		list = append(list, found)
	}
	return list
}

// plain is a name without what people write differently.
func plain(name string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(strings.ToLower(name), "ё", "е")), " ")
}

// named finds an entry by its name.
func (r registries) named(number int, name string) (entry, bool) {
	at := slices.IndexFunc(r[number], func(e entry) bool { return plain(e.Name) == plain(name) })
	if at < 0 {
		return entry{}, false
	}
	return r[number][at], true
}

// coded finds an entry by its code.
func (r registries) coded(number int, code string) (entry, bool) {
	at := slices.IndexFunc(r[number], func(e entry) bool { return e.Code == code })
	if at < 0 {
		return entry{}, false
	}
	return r[number][at], true
}

// house is the errand for the accounts of a house.
func (v *visit) house(fias string) errand {
	return errand{
		name: housePrefix + guidOf(v.office.address + v.office.org + strings.ToLower(fias))[:13], at: houses, action: "exportAccountData",
		write: func(to *xml.Encoder) error {
			return writePairs(to, head("hm:exportAccountRequest", "10.0.1.1", "hm"), [][2]string{{"hm:FIASHouseGuid", fias}})
		},
	}
}

// enrolled is an account in the answer to an errand for a house.
type enrolled struct {
	GUID    string `json:"guid"`    // AccountGUID
	Unified string `json:"unified"` // единый лицевой счёт
}

// accountsIn reads the answer to an errand for a house, by the provider's own numbers. Closed accounts take nothing.
func accountsIn(state *stateResult) map[string]enrolled {
	found := map[string]enrolled{}
	for _, a := range state.Accounts {
		if a.Number != "" && a.Closed == nil {
			found[a.Number] = enrolled{a.GUID, a.Unified}
		}
	}
	return found
}

// accounts finds the AccountGUID of each message's recipient: given by the provider, or looked up by house and number. Those it is known for
// are returned; the others have their results.
func (v *visit) accounts(who []int) (ids map[int]string, known []int) {
	ids = map[int]string{}
	var asked []int
	for _, i := range who {
		if r := v.msgs[i].Recipient; r.GISAccount != "" && isGUID(r.GISAccount) {
			ids[i], known = r.GISAccount, append(known, i)
			continue
		}
		asked = append(asked, i)
	}
	found, rest := v.enrol(asked)
	for _, i := range rest {
		ids[i], known = found[i].GUID, append(known, i)
	}
	slices.Sort(known)
	return ids, known
}

// enrol looks the accounts of messages' recipients up by house and number. Those it has found are returned; the others have their results.
func (v *visit) enrol(who []int) (found map[int]enrolled, known []int) {
	found = map[int]enrolled{}
	byHouse := map[string][]int{}
	for _, i := range who {
		if house := v.msgs[i].Recipient.House; isGUID(house) {
			byHouse[house] = append(byHouse[house], i)
			continue
		}
		v.fail([]int{i}, badAddress("account"))
	}
	for house, members := range byHouse {
		e := v.house(house)
		data, waiting, failed := v.fetch([]errand{e})
		if failed != nil {
			v.fail(members, failed.Fault)
			continue
		}
		if waiting != nil {
			v.later(members, waitFor(waiting))
			continue
		}
		var numbers map[string]enrolled
		_ = json.Unmarshal(data[e.name], &numbers) // what cannot be read has nobody
		for _, i := range members {
			account, there := numbers[v.msgs[i].Recipient.Account]
			if !there {
				v.fail([]int{i}, badAddress("account"))
				continue
			}
			found[i], known = account, append(known, i)
		}
	}
	slices.Sort(known)
	return found, known
}

func badAddress(code string) *engine.Fault {
	return &engine.Fault{Reason: engine.BadAddress, Code: code, Err: errNotThere}
}
