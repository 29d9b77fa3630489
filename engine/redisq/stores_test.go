package redisq_test

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"vestnik/engine"
	"vestnik/engine/enginetest"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

func TestMain(m *testing.M) {
	redisq.SetLog(slog.New(slog.DiscardHandler))
	workAsChild()
	goleak.VerifyTestMain(m)
}

// open opens a Redis for one test.
func open(t testing.TB, o redisq.Options) *redisq.Redis {
	t.Helper()
	if o.Secret == nil {
		o.Secret = []byte("a secret of thirty-two bytes !!!")
	}
	r, err := redisq.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestStoresOnRedis(t *testing.T) {
	server := redistest.Start(t)
	enginetest.ExerciseStores(t, func(t *testing.T) engine.Stores { return open(t, redisq.Options{URL: server.URL()}).Stores() })
}

func TestStoresOnRedisSealed(t *testing.T) {
	server := redistest.Start(t)
	key := []byte("sixteen bytes !!")
	enginetest.ExerciseStores(t, func(t *testing.T) engine.Stores {
		return open(t, redisq.Options{URL: server.URL(), DataKey: key}).Stores()
	})
}

func TestStoresOnEmbedded(t *testing.T) {
	enginetest.ExerciseStores(t, func(t *testing.T) engine.Stores { return open(t, redisq.Options{URL: "embedded"}).Stores() })
}
