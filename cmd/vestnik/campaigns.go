package main

import (
	"context"

	"vestnik/api/client"
	"vestnik/engine"
)

// campaignsCommand lists campaigns.
type campaignsCommand struct {
	access
	Limit int  `default:"50" help:"Сколько показать. // How many to show."`
	JSON  bool `help:"Для программ. // For programs."`
}

// Run lists them, newest first.
func (c campaignsCommand) Run(ctx context.Context, t *terminal) error {
	api, err := c.client(t)
	if err != nil {
		return err
	}
	list := []client.Campaign{}
	for campaign, err := range api.AllCampaigns(ctx) {
		if err != nil {
			return err
		}
		if list = append(list, campaign); len(list) >= c.Limit {
			break
		}
	}
	if c.JSON {
		return t.json(map[string]any{"items": list})
	}
	var rows [][]string
	for _, one := range list {
		b := one.Ledger
		rows = append(rows, []string{string(one.ID), clock(one.CreatedAt), one.Name, string(one.Kind), t.status(one.Status), t.number(b.Ordered),
			t.number(b.Delivered), t.number(b.Undelivered), t.number(b.Suppressed + b.Expired + b.Cancelled), t.number(b.InFlight)})
	}
	return t.table("", []string{"ID", "Создана // Created", "Название // Name", "Вид // Kind", "Состояние // Status", ">Заказано // Ordered",
		">Доставлено // Delivered", ">Не доставлено // Undelivered", ">Прочее // Other", ">В пути // In flight"}, rows)
}

// status names a campaign's status.
func (t *terminal) status(s engine.Status) string {
	switch s {
	case engine.StatusDraft:
		return t.Say("черновик", "draft")
	case engine.StatusScheduled:
		return t.Say("назначена", "scheduled")
	case engine.StatusRunning:
		return t.Say("идёт", "running")
	case engine.StatusPaused:
		return t.Say("на паузе", "paused")
	case engine.StatusCancelled:
		return t.Say("отменена", "cancelled")
	case engine.StatusCompleted:
		return t.Say("завершена", "completed")
	}
	return string(s)
}

// funnelCommand shows a campaign's funnel.
type funnelCommand struct {
	access
	ID   string `arg:"" help:"Рассылка. // The campaign."`
	By   string `enum:"channel,house,day,template," default:"" placeholder:"channel|house|day|template" help:"Разбить. // Break it down."`
	JSON bool   `help:"Для программ. // For programs."`
}

// Run shows it.
func (f funnelCommand) Run(ctx context.Context, t *terminal) error {
	api, err := f.client(t)
	if err != nil {
		return err
	}
	report, err := api.Funnel(ctx, engine.CampaignID(f.ID), f.By)
	if err != nil {
		return err
	}
	if f.JSON {
		return t.json(report)
	}
	if err := t.funnel("", report); err != nil || f.By == "" {
		return err
	}
	return t.groups(f.By, report.Groups)
}
