package e2e

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// person is a resident who does not exist.
type person struct {
	account, name, email, house, document string
	amount                                engine.Money
}

// personal finds residents in a text: accounts, documents, addresses and names.
var personal = regexp.MustCompile(`ac7-\d|doc7-\d|resident\d|(?i)example\.org|` + strings.Join(surnames, "|"))

var surnames = []string{"Соколова", "Кузнецов", "Ёлкина", "Морозов", "Щукина"}

// houses are the FIAS GUIDs of the town's houses.
var houses = []string{"11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"}

// period is the month that bills are for.
const period = "2026-10"

// people makes n residents, who live in turn in the three houses and owe 1,000 roubles and a few kopecks each.
func people(n int) []person {
	list := make([]person, n)
	for i := range list {
		list[i] = person{
			account: fmt.Sprintf("ac7-%06d", i), name: surnames[i%len(surnames)] + " Имя", email: fmt.Sprintf("resident%d@example.org", i),
			house: houses[i%len(houses)], document: fmt.Sprintf("doc7-%06d", i), amount: engine.Money(100_000 + i%100),
		}
	}
	return list
}

// header names the columns of row.
const header = "account,name,email,house,document_id,period,amount,due_date\n"

func (p person) row() string {
	return strings.Join([]string{p.account, p.name, p.email, p.house, p.document, period, p.amount.String(), "2026-12-10"}, ",") + "\n"
}

// csvOf is a file of people.
func csvOf(list []person) string {
	var b strings.Builder
	b.WriteString(header)
	for _, p := range list {
		b.WriteString(p.row())
	}
	return b.String()
}

// post counts what came to each address.
type post struct {
	mu      sync.Mutex
	letters map[string]int
	all     int
}

func (p *post) count(mail mailtest.Mail) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letters[mail.To[0]]++
	p.all++
}

// reached is how many letters came, and to how many addresses.
func (p *post) reached() (letters, addresses int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all, len(p.letters)
}

// letters counts what has come to each address.
func (w *town) letters() map[string]int {
	w.Helper()
	n := w.mail.Count()
	w.await("a count of the letters", func() bool { all, _ := w.post.reached(); return all >= n })
	w.post.mu.Lock()
	defer w.post.mu.Unlock()
	return maps.Clone(w.post.letters)
}

// mailedOnce checks that everybody got exactly one letter.
func (w *town) mailedOnce(list []person) {
	w.Helper()
	if extra := w.mailedAll(list); extra > 0 {
		w.Errorf("%d letters too many", extra)
	}
}

// mailedAll checks that everybody got a letter and nobody else did, and gives how many were sent twice.
func (w *town) mailedAll(list []person) (extra int) {
	w.Helper()
	counts, missing := w.letters(), 0
	for _, p := range list {
		if counts[p.email] == 0 {
			missing++
		}
		extra += max(0, counts[p.email]-1)
		delete(counts, p.email)
	}
	if missing > 0 || len(counts) > 0 {
		w.Errorf("%d of %d got no letter, %d strangers got one", missing, len(list), len(counts))
	}
	return extra
}

// letter is a mail as its reader sees it.
type letter struct {
	*enmime.Envelope
	pixel, button string // what the mail program loads, and where the button leads
}

var (
	pixelTag  = regexp.MustCompile(`<img [^>]*src="([^"]*/t/o/[^"]*)"`)
	buttonTag = regexp.MustCompile(`<a [^>]*href="([^"]*/t/c/[^"]*)"`)
)

// read opens a mail, which must be whole.
func read(t testing.TB, mail mailtest.Mail) letter {
	t.Helper()
	envelope, err := enmime.ReadEnvelope(bytes.NewReader(mail.Raw))
	if err != nil || len(envelope.Errors) > 0 {
		t.Fatalf("a mail cannot be read: %v %v", err, envelope)
	}
	pixel, button := pixelTag.FindStringSubmatch(envelope.HTML), buttonTag.FindStringSubmatch(envelope.HTML)
	if envelope.Text == "" || pixel == nil || button == nil {
		t.Fatalf("a mail lacks its text, its pixel or its button:\n%s\n%s", envelope.Text, envelope.HTML)
	}
	return letter{envelope, pixel[1], button[1]}
}

// show has a mail program load the pixel.
func (w *town) show(l letter) {
	w.Helper()
	w.follow(l.pixel, http.StatusOK)
}

// follow asks for an address of a letter and gives where it leads.
func (w *town) follow(address string, want int) string {
	w.Helper()
	answer, err := w.get(address, "")
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != want {
		w.Fatalf("a link of a letter is answered %d, want %d", answer.StatusCode, want)
	}
	return answer.Header.Get("Location")
}
