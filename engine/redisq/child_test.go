package redisq_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
)

// childURL names the Redis for a process of workers that the tests kill.
const childURL = "VESTNIK_TEST_CHILD_REDIS"

// workAsChild turns this process into such a worker when a test has started it: it says when it has a wake, and never ends working on it.
func workAsChild() {
	url := os.Getenv(childURL)
	if url == "" {
		return
	}
	r, err := redisq.Open(context.Background(), redisq.Options{URL: url})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	workers := r.Workers(redisq.WorkerOptions{
		Channels: map[engine.ChannelName]int{engine.Email: 1},
		Handle: func(_ context.Context, w engine.Wake) error {
			fmt.Println("working on", w.Batch)
			time.Sleep(time.Hour)
			return nil
		},
		Log: slog.New(slog.DiscardHandler),
	})
	fmt.Println(workers.Run(context.Background()))
	os.Exit(1)
}
