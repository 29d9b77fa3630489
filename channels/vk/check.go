package vk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/SevereCloud/vksdk/v2/api"

	"vestnik/engine"
)

// Check tells what is wrong with a provider's settings, and asks VK whether the token has the rights it needs and opens the community's messages. An error says it in words
// and names no secret.
func (c *Channel) Check(ctx context.Context, p engine.Provider) error {
	if err := c.permitted(ctx, p); err != nil {
		return err
	}
	const anybody = 1 // VK tells of every user whether they may be written to
	known, err := c.Allowed(ctx, p, []int64{anybody})
	if err != nil {
		return err
	}
	if _, told := known[anybody]; !told {
		return errors.New("VK does not answer for community " + p.Setting(SettingGroup) + ": the token may be that of another one")
	}
	if p.Setting(SettingEvents) == EventsByPoll {
		return nil
	}
	if p.Setting(SettingSecret) == "" || p.Setting(SettingConfirmation) == "" {
		return errors.New("nobody hears who reads or forbids messages: set " + SettingSecret + "_file and " + SettingConfirmation + ", or " + SettingEvents + "=" + EventsByPoll)
	}
	return nil
}

// permitted asks VK for the rights of the token (dev.vk.com/ru/method/groups.getTokenPermissions): messages, and docs if files go with them.
func (c *Channel) permitted(ctx context.Context, p engine.Provider) error {
	community, err := c.community(p)
	if err != nil {
		return &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: err}
	}
	if fault := community.pacer.wait(ctx); fault != nil {
		return fault
	}
	type right struct {
		Name string `json:"name"`
	}
	var has struct {
		Permissions []right `json:"permissions"`
	}
	if err := community.vk.RequestUnmarshal("groups.getTokenPermissions", &has, api.Params{}.WithContext(ctx)); err != nil {
		return fmt.Errorf("ask VK for the rights of the token: %w", faultOf(ctx, err))
	}
	needed := []string{"messages"}
	if p.Setting(engine.SettingDocuments) == engine.DocumentsOn {
		needed = append(needed, "docs")
	}
	for _, name := range needed {
		if !slices.Contains(has.Permissions, right{name}) {
			return errors.New("the token has no right to " + name + ": make one that has, in the community's settings (API usage)")
		}
	}
	return nil
}
