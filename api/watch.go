package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// plainPolicy is the Content-Security-Policy of whatever is no page.
const plainPolicy = "default-src 'none'; frame-ancestors 'none'"

// watch stands around every request: it names it, sets the headers all answers have, turns errors and panics into problems, counts and logs.
func (s *Server) watch(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begin := time.Now()
		header := c.Response().Header()
		header.Set("X-Request-Id", nameRequest(c))
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", plainPolicy)
		if strings.HasPrefix(s.config.Engine.PublicURL, "https://") {
			header.Set("Strict-Transport-Security", "max-age=31536000")
		}
		aborted := true
		defer func() { s.record(c, time.Since(begin), aborted) }()
		if err := s.guarded(c, next); err != nil {
			s.refuse(c, err)
		}
		aborted = false
		return nil
	}
}

// guarded turns a panic into an error.
func (s *Server) guarded(c echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			panic(v)
		default:
			err = &panicError{kind: fmt.Sprintf("%T", v), stack: string(debug.Stack())}
		}
	}()
	return next(c)
}

// panicError is a panic. What it said may hold data of people and is not kept; where it happened is.
type panicError struct{ kind, stack string }

func (e *panicError) Error() string { return "panic of type " + e.kind + "\n" + e.stack }

// nameRequest takes the name a proxy gave the request, if it is a decent one, or makes one.
func nameRequest(c echo.Context) string {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
	}
	id := c.Request().Header.Get("X-Request-Id")
	if id == "" || len(id) > 64 || strings.IndexFunc(id, odd) >= 0 {
		id = engine.NewID()
	}
	return id
}

func requestID(c echo.Context) string { return c.Response().Header().Get("X-Request-Id") }

// record counts and logs an answered request: the pattern of its address, never the address, which may hold a token or an account.
func (s *Server) record(c echo.Context, took time.Duration, aborted bool) {
	route, status := c.Path(), c.Response().Status
	if route == "" {
		route = "none"
	}
	s.config.Metrics.answered(c.Request().Method, route, status, took)
	level := slog.LevelInfo
	if quietRoute(route) {
		level = slog.LevelDebug
	}
	log, ctx := s.config.Log, context.WithoutCancel(c.Request().Context())
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.Request().Method), slog.String("route", route), slog.Int("status", status),
		slog.Int64("bytes", c.Response().Size), slog.Duration("took", took), slog.String("request_id", requestID(c)),
	}
	if key := caller(c); key.ID != "" {
		attrs = append(attrs, slog.String("provider", string(key.Provider)), slog.String("key", key.ID))
	}
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	log.LogAttrs(ctx, level, "request", attrs...)
}

// quietRoute tells addresses that are asked all day long by machines and residents.
func quietRoute(route string) bool {
	switch route {
	case "/healthz", "/readyz", "/metrics", "/t/o/:token", "/t/c/:token", "/d/:token":
		return true
	}
	return false
}
