package engine

// Scoped is implemented by channels that do not write to each recipient alone whatever the kind: ГИС ЖКХ has a place for a bill of one account and
// for news of a house, and none for a debt (unless the provider wants it told). What is not Scoped writes to one, except for house chats, which
// always write to a house.
type Scoped interface {
	Scope(p Provider, kind Kind) Scope
}

// Scope is whom one message is for.
type Scope int

// The scopes.
const (
	ToOne    Scope = iota // the recipient
	ToHouse               // all residents of the recipient's house: one message is sent, and it tells nothing about anybody
	ToNobody              // the channel has no place for such a message: its steps are passed over, as if it were not configured
)

// scope is whom a provider's message of the kind is for over the channel.
func (e *Engine) scope(p Provider, kind Kind, ch ChannelName) Scope {
	if scoped, is := e.Channels[ch].(Scoped); is {
		return scoped.Scope(p, kind)
	}
	if shared(ch) {
		return ToHouse
	}
	return ToOne
}

// shares reports whether the step of a run writes to houses.
func (e *Engine) shares(r *run) bool {
	return e.scope(r.provider, r.campaign.Kind, r.step().Channel) == ToHouse
}

// voice is the channel whose texts a message is written with: what a house reads is written as for its chat, without anything of the recipient.
func (e *Engine) voice(p Provider, kind Kind, ch ChannelName) ChannelName {
	if e.scope(p, kind, ch) == ToHouse {
		return HouseChat
	}
	return ch
}
