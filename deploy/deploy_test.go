// Package deploy holds what an installation starts from. It has no code, only the test that its files still fit the program.
package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/tongue"
)

func TestExampleIsWhatTheProgramPrints(t *testing.T) {
	var want bytes.Buffer
	if err := config.Example(&want, tongue.Russian); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("vestnik.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("vestnik.example.yaml is not what `vestnik config` prints: run make example")
	}
}

func TestComposeFileIsValid(t *testing.T) {
	compose := exec.Command("docker-compose", "-f", "compose.yaml", "config")
	if exec.Command("docker", "compose", "version").Run() == nil {
		compose = exec.Command("docker", "compose", "-f", "compose.yaml", "config")
	}
	var complaint bytes.Buffer
	compose.Stderr = &complaint
	out, err := compose.Output()
	if err != nil {
		t.Fatalf("compose.yaml (needs docker-compose, see make tools): %v\n%s", err, complaint.String())
	}
	for _, must := range []string{"appendfsync", "noeviction", "healthcheck", "/run/secrets/vestnik_secret"} {
		if !bytes.Contains(out, []byte(must)) {
			t.Errorf("the composition has no %q", must)
		}
	}
}
