package analytics

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// spared is how our tables are set so that the server does no work on inserts and merges that nothing of ours asks for: statistics of every
// column (0.6 s of work in the inserts of a million recipients and their facts), and merges of a few small parts, which would be merged
// again at once with the next few: that rewrote each row twice while its campaign ran. Fewer parts than that stay side by side: they are as
// quickly read.
var spared = map[string]string{"auto_statistics_types": "''", "min_parts_to_merge_at_once": "20"}

// lean sets on our tables what of spared the server knows and they do not have yet.
func (h *History) lean(ctx context.Context) error {
	for setting, value := range spared {
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
