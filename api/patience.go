package api

import (
	"context"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

// How long the history may take before it counts as away: for what stands beside a ledger that is known without it, and for what was asked
// of the history itself.
const (
	besidePatience = 3 * time.Second
	reportPatience = 20 * time.Second
)

// patientHistory is a History that answers in time, or not at all: one that hangs would hold a request, and a connection, for minutes.
type patientHistory struct{ History }

func (h patientHistory) Funnel(ctx context.Context, q analytics.Query) (analytics.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	return h.History.Funnel(ctx, q)
}

func (h patientHistory) FunnelMany(ctx context.Context, p engine.ProviderID, ids []engine.CampaignID) (map[engine.CampaignID]analytics.Funnel, error) {
	ctx, cancel := context.WithTimeout(ctx, besidePatience)
	defer cancel()
	return h.History.FunnelMany(ctx, p, ids)
}

func (h patientHistory) Facts(ctx context.Context, p engine.ProviderID, id engine.CampaignID, ordinals []engine.Ordinal) (map[engine.Ordinal][]analytics.FactRow, error) {
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	return h.History.Facts(ctx, p, id, ordinals)
}

func (h patientHistory) Timeline(ctx context.Context, p engine.ProviderID, m engine.Mode, account string) ([]analytics.TimelineRow, error) {
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	return h.History.Timeline(ctx, p, m, account)
}
