package redisq_test

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// accounts makes n recipients as a real file has them.
func accounts(from, n int) []engine.Recipient {
	list := make([]engine.Recipient, n)
	for i := range list {
		k := from + i
		amount := engine.Money(1000_00 + k*7919%900_000)
		list[i] = engine.Recipient{
			Account: fmt.Sprintf("%010d", 4_000_000_000+uint64(k)*7), Name: names[k%len(names)] + " " + names[k*7%len(names)] + "ич",
			Email: fmt.Sprintf("resident.%x@mail.example.ru", uint32(k)*2654435761),
			House: fmt.Sprintf("%08x-89ab-4cde-8f01-23456789abcd", uint32(k/80)*2654435761), Premises: fmt.Sprint(k%80 + 1),
			DocumentID: fmt.Sprintf("50АА%09d-01", k), Period: "2026-10", Amount: &amount, DueDate: "2026-11-10",
		}
	}
	return list
}

var names = []string{"Иванов", "Петрова", "Сидоренко", "Кузнецова", "Смирнов", "Попова", "Васильев", "Соколова", "Михайлов", "Новикова", "Фёдоров"}

// redisCLI asks the server past everything that is tested.
func redisCLI(t testing.TB, server *redistest.Server, args ...string) string {
	t.Helper()
	host, port, _ := strings.Cut(server.Addr(), ":")
	out, err := exec.Command("redis-cli", append([]string{"-h", host, "-p", port}, args...)...).Output()
	if err != nil {
		t.Fatalf("redis-cli %v: %v", args, err)
	}
	return string(out)
}

// TestWhatLiesInRedis uses every store and then looks at the keys: none tells who, all that should expire do, and with a data key no value tells
// who either.
func TestWhatLiesInRedis(t *testing.T) {
	server := redistest.Start(t, "--rdbcompression", "no") // so that DUMP shows what there is
	s := open(t, redisq.Options{URL: server.URL(), DataKey: []byte("sixteen bytes !!")}).Stores()
	ctx, list := t.Context(), accounts(0, 3)
	now := time.Now().UTC()
	for i, step := range slices.Concat(useCampaign(ctx, s, list, now), useProvider(ctx, s, list, now)) {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	forever := map[string]bool{"v:{registry}:providers": true, "v:{registry}:keys": true, "v:{active}": true, "v:{prv}:stops:email": true,
		"v:{prv}:consents": true, "v:{prv}:consents:log": true, "v:{prv}:chats": true, "v:{prv}:chats:index": true}
	keys := strings.Fields(redisCLI(t, server, "--scan"))
	if len(keys) < 30 {
		t.Fatalf("only %d keys: %v", len(keys), keys)
	}
	for _, key := range keys {
		if lasts := strings.TrimSpace(redisCLI(t, server, "ttl", key)) == "-1"; lasts != forever[key] {
			t.Errorf("key %s lasts for ever: %v", key, lasts)
		}
		if value := redisCLI(t, server, "--no-raw", "dump", key); tells(key+value, list) {
			t.Errorf("key %s tells who", key)
		}
	}
}

// useCampaign gives steps that use every store of a campaign.
func useCampaign(ctx context.Context, s engine.Stores, list []engine.Recipient, now time.Time) []func() error {
	c := engine.Campaign{ID: "cmp", Provider: "prv", Kind: engine.KindBill, Status: engine.StatusRunning, CreatedAt: now,
		Route: engine.DefaultRoute(engine.KindBill)}
	b := engine.Batch{Phase: engine.Sending, Due: now, Members: engine.FirstMembers(3)}
	late := b
	late.Chunk, late.Due = 1, now.Add(time.Hour)
	return []func() error{
		func() error { return s.Registry.PutProvider(ctx, engine.Provider{ID: "prv"}) },
		func() error { return s.Registry.PutKey(ctx, engine.Key{ID: "key"}) },
		func() error { return s.Registry.AddCampaign(ctx, c) },
		func() error { _, err := s.Audience.Append(ctx, c.ID, list); return err },
		func() error { return s.Ledger.Open(ctx, c.ID, 3, 1) },
		func() error { return s.Ledger.Feed(ctx, c.ID, 0, 2, []engine.Batch{b, late}) },
		func() error { _, err := s.Ledger.Take(ctx, c.ID, b.ID(), "h", now, now.Add(time.Minute)); return err },
		func() error {
			_, err := s.Ledger.Take(ctx, c.ID, late.ID(), "h", now, now.Add(time.Minute))
			return err
		},
		func() error {
			_, err := s.Ledger.Settle(ctx, c.ID, b.ID(), "h", engine.Settlement{States: []engine.Change{{State: engine.State{Outcome: engine.Delivered}}}})
			return err
		},
		func() error {
			err := s.Marks.Set(ctx, c.ID, engine.Email, engine.Opened, engine.Ordinals{1})
			return err
		},
		func() error {
			_, err := s.Claims.Claim(ctx, c.ID, "0.1", []string{list[0].Email}, engine.Ordinals{1})
			return err
		},
		func() error { return s.Claims.Close(ctx, c.ID, "0.1", []string{list[0].Email}, true) },
		func() error {
			return s.Documents.Give(ctx, c.ID, map[engine.Ordinal]string{1: list[0].DocumentID})
		},
	}
}

// useProvider gives steps that use every store of a provider, and those of neither.
func useProvider(ctx context.Context, s engine.Stores, list []engine.Recipient, now time.Time) []func() error {
	return []func() error{
		func() error {
			_, err := s.Cashbook.Credit(ctx, "prv", []engine.Payment{{Reference: "reference", DocumentID: list[0].DocumentID, Amount: 1, PaidAt: now}})
			return err
		},
		func() error { return s.Stops.Stop(ctx, "prv", engine.Email, engine.Opted, []string{list[0].Email}) },
		func() error { _, _, err := s.Answers.Begin(ctx, "prv", list[0].Email, [32]byte{}); return err },
		func() error { _, _, err := s.Answers.Begin(ctx, "prv", list[1].Email, [32]byte{}); return err },
		func() error {
			return s.Answers.Keep(ctx, "prv", list[1].Email, [32]byte{}, engine.Answer{Body: []byte(list[0].Name)})
		},
		func() error {
			return s.Consents.Record(ctx, "prv", []engine.Consent{{Account: list[0].Account, Given: true, At: now, How: "phone", Proof: list[0].Email}})
		},
		func() error {
			_, err := s.Frequency.Claim(ctx, "prv", engine.KindAd, "cmp", []string{list[0].Account}, now, 7, 2)
			return err
		},
		func() error { _, err := s.Pace.Spend(ctx, list[0].Email, now, 1, 2); return err },
		func() error {
			_, err := s.Pace.Enter(ctx, list[0].Email, "h", 1, now, now.Add(time.Minute))
			return err
		},
		func() error {
			_, err := s.Breakers.ChangeBreaker(ctx, "prv", engine.Email, func(b *engine.Breaker) { b.Failures++ })
			return err
		},
		func() error {
			_, err := s.Dialogs.Wrote(ctx, "prv", engine.VK, []engine.Written{{Address: list[0].Email, Number: 7, Campaign: "cmp"}})
			return err
		},
		func() error { return s.Dialogs.Hear(ctx, "prv", engine.VK, []string{list[0].Email}) },
		func() error {
			_, err := s.Declarations.Declare(ctx, "prv", []engine.Payment{{Reference: "r", Account: list[0].Account, DocumentID: list[0].DocumentID}}, now)
			return err
		},
		func() error {
			return s.Declarations.Settle(ctx, "prv", []engine.Declaration{{
				Payment: engine.Payment{Reference: "r", Account: list[0].Account}, State: engine.Refuted, Name: list[0].DocumentID,
			}})
		},
		func() error { return s.Dialogs.SetBookmark(ctx, "prv", engine.VK, "1") },
		func() error { return s.Tally.Add(ctx, "prv", engine.Email, engine.Bounced, now, 1) },
		func() error {
			return s.Chats.AddChat(ctx, "prv", engine.Chat{ID: "chat", Houses: []string{list[0].House}})
		},
		func() error {
			return s.Notes.Write(ctx, "prv", map[string][]byte{"house": []byte(list[0].Account)}, time.Hour)
		},
		func() error {
			_, err := s.Chats.ChangeThread(ctx, "prv", engine.ChatPlace{Network: engine.NetworkVK, ID: 1}, func(t *engine.Thread) error {
				t.Posts = []engine.Post{{ID: "1"}}
				return nil
			})
			return err
		},
		func() error {
			head := engine.KeptHead{ID: "cmp-0-email", At: now, To: list[0].Email, Person: list[0].Name, Account: list[0].Account}
			return s.Inbox.Keep(ctx, "prv", []engine.Kept{{KeptHead: head, Content: engine.Content{Text: list[0].Name}, Source: []byte(list[0].Email)}})
		},
	}
}

// tells reports whether a text has something in it that stands for a person.
func tells(text string, list []engine.Recipient) bool {
	for _, person := range list {
		for _, secret := range []string{person.Account, person.Email, person.DocumentID, strings.Fields(person.Name)[0]} {
			if bytes.Contains([]byte(text), []byte(secret)) {
				return true
			}
		}
	}
	return false
}

func TestAnotherDataKeyOpensNothing(t *testing.T) {
	server := redistest.Start(t)
	ctx := t.Context()
	sealed := open(t, redisq.Options{URL: server.URL(), DataKey: []byte("sixteen bytes !!")}).Stores()
	if _, err := sealed.Audience.Append(ctx, "cmp", accounts(0, 3)); err != nil {
		t.Fatal(err)
	}
	for _, key := range [][]byte{nil, []byte("another sixteen!")} {
		other := open(t, redisq.Options{URL: server.URL(), DataKey: key}).Stores()
		if _, err := other.Audience.Chunk(ctx, "cmp", 0); err == nil {
			t.Errorf("a chunk was opened with key %q", key)
		}
	}
	if list, err := sealed.Audience.Chunk(ctx, "cmp", 0); err != nil || len(list) != 3 {
		t.Errorf("the right key does not open it: %v", err)
	}
}
