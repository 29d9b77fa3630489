package gistest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
)

// Entry is one of a registry of services that bills name.
type Entry struct {
	Registry int    // 1: the organization's additional services, 50: housing services, 51: the organization's utility services
	Code     string //
	Name     string //
}

// DefaultServices are what a small organization has in its registries.
func DefaultServices() []Entry {
	return []Entry{
		{50, "1", "Плата за содержание жилого помещения"}, {50, "2", "Содержание жилого помещения"},
		{51, "1.1", "Холодное водоснабжение"}, {51, "2.1", "Горячее водоснабжение"}, {51, "3.1", "Водоотведение"},
		{51, "4.1", "Электроснабжение"}, {51, "5.1", "Газоснабжение"}, {51, "6.1", "Отопление"}, {51, "7.1", "Обращение с твердыми отходами"},
		{1, "1", "Домофон"}, {1, "2", "Видеонаблюдение"},
	}
}

// fixed are the entries of registries that are the same everywhere.
var fixed = []Entry{
	{63, "1.1", "Выбор способа управления"}, {63, "8", "Иные вопросы"},
	{329, "1", "Пени"}, {329, "2", "Штрафы"}, {329, "3", "Государственные пошлины"}, {329, "4", "Судебные издержки"},
	{360, "1", "Ремонтные работы"}, {360, "2", "Профилактические работы"}, {360, "3", "Иная"}, {361, "1", "Плановый"}, {361, "2", "Внеплановый"},
}

// identity is the GUID of an entry: the same for all organizations of a stand.
func (s Entry) identity() string {
	sum := sha256.Sum256([]byte(strconv.Itoa(s.Registry) + "/" + s.Code))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Account is an account (лицевой счёт) as ГИС ЖКХ knows it.
type Account struct {
	GUID    string // AccountGUID
	Number  string // as the organization numbers it
	Unified string // единый лицевой счёт, ten characters; empty: one is made
	House   string // FIAS GUID
	Closed  bool
}

// Organization is a поставщик информации.
type Organization struct {
	PPAGUID string // orgPPAGUID
	BIC     string // of its bank; with Account: the requisites that are registered for it
	Account string
	Houses  []string // FIAS GUIDs of the houses it serves

	Certificates []string // SHA-1 fingerprints, in hexadecimal digits, of those who may sign for it; nil: anybody
}

// organization is one with all it has placed.
type organization struct {
	Organization
	accounts  map[string]Account // by GUID
	byHouse   map[string][]string
	documents map[string]*Document // by identifier
	numbers   map[string]string    // identifiers of documents by account, period and number
	notices   []Notice
	orders    []*Order
	meetings  []Meeting
}

// AddOrganization registers an organization, or changes its requisites and houses.
func (s *Server) AddOrganization(o Organization) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.orgs[o.PPAGUID]; known != nil {
		known.Organization = o
		return
	}
	s.orgs[o.PPAGUID] = &organization{
		Organization: o, accounts: map[string]Account{}, byHouse: map[string][]string{}, documents: map[string]*Document{}, numbers: map[string]string{},
	}
}

// AddAccount registers an account of an organization that is registered; its house is served from then on.
func (s *Server) AddAccount(org string, a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orgs[org]
	if a.Unified == "" {
		s.numbers++
		a.Unified = fmt.Sprintf("90АА%06d", s.numbers)
	}
	if _, known := o.accounts[a.GUID]; !known {
		o.byHouse[a.House] = append(o.byHouse[a.House], a.GUID)
	}
	o.accounts[a.GUID] = a
}

// serves reports whether the organization has anything to do with a house.
func (o *organization) serves(house string) bool {
	return slices.Contains(o.Houses, house) || len(o.byHouse[house]) > 0
}

// has reports whether an единый лицевой счёт is one of the organization's.
func (o *organization) has(unified string) bool {
	for _, a := range o.accounts {
		if a.Unified == unified && !a.Closed {
			return true
		}
	}
	return false
}

// exportAccounts gives the accounts of a house, or those that are named.
func (s *Server) exportAccounts(org *organization, body *element) (list []*element) {
	wanted := org.byHouse[body.child("FIASHouseGuid").text]
	for _, id := range body.all("AccountGUID") {
		wanted = append(wanted, id.text)
	}
	for _, id := range wanted {
		if a, known := org.accounts[id]; known {
			list = append(list, a.export())
		}
	}
	if list == nil {
		return []*element{errorMessage("INT002012")}
	}
	return list
}

func (a Account) export() *element {
	var closed *element
	if a.Closed {
		reason := Entry{22, "1", "Расторжение договора"}
		closed = el(hmSpace, "Closed", el(hmSpace, "CloseReason", reason.reference()), el(hmSpace, "CloseDate", "2026-01-31"))
	}
	return el(hmSpace, "exportAccountResult", el(hmSpace, "isUOAccount", "true"), closed,
		el(hmSpace, "Accommodation", el(hmSpace, "FIASHouseGuid", a.House)), el(hmSpace, "PayerInfo"),
		el(hmSpace, "AccountNumber", a.Number), el(hmSpace, "AccountGUID", a.GUID), el(abSpace, "UnifiedAccountNumber", a.Unified))
}

// reference is an entry as others refer to it.
func (s Entry) reference() []*element {
	return []*element{el(nbSpace, "Code", s.Code), el(nbSpace, "GUID", s.identity())}
}

// exportRegistry gives the entries of a registry.
func (s *Server) exportRegistry(_ *organization, body *element) []*element {
	number := body.child("RegistryNumber").text
	item := el(body.name.Space, "NsiItem", el(nbSpace, "NsiItemRegistryNumber", number), el(nbSpace, "Created", now()))
	for _, entry := range slices.Concat(s.options.Services, fixed) {
		if strconv.Itoa(entry.Registry) != number {
			continue
		}
		field := el(nbSpace, "NsiElementField", el(nbSpace, "Name", "Наименование"), el(nbSpace, "Value", entry.Name)).
			with(xsiSpace, "type", prefixes[nbSpace]+":NsiElementStringFieldType")
		item.children = append(item.children, el(nbSpace, "NsiElement", entry.reference(), el(nbSpace, "Modified", now()), el(nbSpace, "IsActual", "true"), field))
	}
	if len(item.children) == 2 {
		return []*element{errorMessage("INT016041")}
	}
	return []*element{item}
}

// entry finds one by its reference. An entry that has another GUID here comes from another stand.
func (s *Server) entry(reference *element, registries ...int) (known, stranger bool) {
	for _, entry := range slices.Concat(s.options.Services, fixed) {
		if slices.Contains(registries, entry.Registry) && entry.Code == reference.child("Code").text {
			return true, entry.identity() != reference.child("GUID").text
		}
	}
	return false, false
}
