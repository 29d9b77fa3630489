package vk

import "vestnik/engine"

// Serves reports whether the provider has a token of a community; see engine.Selective. One whose settings are wrong otherwise is served:
// its messages fail until they are mended.
func (c *Channel) Serves(p engine.Provider) bool { return p.Setting(SettingToken) != "" }
