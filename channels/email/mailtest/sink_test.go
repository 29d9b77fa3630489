package mailtest

import (
	"fmt"
	"net/smtp"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func address(url string) string {
	url, _, _ = strings.Cut(strings.TrimPrefix(url, "smtp://"), "?")
	return url
}

// TestSinkKeepsTheNewest checks what is kept, counted and told, with a client of another make.
func TestSinkKeepsTheNewest(t *testing.T) {
	var told []string
	var telling sync.Mutex
	sink, err := Start(Options{Keep: 3, OnMessage: func(m Mail) {
		telling.Lock()
		defer telling.Unlock()
		told = append(told, m.To[0])
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		to := fmt.Sprintf("r%d@example.org", i)
		if err := smtp.SendMail(address(sink.URL()), nil, "a@example.org", []string{to}, []byte("Subject: x\r\n\r\n.dot\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	mails := sink.Mails()
	if sink.Count() != 10 || len(mails) != 3 || mails[2].To[0] != "r9@example.org" || string(mails[2].Raw) != "Subject: x\r\n\r\n.dot\r\n" {
		t.Errorf("%d counted, kept %+v", sink.Count(), mails)
	}
	sink.Close()
	if len(told) != 10 || told[0] != "r0@example.org" {
		t.Errorf("OnMessage was told of %v", told)
	}
}

// TestNullSpeaksSMTP counts mail from a client of another make, message ends across reads included.
func TestNullSpeaksSMTP(t *testing.T) {
	null, err := StartNull()
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	body := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("y", 76)+"\r\n", 2000))
	for range 5 {
		if err := smtp.SendMail(address(null.URL()), nil, "a@example.org", []string{"b@example.org"}, body); err != nil {
			t.Fatal(err)
		}
	}
	if null.Count() != 5 {
		t.Errorf("counted %d of 5", null.Count())
	}
}
