package email

import "vestnik/engine"

// Serves reports whether the provider has said from which address its letters come; see engine.Selective. One that has said it wrongly is
// served: its letters fail until it is mended.
func (c *Channel) Serves(p engine.Provider) bool { return p.Setting("email.from") != "" }
