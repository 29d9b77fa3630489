package analytics

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// migrations are numbered files of statements, each of which changes nothing when it runs again: ClickHouse has no transactions for them, so a
// migration that was interrupted, or that two processes run at once, simply runs again.
//
//go:embed migrations/*.sql
var migrations embed.FS

// Migrate creates the database if it is not there, and brings the schema up to this program's. It may run again, and in several processes
// at once. A schema newer than this program is left alone.
func (h *History) Migrate(ctx context.Context) error {
	if err := h.ensureDatabase(ctx); err != nil {
		return err
	}
	const applied = `CREATE TABLE IF NOT EXISTS schema_migrations (version UInt32, name String, applied DateTime('UTC'))
		ENGINE = ReplacingMergeTree ORDER BY version`
	if err := h.conn.Exec(ctx, applied); err != nil {
		return wrap("create the list of migrations", err)
	}
	had, err := h.applied(ctx)
	if err != nil {
		return err
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	for _, file := range files {
		if err := h.migrate(ctx, file, had); err != nil {
			return err
		}
	}
	return h.lean(ctx)
}

// ensureDatabase creates the database when the server says that it does not know it; a user who may not create one never has to.
func (h *History) ensureDatabase(ctx context.Context) error {
	err := h.Ping(ctx)
	if exception(err) != codeUnknownDatabase {
		return err
	}
	options := h.options
	options.Auth.Database = "default"
	conn, err := clickhouse.Open(&options)
	if err != nil {
		return fmt.Errorf("open ClickHouse: %w", err)
	}
	defer conn.Close()
	name := "`" + strings.NewReplacer("`", "``", `\`, `\\`).Replace(h.options.Auth.Database) + "`"
	return wrap("create the database", conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+name))
}

// applied reads which migrations have run.
func (h *History) applied(ctx context.Context) (map[uint32]bool, error) {
	var versions []uint32
	if err := h.conn.QueryRow(ctx, "SELECT groupUniqArray(version) FROM schema_migrations").Scan(&versions); err != nil {
		return nil, wrap("read the list of migrations", err)
	}
	had := make(map[uint32]bool, len(versions))
	for _, version := range versions {
		had[version] = true
	}
	return had, nil
}

var (
	migrationName = regexp.MustCompile(`^migrations/(\d+)_(\w+)\.sql$`)
	comment       = regexp.MustCompile(`(?m)--.*$`)
	statementEnd  = regexp.MustCompile(`;\s*(\n|$)`)
)

// migrate runs one file, unless it has run.
func (h *History) migrate(ctx context.Context, file string, had map[uint32]bool) error {
	parts := migrationName.FindStringSubmatch(file)
	if parts == nil {
		return fmt.Errorf("migration %s is not named like 0001_name.sql", file)
	}
	number, err := strconv.ParseUint(parts[1], 10, 32)
	if err != nil || had[uint32(number)] {
		return err
	}
	text, err := migrations.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read migration %s: %w", file, err)
	}
	for _, statement := range statementEnd.Split(comment.ReplaceAllString(string(text), ""), -1) {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if err := h.conn.Exec(ctx, statement); err != nil {
			return wrap("run migration "+parts[1]+" "+parts[2], err)
		}
	}
	err = h.conn.Exec(ctx, "INSERT INTO schema_migrations (version, name, applied) VALUES ({version:UInt32}, {name:String}, {applied:DateTime('UTC')})",
		clickhouse.Named("version", uint32(number)), clickhouse.Named("name", parts[2]), clickhouse.Named("applied", time.Now().UTC().Format(time.DateTime)))
	return wrap("note migration "+parts[1], err)
}
