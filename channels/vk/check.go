package vk

import (
	"context"
	"errors"

	"vestnik/engine"
)

// Check tells what is wrong with a provider's settings, and asks VK whether the token opens the community's messages. An error says it in words
// and names no secret.
func (c *Channel) Check(ctx context.Context, p engine.Provider) error {
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
