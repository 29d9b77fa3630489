package mailtest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// T is the part of testing.TB that StartPostfix needs.
type T interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Postfix is a real mail server with a configuration, a queue and a port of its own. It delivers mail for any name at example.org into
// one Maildir and refuses by table: tempfail@example.org 451 4.7.1, nobody@example.org 550 5.1.1, and everything that is not for example.org.
// Everybody at busy.example is refused with 451 4.7.1, everybody at tarpit.example accepted after a second. Names that begin with greylisted+ are refused with 451 4.7.1 once, as greylisting does.
type Postfix struct {
	dir      string
	address  string
	greylist *greylist
}

// StartPostfix starts a Postfix that ends with the test, with further lines in its main.cf. It needs root and Debian's package postfix, and
// fails the test without them.
func StartPostfix(t T, lines ...string) *Postfix {
	t.Helper()
	if _, err := exec.LookPath("postfix"); err != nil {
		t.Fatalf("this test speaks to a real Postfix: apt-get install -y postfix")
	}
	if os.Geteuid() != 0 {
		t.Fatalf("this test starts a Postfix of its own, which only root can")
	}
	p, err := newPostfix(lines)
	if err != nil {
		t.Fatalf("Postfix: %v", err)
	}
	t.Cleanup(func() {
		if out, err := p.command("stop"); err != nil {
			t.Logf("stopping Postfix: %v: %s", err, out)
		}
		p.greylist.close()
		_ = os.RemoveAll(p.dir)
	})
	if out, err := p.command("start"); err != nil {
		t.Fatalf("starting Postfix: %v: %s", err, out)
	}
	if err := p.await(); err != nil {
		t.Fatalf("Postfix does not answer: %v\n%s", err, p.Log())
	}
	return p
}

// newPostfix writes the configuration. The folder lies outside the test's own, which Postfix's user may not enter.
func newPostfix(lines []string) (*Postfix, error) {
	dir, err := os.MkdirTemp("", "postfix")
	if err != nil {
		return nil, err
	}
	if err = os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Postfix{dir: dir, address: listener.Addr().String()}
	if err = listener.Close(); err != nil {
		return nil, err
	}
	if p.greylist, err = startGreylist(); err != nil {
		return nil, err
	}
	for _, folder := range []string{"etc", "spool", "lib", "mail"} {
		if err = os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			return nil, err
		}
	}
	account, err := user.Lookup("postfix")
	if err != nil {
		return nil, err
	}
	id, err := strconv.Atoi(account.Uid)
	if err != nil {
		return nil, err
	}
	for _, owned := range []string{"lib", "mail"} {
		if err = os.Chown(filepath.Join(dir, owned), id, -1); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]string{"main.cf": mainCF + strings.Join(lines, "\n") + "\n", "master.cf": masterCF, "recipients": recipients} {
		text = strings.NewReplacer("$DIR", dir, "$ADDRESS", p.address, "$POLICY", p.greylist.listener.Addr().String(), "$UID", account.Uid, "$GID", account.Gid).Replace(text)
		if err = os.WriteFile(filepath.Join(dir, "etc", name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return p, nil
}

const mainCF = `compatibility_level = 3.6
queue_directory = $DIR/spool
data_directory = $DIR/lib
maillog_file = $DIR/log
maillog_file_prefixes = $DIR
myhostname = postfix.example
mydestination =
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
alias_maps =
smtpd_peername_lookup = no
smtpd_delay_reject = no
smtpd_client_connection_rate_limit = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_recipient_restrictions = check_recipient_access texthash:$DIR/etc/recipients, check_policy_service inet:$POLICY, reject_unauth_destination
mynetworks_style = host
virtual_mailbox_domains = example.org, tarpit.example, busy.example
virtual_mailbox_base = $DIR/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:$UID
virtual_gid_maps = static:$GID
virtual_minimum_uid = 1
`

const masterCF = `$ADDRESS inet n - n - - smtpd
smtp unix - - n - - smtp
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
`

const recipients = `tempfail@example.org 451 4.7.1 not now
nobody@example.org 550 5.1.1 no such resident
tarpit.example sleep 1
busy.example 451 4.7.1 rate limit exceeded, slow down
`

func (p *Postfix) command(verb string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "postfix", "-c", filepath.Join(p.dir, "etc"), verb).CombinedOutput()
	return string(out), err
}

// await waits until the server greets.
func (p *Postfix) await() error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		conn, err := net.DialTimeout("tcp", p.address, time.Second)
		if err == nil {
			_ = conn.SetDeadline(deadline)
			_, err = conn.Read(make([]byte, 4))
			_ = conn.Close()
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// URL is the address to send mail to, as email.ParseRelays reads it.
func (p *Postfix) URL() string { return "smtp://" + p.address + "?starttls=off" }

// Delivered waits until n messages lie in the Maildir, half a minute at most, and gives those that do.
func (p *Postfix) Delivered(n int) ([][]byte, error) {
	deadline := time.Now().Add(30 * time.Second)
	for {
		files, err := filepath.Glob(filepath.Join(p.dir, "mail/box/new/*"))
		if err != nil {
			return nil, err
		}
		if len(files) >= n || time.Now().After(deadline) {
			return readAll(files)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func readAll(files []string) ([][]byte, error) {
	var all [][]byte
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

// Log is what Postfix has logged.
func (p *Postfix) Log() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	return string(text)
}
