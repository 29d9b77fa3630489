package vk

import (
	"fmt"
	"strings"
	"testing"

	"vestnik/engine"
)

func TestRandomID(t *testing.T) {
	seen := map[int32]string{}
	for i := range 20_000 {
		key := fmt.Sprintf("campaign-%d-vk", i)
		id := RandomID(key)
		if id <= 0 || id != RandomID(key) {
			t.Fatalf("%s: %d", key, id)
		}
		seen[id] = key
	}
	if len(seen) < 19_990 { // by chance one pair in eleven runs of other keys
		t.Errorf("%d of 20000 are different", len(seen))
	}
}

func TestPack(t *testing.T) {
	sizes := func(n, size int) []call {
		calls := make([]call, n)
		for i := range calls {
			calls[i] = call{of: i, text: make([]byte, size)}
		}
		return calls
	}
	for _, test := range []struct {
		n, size int
		want    string
	}{{0, 10, ""}, {1, 10, "1"}, {25, 10, "25"}, {26, 10, "25 1"}, {60, 1000, "25 25 10"}, {5, 30_000, "2 2 1"}, {3, mostProgram, "1 1 1"}} {
		var got []string
		next := 0
		for _, p := range pack(sizes(test.n, test.size)) {
			got = append(got, fmt.Sprint(len(p)))
			for _, c := range p {
				if c.of != next {
					t.Fatalf("call %d is where %d should be", c.of, next)
				}
				next++
			}
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%d calls of %d: %s, want %s", test.n, test.size, got, test.want)
		}
	}
}

func TestKeyboard(t *testing.T) {
	many := func(n int) (list []engine.Button) {
		for i := range n {
			list = append(list, engine.Button{Label: fmt.Sprint(i), URL: "https://vestnik.example/" + fmt.Sprint(i)})
		}
		return list
	}
	for _, test := range []struct {
		name    string
		buttons []engine.Button
		want    string // the labels, rows apart
	}{
		{"none", nil, ""},
		{"one", many(1), "0"},
		{"a column", many(6), "0|1|2|3|4|5"},
		{"two columns", many(7), "0 1|2 3|4 5|6"},
		{"more than there may be", many(12), "0 1|2 3|4 5|6 7|8 9"},
		{"what VK refuses", []engine.Button{{Label: "a", URL: "javascript:alert(1)"}, {Label: " ", URL: "https://a.example"}, {Label: "b", URL: "/b"}, {Label: "c", URL: "http://c.example"}}, "c"},
		{"a long label", []engine.Button{{Label: strings.Repeat("ж", 41), URL: "https://a.example"}}, strings.Repeat("ж", 39) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var rows []string
			if k := keyboardOf(test.buttons); k != nil {
				for _, row := range k.Buttons {
					var labels []string
					for _, b := range row {
						labels = append(labels, b.Action.Label)
					}
					rows = append(rows, strings.Join(labels, " "))
				}
			}
			if got := strings.Join(rows, "|"); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// FuzzText sends whatever text and label: the simulator, which takes nothing but the form of program we mean to send, gets just them.
func FuzzText(f *testing.F) {
	f.Add("Счёт за октябрь", "Оплатить")
	f.Add(`"});API.messages.send({"peer_ids":1`, `\"]`)
	f.Add("\u2028\u2029\x00\x7f\u0085\ufeff\xff<&>", "\\u0022")
	channel, server := unpaced(f)
	from := sender(server)
	i := 0
	f.Fuzz(func(t *testing.T, text, label string) {
		i++
		msg := engine.Message{Key: fmt.Sprint(i), Recipient: &engine.Recipient{VKID: 1}, Content: engine.Content{
			Text: text, Buttons: []engine.Button{{Label: label, URL: "https://vestnik.example/t"}}}}
		before := server.Count()
		fault := channel.Send(t.Context(), from, []engine.Message{msg})[0].Fault
		if clean(text) == "" || characters(clean(text)) > mostText {
			if fault == nil || fault.Reason != engine.BadMessage {
				t.Errorf("the fault is %v", fault)
			}
			return
		}
		if fault != nil || server.Count() != before+1 {
			t.Fatalf("it is not taken: %v", fault)
		}
		newest := server.Messages()
		if got := newest[len(newest)-1]; got.Text != clean(text) || len(got.Buttons) != min(1, len(clean(label))) {
			t.Errorf("%q and %q arrive as %+v", text, label, got)
		}
	})
}
