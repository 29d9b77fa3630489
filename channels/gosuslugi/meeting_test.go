package gosuslugi_test

import (
	"encoding/json"
	"maps"
	"testing"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

const rootOrg = "0c0c0c0c-0c0c-4c0c-8c0c-0c0c0c0c0c0c"

// announce sends a campaign about a meeting, with some variables changed.
func announce(t *testing.T, channel engine.Channel, s *gistest.Server, changes map[string]any) engine.Result {
	t.Helper()
	vars := map[string]any{
		"topic": "Крыша", "starts_at": at(24 * 12), "ends_at": at(24 * 20), "place": "Двор дома", "form": "in_person", "initiator": rootOrg,
		"agenda": "1. Выбор председателя\n2. Ремонт крыши", "decision_type": "Иные вопросы",
	}
	maps.Copy(vars, changes)
	from := sender(s, engine.KindMeeting)
	from.Campaign.ID, from.Campaign.Template.Name = "c1", "meeting-planned"
	var err error
	if from.Campaign.Vars, err = json.Marshal(vars); err != nil {
		t.Fatal(err)
	}
	return channel.Send(t.Context(), from, []engine.Message{message("c1-0-gosuslugi", engine.Recipient{House: house(0)})})[0]
}

func TestMeetingsAreAnnounced(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes map[string]any
		form    string // empty: it is told by news
	}{
		{"in person", nil, "Meeting"},
		{"absentee, yearly", map[string]any{"form": "absentee", "annual": true}, "AVoting"},
		{"mixed, initiated by a citizen", map[string]any{"form": "mixed", "ballots_place": "УК", "initiator": "Иванов Иван Иванович"}, "MeetingAVoting"},
		{"online", map[string]any{"form": "online", "ballots_rules": "В офис УК", "materials": "На сайте УК", "administrator": rootOrg, "administrator_address": "ул. Ленина, 1"}, "EVoting"},
		{"questions of their own kinds", map[string]any{"agenda": []map[string]string{{"text": "Кто управляет?", "type": "1.1"}, {"text": "Крыша"}}}, "Meeting"},
		{"a list of questions", map[string]any{"agenda": []string{"Один", "Два"}}, "Meeting"},
		{"no form", map[string]any{"form": ""}, ""},
		{"a form nobody knows", map[string]any{"form": "dance"}, ""},
		{"no kind of question", map[string]any{"decision_type": ""}, ""},
		{"no agenda", map[string]any{"agenda": ""}, ""},
		{"no initiator", map[string]any{"initiator": ""}, ""},
		{"no place", map[string]any{"place": ""}, ""},
		{"online without rules", map[string]any{"form": "online"}, ""},
		{"begun already", map[string]any{"starts_at": at(-1)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := stand(t, gistest.Options{Schemas: schemaDir})
			if r := announce(t, settled{Channel: open(t, gosuslugi.Config{})}, s, test.changes); r.Fault != nil || !r.Received || r.ID == "" {
				t.Fatalf("%+v", r)
			}
			switch list, news := s.Meetings(org), s.Notices(org); {
			case test.form == "" && (len(list) != 0 || len(news) != 1 || news[0].Text != "Текст"):
				t.Errorf("ГИС ЖКХ has meetings %+v and news %+v", list, news)
			case test.form != "" && (len(list) != 1 || len(news) != 0 || list[0].Form != test.form || len(list[0].Questions) != 2 || list[0].Annual != (test.form == "AVoting")):
				t.Errorf("ГИС ЖКХ has meetings %+v and news %+v", list, news)
			}
		})
	}
}

func TestNoMeetingIsAnnouncedTwice(t *testing.T) {
	for name, trouble := range map[string]gistest.Trouble{
		"the answer is lost":  {Only: "importVotingMessage", Cut: gistest.CutAfter, Requests: 1},
		"the request is lost": {Only: "importVotingMessage", Cut: gistest.CutBefore, Requests: 1},
		"overload":            {Only: "importVotingMessage", Code: "EXP001000", Requests: 1},
	} {
		for _, form := range []string{"in_person", "absentee", "mixed"} {
			t.Run(name+", "+form, func(t *testing.T) {
				s := stand(t, gistest.Options{Schemas: schemaDir})
				channel := settled{Channel: open(t, gosuslugi.Config{})}
				s.Misbehave(trouble)
				if r := announce(t, channel, s, map[string]any{"form": form}); r.Fault == nil || !r.Fault.Reason.Temporary() {
					t.Fatalf("%+v", r)
				}
				if r := announce(t, channel, s, map[string]any{"form": form}); r.Fault != nil || r.ID == "" {
					t.Fatalf("again: %+v", r)
				}
				if list := s.Meetings(org); len(list) != 1 || s.Calls("exportVotingMessage") != 1 {
					t.Errorf("ГИС ЖКХ has %+v", list)
				}
			})
		}
	}
}
