package enginetest

import (
	"context"
	"time"

	"vestnik/engine"
)

// How long answers and the marks of requests that are being answered are kept.
const (
	answerAge  = 24 * time.Hour
	runningAge = time.Minute
)

// answers is the Answers of a Memory.
type answers struct{ *Memory }

type asked struct {
	provider engine.ProviderID
	key      string
}

type remembered struct {
	body   [32]byte
	answer *engine.Answer // nil while it is being worked on
	until  time.Time
}

func (a answers) Begin(ctx context.Context, provider engine.ProviderID, key string, body [32]byte) (engine.Asked, engine.Answer, error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return 0, engine.Answer{}, err
	}
	defer leave()
	at := asked{provider, key}
	known, there := a.answers[at]
	switch {
	case !there || !time.Now().Before(known.until):
		a.answers[at] = remembered{body: body, until: time.Now().Add(runningAge)}
		return engine.AskedFirst, engine.Answer{}, nil
	case known.body != body:
		return engine.AskedOther, engine.Answer{}, nil
	case known.answer == nil:
		return engine.AskedRunning, engine.Answer{}, nil
	}
	answer, err := clone(*known.answer)
	return engine.AskedBefore, answer, err
}

func (a answers) Keep(ctx context.Context, provider engine.ProviderID, key string, body [32]byte, answer engine.Answer) error {
	leave, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	copied, err := clone(answer)
	a.answers[asked{provider, key}] = remembered{body, &copied, time.Now().Add(answerAge)}
	return err
}

func (a answers) Drop(ctx context.Context, provider engine.ProviderID, key string) error {
	leave, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	delete(a.answers, asked{provider, key})
	return nil
}
