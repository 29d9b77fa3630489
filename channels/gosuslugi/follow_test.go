package gosuslugi_test

import (
	"encoding/json"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// told is one campaign about an outage.
type told struct {
	id, template, reference string
	urgent                  bool
	vars                    map[string]string
}

// tell sends the campaign to a house, and gives what the house has in ГИС ЖКХ then.
func (c told) tell(t *testing.T, channel engine.Channel, s *gistest.Server) ([]gistest.Notice, engine.Result) {
	t.Helper()
	from := sender(s, engine.KindOutage)
	vars, err := json.Marshal(c.vars)
	if err != nil {
		t.Fatal(err)
	}
	from.Campaign.ID, from.Campaign.Template.Name, from.Campaign.Reference, from.Campaign.Vars, from.Campaign.Urgent = engine.CampaignID(c.id), c.template, c.reference, vars, c.urgent
	result := channel.Send(t.Context(), from, []engine.Message{message(c.id+"-0-gosuslugi", engine.Recipient{House: house(0)})})[0]
	return s.Notices(org), result
}

// today is the moment that all times of a run are counted from.
var today = time.Now()

func at(hours int) string {
	return today.Add(time.Duration(hours) * time.Hour).Truncate(time.Second).Format(time.RFC3339)
}

func planned(id string, from, to int) told {
	return told{id, "outage-planned", "r1", false, map[string]string{"service": "Горячее водоснабжение", "from": at(from), "to": at(to), "reason": "Замена трубы"}}
}

// What follows an outage: in the words that a house chat is told it with.
func TestWhatFollowsAnOutage(t *testing.T) {
	restoredAt := func(id, reference, service string, hours int) told {
		return told{id, "outage-restored", reference, false, map[string]string{"service": service, "at": at(hours)}}
	}
	urgent := told{"c1", "outage-urgent", "r1", true, map[string]string{"service": "Газ", "from": at(-1), "reason": "Авария"}}
	for _, test := range []struct {
		name   string
		orders []told
		want   func(list []gistest.Notice) bool
	}{
		{"it lasts longer", []told{planned("c1", 24, 30), planned("c2", 24, 48)}, func(list []gistest.Notice) bool {
			return len(list) == 1 && list[0].Edited == 1 && list[0].To == at(48) && !list[0].Recalled
		}},
		{"it lasts longer, told while it lasts", []told{planned("c1", 1, 30), planned("c2", -2, 48)}, func(list []gistest.Notice) bool {
			return len(list) == 1 && list[0].Edited == 1 && list[0].From == at(-2)
		}},
		{"it does not take place", []told{planned("c1", 24, 30), restoredAt("c2", "r1", "Горячее водоснабжение", 0)}, func(list []gistest.Notice) bool {
			return len(list) == 1 && list[0].Recalled && list[0].Why == "Текст"
		}},
		{"it lasts longer, and does not take place", []told{planned("c1", 24, 30), planned("c2", 25, 48), restoredAt("c3", "r1", "", 0)}, func(list []gistest.Notice) bool {
			return len(list) == 1 && list[0].Recalled && list[0].Edited == 1
		}},
		{"it is over", []told{planned("c1", 24, 30), planned("c2", -3, 30), restoredAt("c3", "r1", "", -1)}, func(list []gistest.Notice) bool {
			return len(list) == 1 && !list[0].Recalled && list[0].To == at(-1)
		}},
		{"without a reference, by the service", []told{planned("c1", 24, 30), restoredAt("c2", "", "горячее  Водоснабжение", 0)}, func(list []gistest.Notice) bool {
			return len(list) == 1 && list[0].Recalled
		}},
		{"another service is not over", []told{planned("c1", 24, 30), restoredAt("c2", "", "Газ", 0)}, func(list []gistest.Notice) bool {
			return len(list) == 2 && !list[0].Recalled && !list[1].Outage
		}},
		{"without a service, the last of the house", []told{planned("c1", 24, 30), restoredAt("c2", "", "", 0)}, func(list []gistest.Notice) bool {
			return len(list) == 1 && list[0].Recalled
		}},
		{"an emergency is over", []told{urgent, restoredAt("c2", "r1", "Газ", 0)}, func(list []gistest.Notice) bool {
			return len(list) == 2 && list[0].Recalled && list[0].Pinned && list[1].Text == "Текст" && !list[1].Important
		}},
		{"an emergency lasts longer", []told{urgent, {"c2", "outage-urgent", "r1", true, map[string]string{"service": "Газ", "from": at(-1), "reason": "Ещё ищем"}}}, func(list []gistest.Notice) bool {
			return len(list) == 2 && list[0].Recalled && list[1].Pinned && !list[1].Recalled
		}},
		{"nothing was told before", []told{restoredAt("c1", "r1", "Газ", 0)}, func(list []gistest.Notice) bool {
			return len(list) == 1 && !list[0].Outage && list[0].Text == "Текст"
		}},
		{"over is over", []told{planned("c1", 24, 30), restoredAt("c2", "r1", "", 0), restoredAt("c3", "r1", "", 0)}, func(list []gistest.Notice) bool {
			return len(list) == 2 && list[0].Recalled && !list[1].Outage
		}},
		{"something else", []told{planned("c1", 24, 30), {"c2", "outage-planned", "r2", false, planned("", 24, 30).vars}}, func(list []gistest.Notice) bool {
			return len(list) == 2 && list[0].Edited == 0
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := stand(t, gistest.Options{Schemas: schemaDir})
			channel := settled{Channel: open(t, gosuslugi.Config{})}
			var list []gistest.Notice
			for _, order := range test.orders {
				var r engine.Result
				if list, r = order.tell(t, channel, s); r.Fault != nil || !r.Received || r.ID == "" {
					t.Fatalf("%s: %+v", order.id, r)
				}
			}
			if !test.want(list) {
				t.Errorf("ГИС ЖКХ has %+v", list)
			}
		})
	}
}

// Whatever happens to a request or its answer: a report is placed, changed and annulled once.
func TestNoReportIsPlacedTwice(t *testing.T) {
	for name, trouble := range map[string]gistest.Trouble{
		"the answer is lost":      {Only: "importOutageReport", Cut: gistest.CutAfter, Requests: 1},
		"the request is lost":     {Only: "importOutageReport", Cut: gistest.CutBefore, Requests: 1},
		"overload":                {Only: "importOutageReport", Code: "EXP001000", Requests: 1},
		"overload that took it":   {Only: "importOutageReport", Late: "EXP001000", Requests: 1},
		"HTML of a balancer":      {Only: "importOutageReport", Gateway: true, Requests: 1},
		"the result is forgotten": {Only: "getState", Code: "INT002013", Requests: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := stand(t, gistest.Options{Schemas: schemaDir})
			channel := settled{Channel: open(t, gosuslugi.Config{})}
			if _, r := (told{"c0", "outage-planned", "", false, planned("", 90, 95).vars}).tell(t, channel, s); r.Fault != nil {
				t.Fatal(r.Fault) // the registries are known now
			}
			for _, order := range []told{planned("c1", 24, 30), planned("c2", 24, 48), {"c3", "outage-restored", "r1", false, nil}} {
				looks := s.Calls("exportOutageReport")
				s.Misbehave(trouble)
				_, r := order.tell(t, channel, s)
				if r.Fault == nil || !r.Fault.Reason.Temporary() {
					t.Fatalf("%s: %+v", order.id, r)
				}
				s.Misbehave(gistest.Trouble{})
				if _, r = order.tell(t, channel, s); r.Fault != nil || r.ID == "" {
					t.Fatalf("%s again: %+v", order.id, r)
				}
				if s.Calls("exportOutageReport") != looks+1 {
					t.Errorf("%s was sent again without a look whether it is there", order.id)
				}
			}
			list := s.Notices(org)
			if len(list) != 2 || list[1].Times != 1 || list[1].Edited != 1 || !list[1].Recalled {
				t.Errorf("ГИС ЖКХ has %+v", list)
			}
		})
	}
}

// A worker that dies with the answer leaves a note of what it was about to send; one that dies after the answer, of what was placed.
func TestAReportOfADeadWorkerIsFound(t *testing.T) {
	s := stand(t, gistest.Options{})
	notes := enginetest.NewMemory().Stores().Notes
	order := planned("c1", 24, 30)
	if _, r := (told{"c0", "outage-planned", "", false, planned("", 90, 95).vars}).tell(t, settled{Channel: open(t, gosuslugi.Config{Notes: notes})}, s); r.Fault != nil {
		t.Fatal(r.Fault)
	}
	if _, r := order.tell(t, open(t, gosuslugi.Config{Notes: notes}), s); r.Later == nil { // nobody asks what became of it
		t.Fatalf("%+v", r)
	}
	channel := settled{Channel: open(t, gosuslugi.Config{Notes: notes})}
	for range 2 {
		if _, r := order.tell(t, channel, s); r.Fault != nil || r.ID == "" {
			t.Fatalf("%+v", r)
		}
	}
	if list := s.Notices(org); len(list) != 2 || list[1].Times != 1 || s.Calls("exportOutageReport") != 1 {
		t.Errorf("ГИС ЖКХ has %+v", list)
	}
}

// What a report refers to may have been annulled by hand: the follow-up is news then.
func TestAReportThatIsNotThereAnyMore(t *testing.T) {
	s := stand(t, gistest.Options{})
	notes := enginetest.NewMemory().Stores().Notes
	channel := settled{Channel: open(t, gosuslugi.Config{Notes: notes})}
	if _, r := planned("c1", 24, 30).tell(t, channel, s); r.Fault != nil {
		t.Fatal(r.Fault)
	}
	s.Recall(org, s.Notices(org)[0].GUID)
	restored := told{"c2", "outage-restored", "r1", false, nil}
	if _, r := restored.tell(t, channel, s); r.Fault == nil || r.Fault.Code != "INT002034" || !r.Fault.Reason.Temporary() {
		t.Fatalf("%+v", r)
	}
	list, r := restored.tell(t, channel, s)
	if r.Fault != nil || len(list) != 2 || list[1].Outage {
		t.Errorf("%+v; ГИС ЖКХ has %+v", r, list)
	}
}

// Another resident of the house may be the one whose message is sent after a failure: it is the same notice all the same.
func TestANoticeIsTheHousesAndNotItsResidents(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := settled{Channel: open(t, gosuslugi.Config{})}
	from := sender(s, engine.KindAction)
	for _, key := range []string{"c-1-gosuslugi", "c-7-gosuslugi"} {
		if r := channel.Send(t.Context(), from, []engine.Message{message(key, engine.Recipient{House: house(0)})})[0]; r.Fault != nil {
			t.Fatal(r.Fault)
		}
	}
	if list := s.Notices(org); len(list) != 2 || list[0].Transport != list[1].Transport {
		t.Errorf("ГИС ЖКХ has %+v", list)
	}
}
