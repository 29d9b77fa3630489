package housechat

import "vestnik/engine"

// Serves reports whether the provider has the token of a bot in one of the networks; see engine.Selective.
func (c *Channel) Serves(p engine.Provider) bool {
	for _, n := range engine.Networks() {
		if p.Setting(string(n)+".token") != "" {
			return true
		}
	}
	return false
}
