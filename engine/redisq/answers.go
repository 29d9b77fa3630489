package redisq

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"vestnik/engine"
)

// answers is the engine's Answers. A value is the hash of what was asked (32 bytes), then either a token (a running request) or the answer as
// the vault packs it, told apart by the first byte.
type answers struct{ *Redis }

// How long answers and the marks of running requests are kept.
const (
	answerAge  = 24 * time.Hour
	runningAge = time.Minute
)

const (
	running  = 'r'
	answered = 'a'
)

func (a answers) key(provider engine.ProviderID, key string) string {
	digest := a.digest(kindAnswer, key)
	return fmt.Sprintf("v:{%s}:answer:%s", provider, hex.EncodeToString(digest[:]))
}

func (a answers) Begin(ctx context.Context, provider engine.ProviderID, key string, body [32]byte) (engine.Asked, engine.Answer, error) {
	name := a.key(provider, key)
	mark := append([]byte{running}, body[:]...)
	mark = append(mark, rand.Text()...)
	known, err := a.run(ctx, askScript, []string{name}, mark, runningAge.Milliseconds()).Text()
	if err != nil {
		return 0, engine.Answer{}, fail(ctx, "ask for an earlier answer", err)
	}
	value := []byte(known)
	switch {
	case len(value) == 0:
		return engine.AskedFirst, engine.Answer{}, nil
	case len(value) < 1+len(body) || !bytes.Equal(value[1:1+len(body)], body[:]):
		return engine.AskedOther, engine.Answer{}, nil
	case value[0] == running:
		return engine.AskedRunning, engine.Answer{}, nil
	}
	text, err := a.vault.unpack(value[1+len(body):], name)
	if err != nil {
		return 0, engine.Answer{}, fmt.Errorf("read an earlier answer: %w", err)
	}
	var answer engine.Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, engine.Answer{}, fmt.Errorf("read an earlier answer: %w", err)
	}
	return engine.AskedBefore, answer, nil
}

func (a answers) Keep(ctx context.Context, provider engine.ProviderID, key string, body [32]byte, answer engine.Answer) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	name := a.key(provider, key)
	value := append([]byte{answered}, body[:]...)
	value = append(value, a.vault.pack(text, name)...)
	return fail(ctx, "keep an answer", a.client.Set(ctx, name, value, answerAge).Err())
}

func (a answers) Drop(ctx context.Context, provider engine.ProviderID, key string) error {
	return fail(ctx, "drop an answer", a.client.Del(ctx, a.key(provider, key)).Err())
}
