package engine

import "time"

// Meter counts what the engine does; package api turns it into Prometheus metrics. Labels are closed sets: never a provider's or a
// resident's data.
type Meter interface {
	// Handled tells of one batch: how long it took and how many recipients it had.
	Handled(ch ChannelName, phase Phase, took time.Duration, size int)
	// Tried tells how many messages a channel took (NoReason) or refused for a reason, and how long the whole Send lasted.
	Tried(ch ChannelName, reason Reason, n int)
	Sending(ch ChannelName, took time.Duration, n int)
	// Held tells of messages that could be sent and wait, and why.
	Held(ch ChannelName, why Hold, n int)
	// Observed tells of facts from outside.
	Observed(ch ChannelName, f Fact, n int)
	// Repaired tells of batches woken again by Reconcile.
	Repaired(n int)
	// Unaccounted is how many recipients of a running campaign are in no batch and at no lane's end: anything but zero is a defect.
	Unaccounted(n int64)
}

// NoMeter counts nothing.
type NoMeter struct{}

// The methods of Meter, doing nothing.
func (NoMeter) Handled(ChannelName, Phase, time.Duration, int) {}
func (NoMeter) Tried(ChannelName, Reason, int)                 {}
func (NoMeter) Sending(ChannelName, time.Duration, int)        {}
func (NoMeter) Held(ChannelName, Hold, int)                    {}
func (NoMeter) Observed(ChannelName, Fact, int)                {}
func (NoMeter) Repaired(int)                                   {}
func (NoMeter) Unaccounted(int64)                              {}
