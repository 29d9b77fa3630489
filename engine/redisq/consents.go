package redisq

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"vestnik/engine"
)

// consents is the engine's Consents: two hashes that never expire. One says of each account, by its digest, and each channel what holds: "1" or
// "0" and since when in ms; that is all a decision reads. The other, the log, has the entries of each account as they came, one behind the other:
// length (four bytes), digest of the entry, and the entry as the vault packs it.
type consents struct{ *Redis }

// consentPage is how many entries are recorded in one step; a call with more is several steps, which is harmless to repeat.
const consentPage = 500

func consentsKey(id engine.ProviderID) string   { return fmt.Sprintf("v:{%s}:consents", id) }
func consentLogKey(id engine.ProviderID) string { return fmt.Sprintf("v:{%s}:consents:log", id) }

// sealed is an entry as it is kept: the account is what it is found by.
type sealed struct {
	Channel engine.ChannelName `json:"c,omitempty"`
	Given   bool               `json:"g,omitempty"`
	At      int64              `json:"t"` // ms
	How     string             `json:"h,omitempty"`
	Proof   string             `json:"p,omitempty"`
}

func (c consents) Record(ctx context.Context, provider engine.ProviderID, list []engine.Consent) error {
	for page := range slices.Chunk(list, consentPage) {
		args := make([]any, 0, 6*len(page))
		for _, entry := range page {
			kept := sealed{entry.Channel, entry.Given, millis(entry.At), entry.How, entry.Proof}
			text, err := json.Marshal(kept)
			if err != nil {
				return fmt.Errorf("record a consent: %w", err)
			}
			given := "0"
			if entry.Given {
				given = "1"
			}
			account, digest := c.digest(kindConsenter, entry.Account), c.digest(kindConsent, string(text))
			args = append(args, account[:], string(entry.Channel), kept.At, given, digest[:], c.vault.pack(text, consentPlace(provider, account)))
		}
		if err := c.run(ctx, consentScript, []string{consentsKey(provider), consentLogKey(provider)}, args...).Err(); err != nil {
			return fail(ctx, "record consents", err)
		}
	}
	return nil
}

// consentPlace is what an entry is sealed as.
func consentPlace(provider engine.ProviderID, account [digestSize]byte) string {
	return string(provider) + " consents " + string(account[:])
}

func (c consents) Given(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, accounts []string) ([]bool, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	fields := make([]string, 0, 2*len(accounts))
	for _, account := range accounts {
		digest := c.digest(kindConsenter, account)
		fields = append(fields, string(digest[:]), string(digest[:])+string(ch))
	}
	values, err := c.client.HMGet(ctx, consentsKey(provider), fields...).Result()
	if err != nil {
		return nil, fail(ctx, "read consents", err)
	}
	given := make([]bool, len(accounts))
	for i := range given {
		all, since := readConsent(values[2*i])
		own, ownSince := readConsent(values[2*i+1])
		switch {
		case values[2*i] == nil || ownSince > since:
			given[i] = own
		case values[2*i+1] == nil || since > ownSince:
			given[i] = all
		default:
			given[i] = own && all
		}
	}
	return given, nil
}

// readConsent takes what holds apart; nothing was given since ever if there is nothing.
func readConsent(value any) (given bool, since int64) {
	text, _ := value.(string)
	if text == "" {
		return false, 0
	}
	since, err := strconv.ParseInt(text[1:], 10, 64)
	return text[0] == '1' && err == nil, since
}

var errLog = errors.New("an entry of the ledger of consents is damaged")

func (c consents) History(ctx context.Context, provider engine.ProviderID, account string) ([]engine.Consent, error) {
	digest := c.digest(kindConsenter, account)
	log, err := c.client.HGet(ctx, consentLogKey(provider), string(digest[:])).Bytes()
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fail(ctx, "read the history of a consent", err)
	}
	var list []engine.Consent
	for len(log) > 0 {
		if len(log) < 4 || uint64(binary.BigEndian.Uint32(log)) > uint64(len(log)-4) || binary.BigEndian.Uint32(log) < digestSize {
			return nil, errLog
		}
		end := 4 + int(binary.BigEndian.Uint32(log))
		text, err := c.vault.unpack(log[4+digestSize:end], consentPlace(provider, digest))
		if err != nil {
			return nil, fmt.Errorf("read the history of a consent: %w", err)
		}
		var kept sealed
		if err := json.Unmarshal(text, &kept); err != nil {
			return nil, errLog
		}
		list = append(list, engine.Consent{
			Account: account, Channel: kept.Channel, Given: kept.Given, At: fromMillis(kept.At), How: kept.How, Proof: kept.Proof,
		})
		log = log[end:]
	}
	return list, nil
}
