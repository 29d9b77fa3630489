package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// Bank is the place where residents pay, on a port of its own: the page that the button of a bill leads to, and beside it those of
// an offer and of the meters' readings. What it takes, it reports as a provider's billing would, many payments at once.
type Bank struct {
	URL    string // where it is
	api    *client.Client
	server *http.Server
	ledger *together[engine.Payment]
	served sync.WaitGroup
	cancel context.CancelFunc

	mu     sync.Mutex
	report engine.PaymentReport
}

// paymentsAtOnce is how many payments one report brings.
const paymentsAtOnce = 250

//go:embed bank.html
var bankHTML string

var bankPage = template.Must(template.New("bank").Parse(bankHTML))

// OpenBank opens the bank on a free port of the loopback interface. Until Employ it shows its page and takes nothing.
func OpenBank() (*Bank, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the bank: %w", err)
	}
	b := &Bank{URL: "http://" + listener.Addr().String()}
	b.ledger = newTogether(paymentsAtOnce, 50*time.Millisecond, b.tell)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pay", b.show)
	mux.HandleFunc("POST /pay", b.take)
	mux.HandleFunc("GET /offer", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Вымышленное предложение вымышленного города.\n") // fails only when the resident has gone
	})
	mux.HandleFunc("GET /readings", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Здесь передают показания вымышленных счётчиков.\n")
	})
	b.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	b.served.Go(func() { _ = b.server.Serve(listener) }) // ends by Close
	b.served.Go(func() { b.ledger.run(ctx) })
	return b, nil
}

// Pattern is the address of the page for a bill, as the provider's setting payment.url.
func (b *Bank) Pattern() string {
	return b.URL + "/pay?document_id={document_id}&account={account}&period={period}&amount={amount}"
}

// Employ tells the bank where to report what it takes. It is to be called once, before anybody pays.
func (b *Bank) Employ(api *client.Client) { b.api = api }

// Close closes the bank.
func (b *Bank) Close() error {
	b.cancel()
	err := b.server.Close()
	b.served.Wait()
	return err
}

// Report is what the provider's API has answered so far.
func (b *Bank) Report() engine.PaymentReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.report
}

// Pay takes a payment and returns when the provider knows of it.
func (b *Bank) Pay(ctx context.Context, p engine.Payment) error { return b.ledger.add(ctx, p) }

// PayAll takes many payments at once.
func (b *Bank) PayAll(ctx context.Context, payments []engine.Payment) error {
	for part := range slices.Chunk(payments, paymentsAtOnce) {
		if err := b.tell(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// tell reports payments to the provider.
func (b *Bank) tell(ctx context.Context, payments []engine.Payment) error {
	if b.api == nil {
		return errors.New("the bank has nobody to report payments to yet")
	}
	var told engine.PaymentReport
	err := insist(ctx, func() (err error) {
		told, err = b.api.Payments(ctx, payments)
		return err
	})
	if err != nil {
		return fmt.Errorf("report payments: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report.Accepted += told.Accepted
	b.report.Matched += told.Matched
	b.report.Unmatched += told.Unmatched
	b.report.Duplicates += told.Duplicates
	return nil
}

// form is what the page is about.
func form(r *http.Request) (p engine.Payment, ok bool) {
	amount, err := engine.ParseMoney(r.FormValue("amount"))
	p = engine.Payment{DocumentID: r.FormValue("document_id"), Amount: amount, PaidAt: time.Now().UTC().Truncate(time.Millisecond)}
	if p.DocumentID == "" {
		p.Account, p.Period = r.FormValue("account"), r.FormValue("period")
	}
	return p, err == nil && amount > 0 && (p.DocumentID != "" || p.Account != "" && p.Period != "")
}

func (b *Bank) show(w http.ResponseWriter, r *http.Request) {
	if _, ok := form(r); !ok {
		http.Error(w, "Такого счёта нет.", http.StatusNotFound)
		return
	}
	b.page(w, r, false)
}

func (b *Bank) page(w http.ResponseWriter, r *http.Request, paid bool) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = bankPage.Execute(w, map[string]any{ // fails only when the resident has gone
		"Document": r.FormValue("document_id"), "Account": r.FormValue("account"), "Period": r.FormValue("period"), "Amount": r.FormValue("amount"), "Paid": paid,
	})
}

// take is the page's button; a reference makes the same payment twice one payment.
func (b *Bank) take(w http.ResponseWriter, r *http.Request) {
	p, ok := form(r)
	if !ok {
		http.Error(w, "Такого счёта нет.", http.StatusNotFound)
		return
	}
	if p.Reference = r.FormValue("reference"); p.Reference == "" {
		p.Reference = "page-" + engine.NewID()
	}
	if err := b.Pay(r.Context(), p); err != nil {
		http.Error(w, "Сейчас не получилось. Попробуйте ещё раз.", http.StatusServiceUnavailable)
		return
	}
	b.page(w, r, true)
}
