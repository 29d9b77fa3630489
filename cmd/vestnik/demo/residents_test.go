package demo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// doors stands in for the product's public doors and remembers who knocked.
type doors struct {
	*httptest.Server
	mu       sync.Mutex
	opens    map[string]int
	clicks   map[string]int
	unsubs   map[string]int
	events   []client.Event
	payments []engine.Payment
	busy     atomic.Int64 // how many requests are answered "busy" first
	bank     *Bank
}

func openDoors(t *testing.T) *doors {
	t.Helper()
	d := &doors{opens: map[string]int{}, clicks: map[string]int{}, unsubs: map[string]int{}}
	mux := http.NewServeMux()
	count := func(to map[string]int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if d.busy.Add(-1) >= 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			to[r.PathValue("who")]++
		}
	}
	mux.HandleFunc("GET /t/o/{who}", count(d.opens))
	mux.HandleFunc("POST /u/{who}", count(d.unsubs))
	mux.HandleFunc("GET /t/c/{who}", func(w http.ResponseWriter, r *http.Request) {
		count(d.clicks)(w, r)
		http.Redirect(w, r, d.bank.URL+"/pay?document_id=D&account=A&period=2026-10&amount=1.00", http.StatusFound)
	})
	mux.HandleFunc("POST /v1/events", func(w http.ResponseWriter, r *http.Request) {
		var list []client.Event
		d.take(t, r, &list)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.events = append(d.events, list...)
		_, _ = fmt.Fprint(w, "{}")
	})
	mux.HandleFunc("POST /v1/payments", func(w http.ResponseWriter, r *http.Request) {
		var list []engine.Payment
		d.take(t, r, &list)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.payments = append(d.payments, list...)
		_, _ = fmt.Fprintf(w, `{"accepted":%d,"matched":%d}`, len(list), len(list))
	})
	d.Server = httptest.NewServer(mux)
	t.Cleanup(d.Close)
	return d
}

func (d *doors) take(t *testing.T, r *http.Request, to any) {
	if err := json.NewDecoder(r.Body).Decode(to); err != nil {
		t.Error(err)
	}
}

// mailOf is a mail as the e-mail channel writes it.
func (d *doors) mailOf(p Resident, campaign engine.CampaignID) mailtest.Mail {
	page := fmt.Sprintf(`<p>Счёт</p><a class="btn" href="%[1]s/t/c/%[2]s">Оплатить</a><img src="%[1]s/t/o/%[2]s" width="1">`, d.URL, p.Account)
	raw := "Message-ID: <" + engine.MessageKey(campaign, engine.Ordinal(p.Number), engine.Email, 0) + "@uk.example>\r\n" +
		"List-Unsubscribe: <" + d.URL + "/u/" + p.Account + ">,\r\n <mailto:u+x@bounces.example?subject=unsubscribe>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" +
		"Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nСчёт\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString([]byte(page)) + "\r\n--b--\r\n"
	return mailtest.Mail{To: []string{p.Email}, Raw: []byte(raw)}
}

// town is residents who live before doors.
type town struct {
	*Residents
	doors *doors
}

func newTown(t *testing.T, size int) town {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	d := openDoors(t)
	bank, err := OpenBank()
	if err != nil {
		t.Fatal(err)
	}
	d.bank = bank
	api := client.New(d.URL, "vst_live_x")
	bank.Employ(api)
	r := NewResidents(NewWorld(11, size, today), bank, api)
	t.Cleanup(func() {
		r.Close()
		api.HTTP.CloseIdleConnections()
		if err := bank.Close(); err != nil {
			t.Error(err)
		}
	})
	return town{r, d}
}

// deliver gives everybody who has a mailbox a letter and waits until nobody is busy with one.
func (r town) deliver(t *testing.T, campaign engine.CampaignID) (letters int) {
	t.Helper()
	for i := range r.world.Size {
		if p := r.world.Resident(i); p.Email != "" {
			r.Receive(r.doors.mailOf(p, campaign))
			letters++
		}
	}
	r.mu.Lock()
	_, known := r.campaigns[campaign]
	r.mu.Unlock()
	if known {
		r.Settled(campaign) // those that are delivered later are returned at once
	}
	for deadline := time.Now().Add(time.Minute); !r.Quiet(letters); {
		if time.Now().After(deadline) {
			t.Fatal("the town does not come to rest")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return letters
}

func TestResidentsDoWhatTheyAreGoingToDo(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			r := newTown(t, 300)
			campaign := engine.CampaignID(engine.NewID())
			deeds := r.Expect(campaign, kind)
			r.doors.busy.Store(3)
			letters := r.deliver(t, campaign)
			var opened, clicked, returned, received, unsubscribed, payments int64
			for i := range r.world.Size {
				p := r.world.Resident(i)
				f := r.world.Fate(p, kind)
				switch {
				case p.Email == "":
					continue
				case f.Returned:
					returned++
					continue
				}
				received, opened, clicked = received+one(f.Received), opened+one(f.Opens), clicked+one(f.Clicks)
				unsubscribed += one(f.Unsubscribes)
				if !f.Beforehand {
					payments += int64(len(r.world.Payments(p, f, kind)))
				}
			}
			have := []int64{deeds.Letters.Load(), deeds.Received.Load(), deeds.Opened.Load(), deeds.Clicked.Load(), deeds.Returned.Load(), deeds.Unsubscribed.Load(),
				int64(len(r.doors.opens)), int64(len(r.doors.clicks)), int64(len(r.doors.unsubs)), int64(len(r.doors.events)), int64(len(r.doors.payments))}
			want := []int64{int64(letters), received, opened, clicked, returned, unsubscribed, opened, clicked, unsubscribed, received + returned, payments}
			if fmt.Sprint(have) != fmt.Sprint(want) {
				t.Errorf("letters, received, opened, clicked, returned, unsubscribed, then what the doors saw:\n%v, want\n%v", have, want)
			}
			for _, e := range r.doors.events {
				if e.Campaign != campaign || e.Account == "" || e.At.IsZero() {
					t.Fatalf("event %+v", e)
				}
			}
		})
	}
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func TestLettersOfOthersAreLeftAlone(t *testing.T) {
	r := newTown(t, 50)
	r.deliver(t, engine.CampaignID(engine.NewID())) // nobody was told of this campaign
	if len(r.doors.events)+len(r.doors.opens)+len(r.doors.payments) > 0 {
		t.Error("somebody did something")
	}
}

func TestABrokenDoorIsTold(t *testing.T) {
	r := newTown(t, 50)
	campaign := engine.CampaignID(engine.NewID())
	r.Expect(campaign, engine.KindOutage)
	for i := range r.world.Size {
		if p := r.world.Resident(i); p.Email != "" && r.world.Fate(p, engine.KindOutage).Opens {
			m := r.doors.mailOf(p, campaign)
			page := base64.StdEncoding.EncodeToString([]byte(`<img src="` + r.doors.URL + `/elsewhere">`))
			head, _, _ := strings.Cut(string(m.Raw), "base64\r\n\r\n")
			m.Raw = []byte(head + "base64\r\n\r\n" + page + "\r\n--b--\r\n")
			r.Receive(m)
		}
	}
	for deadline := time.Now().Add(time.Minute); r.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody says that a door is broken")
		}
	}
	if err := r.Err(); !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}

func TestResidentsLeaveInTheMiddleOfThings(t *testing.T) {
	r := newTown(t, 200)
	campaign := engine.CampaignID(engine.NewID())
	r.Expect(campaign, engine.KindBill)
	for i := range r.world.Size {
		if p := r.world.Resident(i); p.Email != "" {
			r.Receive(r.doors.mailOf(p, campaign))
		}
	}
	r.Close() // and again by Cleanup; goleak sees who stays
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestBankPage(t *testing.T) {
	r := newTown(t, 1)
	bill := "/pay?" + url.Values{"document_id": {"D<1>"}, "amount": {"12.34"}}.Encode()
	for _, is := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", bill, 200, "D&lt;1&gt;"}, {"GET", "/pay", 404, "Такого счёта нет"}, {"GET", "/pay?document_id=D&amount=-1", 404, ""},
		{"POST", bill + "&reference=r1", 200, "Оплачено"}, {"POST", "/pay?amount=1", 404, ""}, {"GET", "/other", 404, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), is.method, r.bank.URL+is.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		r.bank.server.Handler.ServeHTTP(recorder, request)
		if recorder.Code != is.status || !strings.Contains(recorder.Body.String(), is.says) {
			t.Errorf("%s %s: %d\n%s", is.method, is.path, recorder.Code, recorder.Body)
		}
	}
	if len(r.doors.payments) != 1 || r.doors.payments[0].Reference != "r1" || r.doors.payments[0].Amount != 12_34 || r.bank.Report().Accepted != 1 {
		t.Errorf("%+v %+v", r.doors.payments, r.bank.Report())
	}
}

func TestTogether(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	var calls, items atomic.Int64
	wrong := errors.New("wrong")
	all := newTogether(10, 20*time.Millisecond, func(_ context.Context, list []int) error {
		calls.Add(1)
		items.Add(int64(len(list)))
		if len(list) > 10 {
			t.Errorf("%d at once", len(list))
		}
		if list[0] < 0 {
			return wrong
		}
		return nil
	})
	var working, adding sync.WaitGroup
	working.Go(func() { all.run(ctx) })
	for i := range 100 {
		adding.Go(func() {
			if err := all.add(ctx, i); err != nil {
				t.Error(err)
			}
		})
	}
	adding.Wait()
	if items.Load() != 100 || calls.Load() > 50 {
		t.Errorf("%d items in %d calls", items.Load(), calls.Load())
	}
	if err := all.add(ctx, -1); !errors.Is(err, wrong) {
		t.Error(err)
	}
	cancel()
	working.Wait()
	if err := all.add(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestLetters(t *testing.T) {
	for name, raw := range map[string]string{
		"empty": "", "no Message-ID": "Subject: x\r\n\r\n", "somebody else's": "Message-ID: <1@else.example>\r\n\r\n",
		"no boundary": "Message-ID: <abc-1-email@x>\r\nContent-Type: multipart/alternative\r\n\r\nx",
	} {
		if _, err := openLetter([]byte(raw)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	l, err := openLetter([]byte("Message-ID: <abc-1-email@x>\r\nContent-Type: text/plain\r\n\r\nx"))
	if err != nil || l.campaign != "abc" || l.pixel != "" || l.button != "" {
		t.Errorf("%+v %v", l, err)
	}
}

func FuzzOpenLetter(f *testing.F) {
	f.Add([]byte("Message-ID: <abc-1-email@x>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src=\"x\">\r\n--b--\r\n"))
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = openLetter(raw) })
}
