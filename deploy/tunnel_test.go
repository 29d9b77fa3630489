package deploy

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// far is the end of the tunnel that ГИС ЖКХ has: it takes GOST of TLS 1.0 only, and asks for a certificate that it knows.
const far = `engine = gost
engineDefault = ALL
foreground = yes
[stand]
accept = 127.0.0.1:14433
connect = STAND
cert = DIR/stand.pem
key = DIR/stand.key
CAfile = DIR/client.pem
verifyPeer = yes
sslVersionMin = TLSv1
sslVersionMax = TLSv1
ciphers = GOST2012-GOST8912-GOST8912:@SECLEVEL=0
`

// TestTheTunnelCarriesSignedRequests goes the whole way: a signed request through stunnel with the sample configuration to a stand behind TLS by GOST.
func TestTheTunnelCarriesSignedRequests(t *testing.T) {
	stand, err := gistest.Start(gistest.Options{Signed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stand.Close)
	const org = "0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b"
	stand.AddOrganization(gistest.Organization{PPAGUID: org})
	dir := t.TempDir()
	mint(t, dir, "stand")
	ours := mint(t, dir, "client")
	near, door := freePort(t), freePort(t)
	sample, err := os.ReadFile("stunnel-gis.conf")
	if err != nil {
		t.Fatal(err)
	}
	tunnel(t, dir, "far", strings.NewReplacer("127.0.0.1:14433", door, "STAND", strings.TrimPrefix(stand.URL(), "http://"), "DIR", dir).Replace(far))
	tunnel(t, dir, "near", strings.NewReplacer("= 127.0.0.1:1443", "= "+near, "connect = sit01.dom.test.gosuslugi.ru:10081", "connect = "+door, "/etc/stunnel/gis-cert.pem", dir+"/client.pem",
		"/etc/stunnel/gis-key.pem", dir+"/client.key", "/etc/stunnel/gis-ca.pem", dir+"/stand.pem").Replace(string(sample)))

	channel, err := gosuslugi.New(gosuslugi.Config{Notes: enginetest.NewMemory().Stores().Notes, Schedule: []time.Duration{time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = channel.Close() })
	from := engine.Sender{Campaign: engine.Campaign{Kind: engine.KindAction}, Provider: engine.Provider{ID: "p", Settings: map[string]string{
		"gis.stand": "sit01", "gis.url": "http://" + near, "gis.org_ppaguid": org, "gis.signing": "openssl", "gis.key": ours[0], "gis.cert": ours[1],
	}}}
	notice := engine.Message{Key: "k", Recipient: &engine.Recipient{House: "88888888-8888-4888-8888-000000000000"}, Content: engine.Content{Subject: "Тема", Text: "Текст"}}
	var last engine.Result
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		if last = channel.Send(t.Context(), from, []engine.Message{notice})[0]; last.Later != nil {
			break
		}
	}
	if last.Later == nil {
		t.Fatalf("%+v", last.Fault)
	}
	for _, f := range channel.Check(t.Context(), from.Provider) {
		if f.Bad {
			t.Errorf("%s: %s", f.What, f.Note)
		}
	}
}

// mint writes NAME.key and NAME.pem.
func mint(t *testing.T, dir, name string) (texts [2]string) {
	t.Helper()
	key, certificate, err := gistest.Mint(t.Context(), "/CN="+name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/"+name+".key", string(key))
	write(t, dir+"/"+name+".pem", string(certificate))
	return [2]string{string(key), string(certificate)}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// tunnel runs stunnel until the test ends.
func tunnel(t *testing.T, dir, name, text string) {
	t.Helper()
	write(t, dir+"/"+name+".conf", text)
	log, err := os.Create(dir + "/" + name + ".log")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("stunnel", dir+"/"+name+".conf")
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if said, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("stunnel %s:\n%s", name, said)
		}
		_ = log.Close()
	})
}
