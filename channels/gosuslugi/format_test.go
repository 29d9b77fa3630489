package gosuslugi_test

import (
	"strings"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

func message(key string, to engine.Recipient) engine.Message {
	return engine.Message{Key: key, Recipient: &to, Content: engine.Content{Subject: "Тема", Text: "Текст"}}
}

// everything is a bill with every kind of charge the channel can make.
const everything = `{"services":[
 {"name":"Содержание жилого помещения","volume":"54.2","rate":"31.87","charged":"1727.35"},
 {"name":"горячее  водоснабжение","volume":2.5,"rate":219.54,"charged":"500.00","recalculation":"-48.85","reason":"Недопоставка <3 дня> & прочее","method":"meter"},
 {"name":"Отопление","volume":"0,1234567","rate":"2487.13","charged":"300.00","discount":"7.05"},
 {"name":"Домофон","unit":"кв.","charged":"58.00","volume":"1"},
 {"name":"Обращение с твёрдыми отходами","rate":"148.30","volume":"2","charged":"296.60","gis_code":"51/7.1"},
 {"name":"Взнос на капитальный ремонт","volume":"54.2","rate":"14.69","charged":"796.20"}],
 "debt":"-12.34","penalty":"3.21"}`

// Every request and every answer is checked against the published schemas here.
func TestBillsObeyTheSchemas(t *testing.T) {
	for _, gzip := range []bool{false, true} {
		s := stand(t, gistest.Options{Schemas: schemaDir, Polls: 2, Gzip: gzip})
		channel := settled{Channel: open(t, gosuslugi.Config{})}
		rich, plain, lookedUp, unknown := resident(s, 1), resident(s, 2), resident(s, 3), resident(s, 4)
		rich.Vars, rich.Amount = []byte(everything), money("3669.02")
		lookedUp.GISAccount = ""
		unknown.GISAccount, unknown.Account = "", "no such number"
		from := sender(s, engine.KindBill)
		from.Provider.Settings["gis.operator"] = "on"
		results := channel.Send(t.Context(), from, []engine.Message{message("a", rich), message("b", plain), message("c", lookedUp), message("d", unknown)})
		for i, r := range results[:3] {
			if r.Fault != nil || !r.Received || len([]rune(r.ID)) != 18 {
				t.Errorf("message %d: %+v", i, r)
			}
		}
		if f := results[3].Fault; f == nil || f.Reason != engine.BadAddress {
			t.Errorf("an account that is not there: %+v", results[3])
		}
		if placed := s.Documents(org); len(placed) != 3 || placed[0].Year != "2026" || placed[0].Month != "10" {
			t.Errorf("placed: %+v", placed)
		}
		if s.Calls("exportAccountData") != 1 || s.Calls("exportNsiItem") != 2 || s.Calls("exportDataProviderNsiItem") != 2 {
			t.Error("registries and accounts are asked for once")
		}
	}
}

func TestNoticesObeyTheSchemas(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir, Polls: 1})
	channel := settled{Channel: open(t, gosuslugi.Config{})}
	soon, later := time.Now().Add(48*time.Hour), time.Now().Add(57*time.Hour)
	vars := func(extra string) []byte {
		return []byte(`{"service":"Горячее водоснабжение","from":"` + soon.Format(time.RFC3339) + `","to":"` + later.Format(time.RFC3339) + `"` + extra + `}`)
	}
	for _, test := range []struct {
		name   string
		kind   engine.Kind
		urgent bool
		vars   []byte
		want   gistest.Notice
	}{
		{"planned", engine.KindOutage, false, vars(`,"reason":"Замена трубы","phone":"112"`), gistest.Notice{Outage: true, Text: "Замена трубы", Services: []string{"2"}}},
		{"planned, by the registry", engine.KindOutage, false, vars(`,"reason":"Ремонтные работы"`), gistest.Notice{Outage: true, Text: "Ремонтные работы", Services: []string{"2"}}},
		{"emergency", engine.KindOutage, true, vars(`,"reason":"Авария"`), gistest.Notice{Text: "Текст", Important: true, Pinned: true}},
		{"restored", engine.KindOutage, false, []byte(`{"service":"Вода"}`), gistest.Notice{Text: "Текст"}},
		{"a service the format does not know", engine.KindOutage, false, []byte(strings.Replace(string(vars(`,"reason":"Ремонт"`)), "Горячее водоснабжение", "Лифт", 1)), gistest.Notice{Text: "Текст"}},
		{"meeting", engine.KindMeeting, false, []byte(`{"topic":"Крыша","ends_at":"` + later.Format(time.RFC3339) + `"}`), gistest.Notice{Text: "Текст"}},
		{"action", engine.KindAction, false, nil, gistest.Notice{Text: "Текст"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			from := sender(s, test.kind)
			from.Campaign.Urgent, from.Campaign.Vars = test.urgent, test.vars
			to := engine.Recipient{Account: "1", House: house(0)}
			nowhere := engine.Recipient{Account: "2", House: house(77)}
			results := channel.Send(t.Context(), from, []engine.Message{message(test.name, to), message(test.name+"2", nowhere)})
			if r := results[0]; r.Fault != nil || !r.Received || r.ID == "" {
				t.Fatalf("%+v", r)
			}
			if f := results[1].Fault; f == nil || f.Reason != engine.BadAddress {
				t.Errorf("a house of others: %+v", results[1])
			}
			all := s.Notices(org)
			got := all[len(all)-1]
			if got.Outage != test.want.Outage || got.Text != test.want.Text || got.Important != test.want.Important || got.Pinned != test.want.Pinned ||
				!got.Sent || got.Mobile == test.want.Outage || strings.Join(got.Services, ",") != strings.Join(test.want.Services, ",") {
				t.Errorf("placed %+v", got)
			}
		})
	}
}

func TestNeighboursShareTheAnswerToANotice(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := open(t, gosuslugi.Config{})
	from := sender(s, engine.KindAction)
	sent := channel.Send(t.Context(), from, []engine.Message{message("owner", engine.Recipient{House: house(0)})})
	if sent[0].Later == nil {
		t.Fatalf("%+v", sent[0])
	}
	answers := channel.Confirm(t.Context(), from, []engine.Receipt{{Key: "owner", Text: sent[0].Later.Receipt}, {Key: "neighbour", Text: sent[0].Later.Receipt}})
	if answers[0].Fault != nil || answers[1] != answers[0] {
		t.Errorf("%+v and %+v", answers[0], answers[1])
	}
}

func TestWhatHasNoPlaceIsRefused(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := open(t, gosuslugi.Config{})
	for _, kind := range []engine.Kind{engine.KindDebt, engine.KindStatus, engine.KindReport} {
		if r := channel.Send(t.Context(), sender(s, kind), []engine.Message{message("k", resident(s, 1))})[0]; r.Fault == nil || r.Fault.Reason != engine.Refused {
			t.Errorf("%s: %+v", kind, r)
		}
		if channel.Scope(engine.Provider{}, kind) != engine.ToNobody {
			t.Errorf("%s has a place", kind)
		}
	}
}

// The documents published with the format are what the simulator takes, so that its strictness is no invention of this channel.
func TestSimulatorTakesThePublishedSamples(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir})
	for action, file := range map[string]string{
		"importPaymentDocumentData": "importPaymentDocumentRequest.xml", "importNotificationData": "importNotificationRequest.xml",
		"importOutageReport": "importOutageReportRequest.xml", "importSupplierNotificationsOfOrderExecution": "importSupplierNotificationsOfOrderExecutionRequest.xml",
	} {
		if status, answer := postSample(t, s, action, file, ""); status != 200 || !strings.Contains(answer, "AckRequest") {
			t.Errorf("%s: %d %s", file, status, answer)
		}
		if _, answer := postSample(t, s, action, file, "TransportGUID"); !strings.Contains(answer, "FMT001300") {
			t.Errorf("%s without its TransportGUID: %s", file, answer)
		}
	}
}
