package enginetest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"vestnik/engine"
)

// stops is the Stops of a Memory.
type stops struct{ *Memory }

type stop struct {
	provider engine.ProviderID
	channel  engine.ChannelName
	hash     string
}

// hashOf is what is kept of an address.
func hashOf(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:])
}

func (s stops) Stop(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, reason engine.Reason, addresses []string) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, address := range addresses {
		at := stop{provider, ch, hashOf(address)}
		if reason == engine.NoReason {
			delete(s.stops, at)
			continue
		}
		s.stops[at] = engine.StoppedAddress{Hash: at.hash, Reason: reason, Since: millis(time.Now())}
	}
	return nil
}

func (s stops) Stopped(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Reason, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := make([]engine.Reason, len(addresses))
	for i, address := range addresses {
		list[i] = s.stops[stop{provider, ch, hashOf(address)}].Reason
	}
	return list, nil
}

func (s stops) List(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, cursor string, limit int,
) ([]engine.StoppedAddress, string, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	var page []engine.StoppedAddress
	for at, stopped := range s.stops {
		if at.provider == provider && at.channel == ch && at.hash > cursor {
			page = append(page, stopped)
		}
	}
	slices.SortFunc(page, func(a, b engine.StoppedAddress) int { return cmp.Compare(a.Hash, b.Hash) })
	if len(page) <= limit {
		return page, "", nil
	}
	return page[:limit], page[limit-1].Hash, nil
}
