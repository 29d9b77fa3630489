package redisq

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"

	"vestnik/engine"
)

// frequency is the engine's Frequency. The accounts of a provider are spread over buckets by their digests, so many that each stays the small
// kind of hash that Redis packs tightly: some thirty bytes an account. What is older than the window, and than frequencyAge, is forgotten when
// the account is counted again, and a bucket when none of its accounts was counted for so long.
type frequency struct{ *Redis }

// frequencyAge is how many days are remembered although the window is shorter: a provider may choose a longer one.
const frequencyAge = 31

const day = 24 * time.Hour

func (f frequency) Claim(ctx context.Context, provider engine.ProviderID, kind engine.Kind, id engine.CampaignID, accounts []string,
	on time.Time, days, most int,
) ([]bool, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	year, month, date := on.Date()
	number := time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / int64(day/time.Second)
	hash := fnv.New32a()
	hash.Write([]byte(id))
	digests := make([]byte, 0, digestSize*len(accounts))
	for _, account := range accounts {
		digest := f.digest(kindCounted, account)
		digests = append(digests, digest[:]...)
	}
	kept := max(days, frequencyAge)
	key := fmt.Sprintf("v:{%s}:sent:%s", provider, kind)
	answers, err := f.run(ctx, frequencyScript, []string{key}, key+":", binary.BigEndian.AppendUint32(nil, hash.Sum32()), number, days, most, kept,
		(time.Duration(kept+1) * day).Milliseconds(), digests).Text()
	if err != nil {
		return nil, fail(ctx, "count a campaign for accounts", err)
	}
	counted := make([]bool, len(accounts))
	for i := range counted {
		counted[i] = answers[i] == '1'
	}
	return counted, nil
}
