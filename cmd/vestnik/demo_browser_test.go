package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var picture = flag.String("picture", "", "file to write the screenshot of a campaign into, such as ../../deploy/pictures/console.png")

var letterPicture = flag.String("letter-picture", "", "file to write the screenshot of a letter in the console into")

// TestConsoleWhileTheDemoRuns opens the link that the demo prints in a real browser, as a person would, and looks at a campaign.
func TestConsoleWhileTheDemoRuns(t *testing.T) {
	s := newShell(t)
	c := s.command("demo", "--lang", "ru", "--recipients", "200", "--addr", "127.0.0.1:0", "--data", "town")
	var out bytes.Buffer
	said := newLogbook()
	c.Stdout, c.Stderr = &out, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	awaitText(t, said, "Ctrl-C")

	tab := openBrowser(t)
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			t.Fatal(err)
		}
	}
	read := func(script string) string {
		t.Helper()
		text, err := chromedp.Run(tab, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	do(chromedp.Navigate(consoleLink(t, said.String())), chromedp.WaitVisible(chromedp.CSS("main a[href*='/console/campaigns/']")))
	list := read("document.body.innerText")
	for _, want := range []string{"Рассылки", "Счета за", "Напоминание о долге", "Отключение горячей воды", "₽"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list of campaigns does not say %q:\n%s", want, list)
		}
	}
	if address := read("location.href"); strings.Contains(address, "token") {
		t.Errorf("the token stays in the address: %s", address)
	}
	bill := read(`[...document.querySelectorAll("main a[href*='/console/campaigns/']")].find(a => a.innerText.includes("Счета")).href`)
	do(chromedp.Navigate(bill), chromedp.WaitVisible(chromedp.CSS("main h1")))
	campaign := read("document.body.innerText")
	for _, want := range []string{"Завершена", "Доставлено", "Воронка", "Оплачено", "Учтён каждый", "Электронная почта"} {
		if !strings.Contains(campaign, want) {
			t.Errorf("the campaign does not say %q:\n%s", want, campaign)
		}
	}
	if *picture != "" {
		shoot(t, tab, *picture)
	}
	letters := read(`document.querySelector('.title a[href*="/console/inbox"]').href`) + "&channel=email" // the newest bill may have gone elsewhere
	do(chromedp.Navigate(letters), chromedp.WaitVisible(chromedp.CSS(".mails")))
	do(chromedp.Navigate(read(`document.querySelector(".mails a").href`)), chromedp.WaitVisible(chromedp.CSS("iframe")))
	if letter := read("document.body.innerText"); !strings.Contains(letter, "Счёт за") || !strings.Contains(letter, "@uk.example") {
		t.Errorf("no letter of the demo is shown:\n%s", letter)
	}
	if *letterPicture != "" {
		shoot(t, tab, *letterPicture)
	}
	do(chromedp.Navigate(read("location.origin + location.pathname") + "?view=source"))
	wantSigned(t, read(`document.querySelector("pre.plain").textContent`), filepath.Join(s.dir, "town", "dns.txt"))
}

// wantSigned has Debian's python3-dkim verify what the console shows as a letter's source, by the record that the demo has written.
func wantSigned(t *testing.T, source, zone string) {
	t.Helper()
	record, err := os.ReadFile(zone)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DKIM-Signature: ", "a=ed25519-sha256", "d=uk.example", "s=vestnik"} {
		if !strings.Contains(source, want) {
			t.Errorf("the source does not say %q:\n%.2000s", want, source)
		}
	}
	python := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", `
import sys, dkim
name, _, record = sys.argv[1].partition(" TXT ")
print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=lambda asked, timeout=5: record.strip().strip('"').encode() if asked.decode() == name else None))`, string(record))
	python.Stdin = strings.NewReader(strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\n", "\r\n"))
	out, err := python.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "True" {
		t.Errorf("the signature is not valid: %v %s", err, out)
	}
}

// shoot writes what the tab shows as a picture.
func shoot(t *testing.T, tab context.Context, file string) {
	t.Helper()
	shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(file, shot, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// openBrowser starts Chromium with an empty profile and gives a tab.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test looks at the console with a real browser; on Debian: apt-get install chromium (make tools)")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("accept-lang", "ru,en"),
	}
	for _, name := range []string{"disable-background-networking", "disable-component-update", "disable-sync", "disable-default-apps", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(name, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	tab, cancel := context.WithTimeout(tab, patience)
	t.Cleanup(cancel)
	_, err = chromedp.Call(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1200, Height: 800, DeviceScaleFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}
