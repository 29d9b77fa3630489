package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
)

//go:embed pages
var pageFiles embed.FS

//go:embed openapi.yaml
var spec []byte

// pages are the few pages residents and developers see. They are self-contained: no scripts, one style, which the policy names by its hash.
type pages struct {
	note, docs *template.Template
	style      template.CSS
	policy     string
	routes     []route
}

func newPages(routes []route) (*pages, error) {
	style, err := pageFiles.ReadFile("pages/page.css")
	if err != nil {
		return nil, err
	}
	both, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(style)
	return &pages{
		note: both.Lookup("note.html"), docs: both.Lookup("docs.html"), style: template.CSS(style), routes: routes,
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}, nil
}

// notes are the texts of the small pages: title, text, button and more by name. The text of some names who wrote.
var notes = map[string]struct{ title, text, button, more phrase }{
	"unsubscribe": {
		phrase{"Отказаться от рассылки?", "Unsubscribe?"},
		phrase{"%s перестанет присылать вам рекламу и предложения.", "%s will stop sending you advertising and offers."},
		phrase{"Отписаться", "Unsubscribe"},
		phrase{"Счета и важные сообщения о доме приходить не перестанут.", "Bills and important messages about your house will still come."},
	},
	"unsubscribed": {
		title: phrase{"Вы отписаны", "You are unsubscribed"},
		text:  phrase{"%s больше не будет присылать вам рекламу и предложения.", "%s will send you no more advertising or offers."},
		more:  phrase{"Счета и важные сообщения о доме приходить не перестанут.", "Bills and important messages about your house will still come."},
	},
	"unsubscribe_reminders": {
		phrase{"Не присылать напоминания?", "No more reminders?"},
		phrase{"%s перестанет присылать вам на эту почту напоминания о долгах и рекламу.", "%s will stop sending reminders of debts and advertising to this address."},
		phrase{"Не присылать", "Stop them"},
		phrase{"Счета и важные сообщения о доме приходить не перестанут.", "Bills and important messages about your house will still come."},
	},
	"unsubscribed_reminders": {
		title: phrase{"Напоминаний больше не будет", "No more reminders"},
		text:  phrase{"%s больше не будет присылать вам на эту почту напоминания о долгах и рекламу.", "%s will send no more reminders of debts or advertising to this address."},
		more:  phrase{"Счета и важные сообщения о доме приходить не перестанут.", "Bills and important messages about your house will still come."},
	},
	"not_found": {
		title: phrase{"Ссылка не работает", "This link does not work"},
		text: phrase{"Возможно, она скопирована не целиком или устарела. Откройте её ещё раз прямо из письма или обратитесь в свою управляющую организацию.",
			"It may be cut short or out of date. Open it again from the message, or ask your management company."},
	},
	"later": {
		title: phrase{"Попробуйте чуть позже", "Try again in a moment"},
		text:  phrase{"Сейчас мы не можем выполнить это действие. Обновите страницу через минуту.", "We cannot do this right now. Reload the page in a minute."},
	},
}

// in gives a phrase in a language.
func (p phrase) in(language intake.Language) string {
	if language == intake.English {
		return p.en
	}
	return p.ru
}

// showPage answers with a small page; name is who wrote, where the page names somebody.
func (s *Server) showPage(c echo.Context, status int, page, name string) error {
	language, note := languageOf(c.Request()), notes[page]
	text := note.text.in(language)
	if strings.Contains(text, "%s") {
		text = fmt.Sprintf(text, name)
	}
	return s.write(c, status, s.pages.note, map[string]any{
		"Language": language, "Style": s.pages.style, "Title": note.title.in(language), "Text": text,
		"Button": note.button.in(language), "More": note.more.in(language),
	})
}

func (s *Server) write(c echo.Context, status int, t *template.Template, data map[string]any) error {
	var text bytes.Buffer
	if err := t.Execute(&text, data); err != nil {
		return fmt.Errorf("write a page: %w", err)
	}
	header := c.Response().Header()
	header.Set("Content-Security-Policy", s.pages.policy)
	header.Set("Content-Language", string(data["Language"].(intake.Language)))
	header.Set("Vary", "Accept-Language")
	if c.Request().Method == http.MethodHead {
		header.Set("Content-Type", echo.MIMETextHTMLCharsetUTF8)
		return c.NoContent(status)
	}
	return c.HTMLBlob(status, text.Bytes())
}

func (s *Server) showSpec(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", spec)
}

type docsRoute struct{ Method, Path, About, Role string }

type docsProblem struct{ Code, Text string }

// problemCodes are the codes of problems in the order the documentation shows them.
var problemCodes = []string{"invalid", "rejected", "bad_file", "bad_json", "no_key", "bad_key", "role_too_low", "test_key", "test_key_shared", "not_found", "no_route",
	"audience_expired", "method_not_allowed", "timeout", "cut_off", "wrong_status", "retried", "conflict", "idempotency_running", "too_large", "too_many_items", "file_too_large", "unsupported_file",
	"unsupported_media_type", "unsupported_encoding", "too_many_requests", "down", "internal"}

var verbs = regexp.MustCompile(`%[sd]`)

func (s *Server) showDocs(c echo.Context) error {
	language := languageOf(c.Request())
	routes, problems := make([]docsRoute, len(s.pages.routes)), make([]docsProblem, len(problemCodes))
	for i, r := range s.pages.routes {
		routes[i] = docsRoute{r.method, r.path, r.about.in(language), string(r.role)}
	}
	for i, code := range problemCodes {
		problems[i] = docsProblem{code, verbs.ReplaceAllString(words[code].in(language), "…")}
	}
	return s.write(c, http.StatusOK, s.pages.docs, map[string]any{
		"Language": language, "English": language == intake.English, "Style": s.pages.style, "Base": s.config.Engine.PublicURL,
		"Routes": routes, "Problems": problems,
	})
}
