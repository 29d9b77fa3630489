package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
	"vestnik/engine"
	"vestnik/templates"
)

// maxErrors is how many mistakes of a file are told.
const maxErrors = 100

// intakeReport is what became of a file of recipients.
type intakeReport struct {
	Accepted   int64            `json:"accepted"`
	Rejected   int64            `json:"rejected"`
	Duplicates int64            `json:"duplicates"`
	Errors     []intake.Problem `json:"errors"`
	Truncated  bool             `json:"errors_truncated"`
	Warnings   []intake.Problem `json:"warnings"`
}

// putRecipients takes the audience of a draft as a stream.
func (s *Server) putRecipients(c echo.Context) error {
	f, err := s.newFiling(c)
	if err != nil {
		return err
	}
	q := readQuery(c)
	onError := q.word("on_error", "skip", "reject")
	if err := q.close(); err != nil {
		return err
	}
	var body io.Reader = c.Request().Body
	if onError == "reject" {
		aside, err := newSpool(s.config.Spool)
		if err != nil {
			return err
		}
		defer aside.close()
		if body, err = f.rehearse(body, aside); err != nil {
			return err
		}
	}
	// A body that breaks off ends the request's context; the rows that came before it are stored all the same.
	err = f.store(context.WithoutCancel(c.Request().Context()), body)
	s.config.Metrics.intake("accepted", int(f.report.Accepted))
	s.config.Metrics.intake("rejected", int(f.report.Rejected))
	s.config.Metrics.intake("duplicate", int(f.report.Duplicates))
	if err != nil {
		return f.told(err)
	}
	return c.JSON(http.StatusOK, f.report)
}

// filing is one file on its way into a campaign's audience.
type filing struct {
	engine   *engine.Engine
	campaign engine.Campaign
	texts    texts
	language intake.Language
	format   intake.Format
	report   intakeReport
}

func (s *Server) newFiling(c echo.Context) (*filing, error) {
	campaign, err := s.campaignToChange(c)
	if err != nil {
		return nil, err
	}
	if campaign.Status != engine.StatusDraft {
		return nil, &engine.StatusError{Status: campaign.Status, Wanted: "add recipients to"}
	}
	f := &filing{engine: s.config.Engine, campaign: campaign, language: languageOf(c.Request())}
	header := c.Request().Header
	if f.format, err = intake.FormatIn(f.language, header.Get("Content-Type"), header.Get("Content-Encoding")); err != nil {
		return nil, err
	}
	f.texts, err = s.textsOf(c.Request().Context(), campaign)
	return f, err
}

// read goes through the rows of a file: the good ones are kept, the others reported.
func (f *filing) read(body io.Reader, keep func(engine.Recipient) error) error {
	f.report = intakeReport{Errors: []intake.Problem{}, Warnings: []intake.Problem{}}
	rows := intake.NewReader(body, f.format, intake.Options{Language: f.language})
	defer func() { f.warn(rows.Variables()) }()
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if mistakes := f.check(&row); len(mistakes) > 0 {
			f.reject(mistakes)
			continue
		}
		if err := keep(row.Recipient); err != nil {
			return err
		}
	}
}

// check tells what the file's reader and the templates of the route find wrong with a row.
func (f *filing) check(row *intake.Row) []intake.Problem {
	if len(row.Problems) > 0 {
		return row.Problems
	}
	mistakes := f.texts.mistakes(f.language, func(t *templates.Template) []engine.Problem { return t.Check(f.campaign.Vars, &row.Recipient) })
	for i := range mistakes {
		mistakes[i].Line = row.Line
	}
	return mistakes
}

func (f *filing) reject(mistakes []intake.Problem) {
	f.report.Rejected++
	room := maxErrors - len(f.report.Errors)
	if len(mistakes) > room {
		mistakes, f.report.Truncated = mistakes[:room], true
	}
	f.report.Errors = append(f.report.Errors, mistakes...)
}

// warn reports the columns that no template uses.
func (f *filing) warn(variables []string) {
	vars := make(map[string]bool, len(variables))
	for _, name := range variables {
		vars[name] = true
	}
	text, _ := json.Marshal(vars) // of strings: it cannot fail
	f.report.Warnings = append(f.report.Warnings, f.texts.warnings(f.language, "", text)...)
}

// rehearse reads the whole file, keeping it aside, and refuses it if a single row is bad.
func (f *filing) rehearse(body io.Reader, aside *spool) (io.Reader, error) {
	err := f.read(io.TeeReader(body, aside), func(engine.Recipient) error { return nil })
	if aside.fault != nil {
		return nil, aside.fault
	}
	if err != nil {
		return nil, f.told(err)
	}
	if f.report.Rejected > 0 {
		return nil, f.told(fail(http.StatusUnprocessableEntity, "rejected"))
	}
	return aside.again()
}

// told adds to a failure how far the file came.
func (f *filing) told(err error) error {
	failure := *failureOf(err, f.language)
	if failure.status == http.StatusInternalServerError {
		return err
	}
	failure.mistakes = append(f.report.Errors[:len(f.report.Errors):len(f.report.Errors)], failure.mistakes...)
	failure.also = map[string]any{
		"accepted": f.report.Accepted, "rejected": f.report.Rejected, "duplicates": f.report.Duplicates,
		"errors_truncated": f.report.Truncated,
	}
	return errors.Join(&failure, err)
}

// store appends the good rows to the campaign, chunk by chunk, while the next ones are being read.
func (f *filing) store(ctx context.Context, body io.Reader) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	chunks, done := make(chan []engine.Recipient, 1), make(chan struct{})
	var accepted, duplicates int64
	go func() {
		defer close(done)
		for chunk := range chunks {
			repeated, err := f.append(ctx, chunk)
			if err != nil {
				cancel(err)
				return
			}
			accepted, duplicates = accepted+int64(len(chunk)-repeated), duplicates+int64(repeated)
		}
	}()
	chunk := make([]engine.Recipient, 0, engine.ChunkSize)
	hand := func() error {
		select {
		case chunks <- chunk:
			chunk = make([]engine.Recipient, 0, engine.ChunkSize)
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := f.read(body, func(r engine.Recipient) error {
		if chunk = append(chunk, r); len(chunk) < engine.ChunkSize {
			return nil
		}
		return hand()
	})
	if len(chunk) > 0 && ctx.Err() == nil { // rows read before a fault stand
		err = errors.Join(err, hand())
	}
	close(chunks)
	<-done
	f.report.Accepted, f.report.Duplicates = accepted, duplicates
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

// append stores one chunk and tells how many of it were there already. The campaign is read again each time: it may have been started
// while a long file was arriving.
func (f *filing) append(ctx context.Context, chunk []engine.Recipient) (duplicates int, err error) {
	now, err := f.engine.Stores.Registry.Campaign(ctx, f.campaign.ID)
	if err != nil {
		return 0, fmt.Errorf("read campaign %s: %w", f.campaign.ID, err)
	}
	appended, err := f.engine.Append(ctx, now, chunk)
	if err != nil {
		return 0, fmt.Errorf("store a chunk of recipients: %w", err)
	}
	return len(appended.Duplicates), nil
}

// oneRecipient reads the recipient of a single message: the same members as a row of NDJSON, under the same rules.
func (f *form) oneRecipient(raw json.RawMessage) engine.Recipient {
	person, problems := personOf(f.language, raw)
	for _, p := range problems {
		f.mistakes = append(f.mistakes, intake.Problem{Field: strings.TrimSuffix("recipient."+p.Field, "."), Code: p.Code, Message: p.Message})
	}
	return person
}

// personOf reads a JSON object as a row of NDJSON.
func personOf(language intake.Language, raw json.RawMessage) (engine.Recipient, []intake.Problem) {
	format, _ := intake.FormatIn(language, "application/x-ndjson", "") // it is known
	line := strings.NewReplacer("\n", " ", "\r", " ").Replace(string(raw))
	row, err := intake.NewReader(strings.NewReader(line), format, intake.Options{Language: language}).Next()
	if e, ok := errors.AsType[*intake.Error](err); ok {
		return row.Recipient, e.Problems
	}
	return row.Recipient, row.Problems
}
