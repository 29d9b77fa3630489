package channels

import (
	"testing"

	"vestnik/channels/email"
	"vestnik/engine"
)

func TestBuild(t *testing.T) {
	built, err := Build(Config{})
	if err != nil || len(built) != 0 {
		t.Errorf("nothing is configured and %v was built, %v", built, err)
	}
	relays, err := email.ParseRelays("smtp://127.0.0.1:25")
	if err != nil {
		t.Fatal(err)
	}
	built, err = Build(Config{Email: email.Config{Relays: relays}})
	if err != nil || built[engine.Email] == nil || len(built) != 1 {
		t.Errorf("a relay is configured and %v was built, %v", built, err)
	}
	if err := Close(built); err != nil {
		t.Error(err)
	}
}
