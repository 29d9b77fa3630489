package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
	"vestnik/engine"
)

const keyHeader = "Idempotency-Key"

// once makes a POST of the API answer the same request with the same key the same way, without doing it again. Answers that tell an
// error of ours are not kept.
func (s *Server) once(r route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if r.method != http.MethodPost || r.role == public {
			return next
		}
		return func(c echo.Context) error {
			keys := c.Request().Header.Values(keyHeader)
			if len(keys) == 0 {
				return next(c)
			}
			if len(keys) > 1 || !printable(keys[0]) {
				message := say(languageOf(c.Request()), "bad_idempotency_key")
				return invalid(intake.Problem{Field: keyHeader, Code: "bad_idempotency_key", Message: message})
			}
			body, err := readAll(c)
			if err != nil {
				return err
			}
			c.Request().Body = io.NopCloser(bytes.NewReader(body))
			return s.answerOnce(c, next, keys[0], hashRequest(c.Request(), body))
		}
	}
}

func printable(key string) bool {
	odd := func(r rune) bool { return r < 0x20 || r > 0x7e }
	return key != "" && len(key) <= 255 && strings.IndexFunc(key, odd) < 0
}

func hashRequest(r *http.Request, body []byte) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n%s\n", r.Method, r.URL.RequestURI(), mediaType(r))
	h.Write(body)
	return [32]byte(h.Sum(nil))
}

func (s *Server) answerOnce(c echo.Context, next echo.HandlerFunc, key string, hash [32]byte) error {
	answers, who := s.config.Engine.Stores.Answers, caller(c)
	if who.Mode == engine.Test {
		key = "test:" + key // tests and live orders do not know each other
	}
	asked, before, err := answers.Begin(c.Request().Context(), who.Provider, key, hash)
	if err != nil {
		return fmt.Errorf("look for an answer given before: %w", err)
	}
	switch asked {
	case engine.AskedRunning:
		return fail(http.StatusConflict, "idempotency_running")
	case engine.AskedOther:
		message := say(languageOf(c.Request()), "idempotency_reused")
		return invalid(intake.Problem{Field: keyHeader, Code: "idempotency_reused", Message: message})
	case engine.AskedBefore:
		c.Response().Header().Set("Idempotency-Replayed", "true")
		return c.Blob(before.Status, before.ContentType, before.Body)
	}
	return s.answerFirst(c, next, key, hash)
}

// answerFirst does what was asked and keeps the answer, or forgets that it was asked.
func (s *Server) answerFirst(c echo.Context, next echo.HandlerFunc, key string, hash [32]byte) error {
	answers, who, kept := s.config.Engine.Stores.Answers, caller(c).Provider, false
	// The client may be gone already; what was done was done all the same.
	ctx := context.WithoutCancel(c.Request().Context())
	defer func() {
		if kept {
			return
		}
		if err := answers.Drop(ctx, who, key); err != nil {
			s.blame(c, fmt.Errorf("forget an idempotency key: %w", err))
		}
	}()
	client := c.Response().Writer
	written := &draft{header: client.Header(), status: http.StatusOK}
	c.Response().Writer = written
	defer func() { c.Response().Writer = client }()
	if err := next(c); err != nil {
		s.refuse(c, err)
	}
	if written.status < http.StatusInternalServerError {
		a := engine.Answer{Status: written.status, ContentType: written.header.Get("Content-Type"), Body: written.body.Bytes()}
		if err := answers.Keep(ctx, who, key, hash, a); err != nil {
			s.blame(c, fmt.Errorf("keep an answer: %w", err))
		}
		kept = true
	}
	client.WriteHeader(written.status)
	_, err := client.Write(written.body.Bytes())
	return err
}

// draft is an answer before it is given.
type draft struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// The methods of http.ResponseWriter.
func (d *draft) Header() http.Header         { return d.header }
func (d *draft) WriteHeader(status int)      { d.status = status }
func (d *draft) Write(p []byte) (int, error) { return d.body.Write(p) }
