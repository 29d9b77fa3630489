package api

import (
	"context"

	"vestnik/analytics"
	"vestnik/engine"
)

// downHistory is a history that cannot be reached.
type downHistory struct{}

func (downHistory) Funnel(context.Context, analytics.Query) (analytics.Report, error) {
	return analytics.Report{}, engine.ErrDown
}

func (downHistory) FunnelMany(context.Context, engine.ProviderID, []engine.CampaignID) (map[engine.CampaignID]analytics.Funnel, error) {
	return nil, engine.ErrDown
}

func (downHistory) Facts(context.Context, engine.ProviderID, engine.CampaignID, []engine.Ordinal) (map[engine.Ordinal][]analytics.FactRow, error) {
	return nil, engine.ErrDown
}

func (downHistory) Timeline(context.Context, engine.ProviderID, engine.Mode, string) ([]analytics.TimelineRow, error) {
	return nil, engine.ErrDown
}
