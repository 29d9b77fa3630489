package engine

import (
	"testing"
	"time"
)

func TestRetry(t *testing.T) {
	r := Retry{Tries: 4, First: time.Minute, Most: 3 * time.Minute, Limit: 24 * time.Hour}
	for _, tt := range []struct {
		name   string
		fault  Fault
		tries  int
		since  time.Duration
		pause  time.Duration // with jitter 1
		failed int
		again  bool
	}{
		{"the first failure", Fault{Reason: Unavailable}, 0, 0, time.Minute, 1, true},
		{"the second doubles", Fault{Reason: Unavailable}, 1, 0, 2 * time.Minute, 2, true},
		{"the third is capped", Fault{Reason: Unknown}, 2, 0, 3 * time.Minute, 3, true},
		{"the fourth is the last", Fault{Reason: Misconfigured}, 3, 0, 0, 4, false},
		{"a final fault", Fault{Reason: BadAddress}, 0, 0, 0, 1, false},
		{"a fault nobody classified", Fault{}, 0, 0, time.Minute, 1, true},
		{"a throttled attempt is none", Fault{Reason: Throttled}, 3, 0, throttlePause + time.Second, 3, true},
		{"the provider's wish when throttled", Fault{Reason: Throttled, RetryAfter: time.Hour}, 0, 0, time.Hour + time.Second, 0, true},
		{"the provider's wish is not undercut", Fault{Reason: Unavailable, RetryAfter: time.Hour}, 0, 0, time.Hour, 1, true},
		{"a step that lasts too long", Fault{Reason: Throttled}, 0, 24 * time.Hour, 0, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pause, failed, again := r.Next(&tt.fault, tt.tries, tt.since, 1)
			if pause != tt.pause || failed != tt.failed || again != tt.again {
				t.Errorf("got %v, %d, %v; want %v, %d, %v", pause, failed, again, tt.pause, tt.failed, tt.again)
			}
			if least, _, _ := r.Next(&tt.fault, tt.tries, tt.since, 0); least < pause/2-time.Second || least > pause {
				t.Errorf("without jitter the pause is %v, want at least half of %v", least, pause)
			}
		})
	}
}
