package console

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "folder to write a screenshot of every page into")

// screen is a real browser at the console of a world.
type screen struct {
	*world
	url        string
	tab        context.Context
	mu         sync.Mutex
	complaints []string // of the browser
}

// openScreen serves a world on a port of its own and starts a browser with an empty profile.
func openScreen(t *testing.T) *screen {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test looks at the console with a real browser; on Debian: apt-get install chromium")
	}
	server := httptest.NewUnstartedServer(nil)
	s := &screen{url: "http://" + server.Listener.Addr().String()}
	s.world = newWorldAt(t, s.url)
	server.Config.Handler = s.handler
	server.Start()
	t.Cleanup(server.Close)
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	options = append(options, chromedp.Flag("accept-lang", "ru,en"))
	for _, name := range []string{"disable-background-networking", "disable-component-update", "disable-sync", "disable-default-apps", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(name, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	tab, cancel := context.WithTimeout(tab, 4*time.Minute)
	t.Cleanup(cancel)
	s.tab = tab
	s.must(chromedp.Listen(tab, s.hear))
	for _, domain := range []cdp.Command[cdp.Empty, cdp.Empty]{log.Enable, runtime.Enable} {
		_, err := chromedp.Call(tab, domain, cdp.Empty{})
		s.must(err)
	}
	return s
}

// hear collects what the browser complains about.
func (s *screen) hear(event any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			s.complaints = append(s.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		s.complaints = append(s.complaints, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			s.complaints = append(s.complaints, "the page's script wrote to the console")
		}
	}
}

// heard gives the complaints and forgets them.
func (s *screen) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.complaints
	s.complaints = nil
	return list
}

// calm fails if the browser complained.
func (s *screen) calm(where string) {
	s.t.Helper()
	for _, text := range s.heard() {
		s.t.Errorf("%s: the browser complains: %s", where, text)
	}
}

func (s *screen) do(actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	s.must(chromedp.Do(s.tab, actions...))
}

// open goes to a page.
func (s *screen) open(path string) {
	s.t.Helper()
	s.do(chromedp.Navigate(s.url + path))
}

// press clicks on something and waits until something else is there.
func (s *screen) press(on, until string) {
	s.t.Helper()
	s.do(chromedp.Click(chromedp.CSS(on)), chromedp.WaitVisible(chromedp.CSS(until)))
}

// enter types a key into the form and sends it.
func (s *screen) enter(key, until string) {
	s.t.Helper()
	s.do(chromedp.SendKeys(chromedp.CSS("#key"), key+"\r"), chromedp.WaitVisible(chromedp.CSS(until)))
}

func (s *screen) eval(script string) string {
	s.t.Helper()
	text, err := chromedp.Run(s.tab, chromedp.Evaluate[string](script))
	s.must(err)
	return text
}

// until waits until a condition of the page holds.
func (s *screen) until(condition string) {
	s.t.Helper()
	_, err := chromedp.Run(s.tab, chromedp.Poll[bool](condition))
	s.must(err)
}

// sees fails unless the page shows the text.
func (s *screen) sees(text string) {
	s.t.Helper()
	if shown := s.eval("document.body.innerText"); !strings.Contains(shown, text) {
		s.t.Errorf("the screen does not show %q but %q", text, shown)
	}
}

// size makes the window as wide, and as light or dark, as wanted.
func (s *screen) size(width int64, scheme string) {
	s.t.Helper()
	_, err := chromedp.Call(s.tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1})
	s.must(err)
	_, err = chromedp.Call(s.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	s.must(err)
}

// fits looks at a page at every width, light and dark.
func (s *screen) fits(name string) {
	s.t.Helper()
	for _, width := range []int64{360, 768, 1200} {
		for _, scheme := range []string{"light", "dark"} {
			s.size(width, scheme)
			if out := s.eval(wide); out != "" {
				s.t.Errorf("%s at %d px: sticks out: %s", name, width, out)
			}
			if low := s.eval(faint); low != "" {
				s.t.Errorf("%s at %d px, %s: hard to read: %s", name, width, scheme, low)
			}
			s.shoot(fmt.Sprintf("console-%s-%d-%s.png", name, width, scheme))
		}
	}
	s.calm(name)
}

// wide lists the elements that stick out of the page; what scrolls by itself may.
const wide = `(() => {
  const page = document.documentElement, out = [];
  if (page.scrollWidth > page.clientWidth) out.push("page " + page.scrollWidth + " > " + page.clientWidth);
  for (const e of document.querySelectorAll("main *, header *")) {
    const box = e.getBoundingClientRect();
    if (box.width > 0 && (box.right > page.clientWidth + 1 || box.left < -1) && !e.closest("pre, thead, svg")) out.push(e.tagName + "." + e.className);
  }
  return out.join(", ");
})()`

// faint lists texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3).
const faint = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const out = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    if (!n.data.trim() || n.parentElement.closest("svg")) continue;
    let behind = n.parentElement;
    while (behind && rgb(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
    const a = light(rgb(getComputedStyle(n.parentElement).color)), b = light(rgb(behind ? getComputedStyle(behind).backgroundColor : "white"));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) out.add(n.data.trim() + " " + ratio.toFixed(1));
  }
  return [...out].join(", ");
})()`

// shoot writes the whole page as a picture when pictures are wanted.
func (s *screen) shoot(file string) {
	s.t.Helper()
	if *shots == "" {
		return
	}
	picture, err := chromedp.Run(s.tab, chromedp.FullScreenshot(100))
	s.must(err)
	s.must(os.WriteFile(filepath.Join(*shots, file), picture, 0o644))
}
