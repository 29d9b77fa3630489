package email

import (
	"bufio"
	"net"
	"slices"
	"strings"
	"testing"

	"vestnik/engine"
)

// scripted is a relay of one connection: it answers each command with what the script has for the command's verb and remembers the verbs.
// "." stands for the end of a message.
func scripted(t *testing.T, script map[string]string) (relay string, heard func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var verbs []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		verbs = converse(conn, script)
	}()
	return "smtp://" + listener.Addr().String(), func() []string {
		_ = listener.Close()
		<-done
		return verbs
	}
}

func converse(conn net.Conn, script map[string]string) (verbs []string) {
	in, data := bufio.NewScanner(conn), false
	if _, err := conn.Write([]byte("220 scripted\r\n")); err != nil {
		return nil
	}
	for in.Scan() {
		verb, _, _ := strings.Cut(in.Text(), " ")
		if data && verb != "." {
			continue
		}
		said := script[verb]
		if said == "" {
			said = "250 ok"
		}
		data = verb == "DATA" && strings.HasPrefix(said, "354")
		verbs = append(verbs, verb)
		if _, err := conn.Write([]byte(said + "\r\n")); err != nil {
			return verbs
		}
	}
	return verbs
}

// TestConversation checks what is said to relays that offer PIPELINING and to those that do not, and after each kind of refusal.
func TestConversation(t *testing.T) {
	const pipelining = "250-scripted\r\n250-PIPELINING\r\n250 8BITMIME"
	for _, test := range []struct {
		name   string
		script map[string]string
		reason engine.Reason // of both messages
		heard  string
	}{
		{"pipelined", map[string]string{"EHLO": pipelining, "DATA": "354 go"}, engine.NoReason, "EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
		{"one by one", map[string]string{"EHLO": "250 scripted", "DATA": "354 go"}, engine.NoReason, "EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
		{"HELO only", map[string]string{"EHLO": "502 what?", "DATA": "354 go"}, engine.NoReason, "EHLO HELO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
		{"recipient refused, pipelined", map[string]string{"EHLO": pipelining, "RCPT": "550 5.1.1 no", "DATA": "503 no recipients"},
			engine.BadAddress, "EHLO MAIL RCPT DATA RSET MAIL RCPT DATA QUIT"},
		{"recipient refused, message asked for", map[string]string{"EHLO": pipelining, "RCPT": "550 5.1.1 no", "DATA": "354 go", ".": "554 no recipients"},
			engine.BadAddress, "EHLO MAIL RCPT DATA . RSET MAIL RCPT DATA . QUIT"},
		{"recipient refused, one by one", map[string]string{"EHLO": "250 scripted", "RCPT": "550 5.1.1 no"},
			engine.BadAddress, "EHLO MAIL RCPT RSET MAIL RCPT QUIT"},
		{"sender refused, pipelined", map[string]string{"EHLO": pipelining, "MAIL": "550 5.7.1 no", "RCPT": "503 no", "DATA": "503 no"},
			engine.Misconfigured, "EHLO MAIL RCPT DATA RSET MAIL RCPT DATA QUIT"},
		{"message refused in many lines", map[string]string{"EHLO": pipelining, "DATA": "354 go", ".": "554-5.7.1 spam\r\n554-5.7.1 says\r\n554 5.7.1 our filter"},
			engine.Refused, "EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
		{"no recipient is known to DATA", map[string]string{"EHLO": pipelining, "DATA": "250 really?"}, engine.Unknown, "EHLO MAIL RCPT DATA RSET MAIL RCPT DATA QUIT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			relay, heard := scripted(t, test.script)
			channel := open(t, Config{Connections: 1}, relay)
			for _, result := range channel.Send(t.Context(), utility, bills(2)) {
				if test.reason != engine.NoReason {
					wantFault(t, result, test.reason)
				} else if result.Fault != nil {
					t.Error(result.Fault)
				}
			}
			_ = channel.Close()
			if got := heard(); !slices.Equal(got, strings.Fields(test.heard)) {
				t.Errorf("the relay heard %v, want %v", got, test.heard)
			}
		})
	}
}

// TestNonsense takes what is no reply as the end of the conversation, not as an answer.
func TestNonsense(t *testing.T) {
	for _, said := range []string{"hello", "25", "2x0 ok", "999 high", "150 low", "250!ok", strings.Repeat("250-more\r\n", 200) + "250 end", "250 " + strings.Repeat("x", 10_000)} {
		relay, heard := scripted(t, map[string]string{"MAIL": said})
		channel := open(t, Config{Connections: 1}, relay)
		wantFault(t, channel.Send(t.Context(), utility, bills(1))[0], engine.Unavailable, "")
		_ = channel.Close()
		heard()
	}
}
