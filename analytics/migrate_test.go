package analytics_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"vestnik/analytics"
	"vestnik/engine"
)

func TestMigrateTwiceAndAnotherDatabase(t *testing.T) {
	h := open(t)
	if err := h.Migrate(t.Context()); err != nil {
		t.Fatal("second time:", err)
	}
	other := openAt(t, strings.TrimSuffix(clickhouse.URL(), "vestnik")+"another `one`")
	if err := other.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	for _, url := range []string{"", "localhost:8123", "http://localhost:8123", "http://localhost:8123/", "ftp://u:secret@h/vestnik", "http://u:secret@h:x/vestnik"} {
		_, err := analytics.Open(t.Context(), analytics.Options{URL: url})
		if err == nil {
			t.Errorf("%q: no error", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats the password: %v", url, err)
		}
	}
}

func TestOpenIsLazyAndDownIsTold(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1/vestnik", "clickhouse://127.0.0.1:1/vestnik"} {
		h, err := analytics.Open(t.Context(), analytics.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Ping(t.Context()); !errors.Is(err, engine.ErrDown) {
			t.Errorf("Ping: %v", err)
		}
		if err := h.Migrate(t.Context()); !errors.Is(err, engine.ErrDown) {
			t.Errorf("Migrate: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTablesAreLean asks the server which of our tables still collect what nothing of ours asks for.
func TestTablesAreLean(t *testing.T) {
	open(t)
	const question = `SELECT groupArray(name) FROM system.tables WHERE database = 'vestnik' AND engine LIKE '%MergeTree'
		AND position(engine_full, 'auto_statistics_types = \'\'') = 0`
	answer, err := http.Post(strings.TrimSuffix(clickhouse.URL(), "vestnik"), "text/plain", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if got := strings.TrimSpace(string(text)); err != nil || answer.StatusCode != http.StatusOK || got != "[]" {
		t.Errorf("statistics are collected by %s %v", got, err)
	}
}
