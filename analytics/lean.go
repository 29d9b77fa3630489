package analytics

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// unused are settings of tables by which newer servers do work on every insert and merge that nothing of ours asks for, and what they are
// set to. auto_statistics_types: statistics of every column, 0.6 s of work in the inserts of a million recipients and their facts.
var unused = map[string]string{"auto_statistics_types": "''"}

// lean sets on our tables what of unused the server knows and they do not have yet.
func (h *History) lean(ctx context.Context) error {
	for setting, value := range unused {
		var tables []string
		err := h.conn.QueryRow(ctx, `SELECT groupArray(name) FROM system.tables
			WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND position(engine_full, {setting:String}) = 0
			  AND (SELECT count() FROM system.merge_tree_settings WHERE name = {setting:String}) > 0`, clickhouse.Named("setting", setting)).Scan(&tables)
		if err != nil {
			return wrap("read the settings of tables", err)
		}
		for _, table := range tables {
			if err := h.conn.Exec(ctx, "ALTER TABLE "+table+" MODIFY SETTING "+setting+" = "+value); err != nil {
				return wrap("set "+setting+" of "+table, err)
			}
		}
	}
	return nil
}
