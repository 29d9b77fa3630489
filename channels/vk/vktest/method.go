package vktest

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// words are VK's own for the errors the server tells by itself.
var words = map[int]string{
	3:   "Unknown method passed",
	5:   "User authorization failed: invalid access_token (4).",
	6:   "Too many requests per second",
	8:   "Invalid request: versions below 5.81 are deprecated",
	9:   "Flood control",
	10:  "Internal server error",
	12:  "Unable to compile code: unexpected token",
	13:  "Runtime error occurred during code invocation: Too many API calls",
	14:  "Captcha needed",
	15:  "Access denied",
	18:  "User was deleted or banned",
	100: "One of the parameters specified was missing or invalid",
	105: "Couldn't save file",
	113: "Invalid user id",
	125: "Invalid group id",
	129: "Invalid photo",
	900: "Can't send messages for users from blacklist",
	901: "Can't send messages for users without permission",
	902: "Can't send messages to this user due to their privacy settings",
	911: "Keyboard format is invalid",
	914: "Message is too long",
	917: "You don't have access to this chat",
	927: "Chat does not exist",
}

func wordsOf(code int) string {
	if text, is := words[code]; is {
		return text
	}
	return "Error " + strconv.Itoa(code)
}

// reply is what every method answers.
type reply struct {
	Response any        `json:"response,omitempty"`
	Failed   []callFail `json:"execute_errors,omitempty"`
	Error    *fail      `json:"error,omitempty"`
}

type fail struct {
	Code    int     `json:"error_code"`
	Message string  `json:"error_msg"`
	Params  []param `json:"request_params"`
	SID     string  `json:"captcha_sid,omitempty"`
	Image   string  `json:"captcha_img,omitempty"`
}

type param struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type callFail struct {
	Method  string `json:"method"`
	Code    int    `json:"error_code"`
	Message string `json:"error_msg"`
}

// refuse is the answer that is an error. Like VK it repeats what was asked, personal data included.
func refuse(code int, asked url.Values) reply {
	f := &fail{Code: code, Message: wordsOf(code), Params: []param{}}
	for key, values := range asked {
		if key != "access_token" {
			f.Params = append(f.Params, param{key, values[0]})
		}
	}
	if code == 14 {
		f.SID, f.Image = "239633676097", "https://api.vk.com/captcha.php?sid=239633676097"
	}
	return reply{Error: f}
}

func answer(w http.ResponseWriter, with reply) {
	body, err := json.Marshal(with)
	if err != nil {
		panic("vktest: " + err.Error()) // our own types
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// method answers a request to a method of the API.
func (s *Server) method(w http.ResponseWriter, r *http.Request) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || kind != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		http.Error(w, "a POST with a form is wanted", http.StatusBadRequest)
		return
	}
	trouble, over := s.meet()
	if s.suffer(w, r, trouble, over) {
		return
	}
	with := s.call(r, trouble)
	if trouble.Cut == CutAfter {
		panic(http.ErrAbortHandler)
	}
	answer(w, with)
}

// call checks what all methods ask for, and calls one.
func (s *Server) call(r *http.Request, trouble Trouble) reply {
	name, form := r.PathValue("method"), r.Form
	if token := tokenOf(r); token != s.options.Token {
		return refuse(5, form)
	}
	if !recent(form.Get("v")) {
		return refuse(8, form)
	}
	if s.crowded(time.Now()) {
		return refuse(6, form)
	}
	switch name {
	case "execute":
		return s.execute(form, trouble)
	case "messages.send", "messages.isMessagesFromGroupAllowed", "docs.getMessagesUploadServer", "docs.save":
		return replyOf(form)(s.run(name, formParams(form)))
	case "messages.pin", "messages.unpin", "messages.getConversationsById", "messages.getHistory":
		return replyOf(form)(s.inChat(name, form))
	case "photos.getMessagesUploadServer", "photos.saveMessagesPhoto":
		return replyOf(form)(s.photo(name, form))
	case "groups.getTokenPermissions":
		return reply{Response: s.permissions()}
	case "groups.getLongPollServer", "groups.setLongPollSettings":
		if form.Get("group_id") != itoa(s.options.Group) {
			return refuse(125, form)
		}
		if name == "groups.setLongPollSettings" {
			s.poll.enable(form)
			return reply{Response: 1}
		}
		return reply{Response: s.poll.server(s.URL())}
	}
	return refuse(3, form)
}

// replyOf makes a reply of what a method has come to.
func replyOf(form url.Values) func(any, int) reply {
	return func(value any, code int) reply {
		if code != 0 {
			return refuse(code, form)
		}
		return reply{Response: value}
	}
}

func tokenOf(r *http.Request) string {
	if token, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); is {
		return token
	}
	return r.Form.Get("access_token")
}

// recent reports whether a version of the API is one that messages.send has peer_ids in.
func recent(version string) bool {
	major, minor, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(minor)
	return err == nil && major == "5" && number >= 81
}

// formParams turns a form into what a program would hand over.
func formParams(form url.Values) json.RawMessage {
	params := map[string]any{}
	for key, values := range form {
		switch number, err := strconv.ParseInt(values[0], 10, 64); {
		case slices.Contains([]string{"v", "access_token", "lang"}, key):
		case err == nil && key != "message":
			params[key] = number
		default:
			params[key] = values[0]
		}
	}
	body, err := json.Marshal(params)
	if err != nil {
		panic("vktest: " + err.Error()) // strings and numbers
	}
	return body
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// rights are the numbers of the rights that a community's token may have (dev.vk.com/ru/reference/access-rights).
var rights = map[string]int{"photos": 4, "messages": 4096, "docs": 131072, "manage": 262144}

// permissions is groups.getTokenPermissions.
func (s *Server) permissions() any {
	mask, list := 0, []any{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, number := range rights {
		if !s.withheld[name] {
			mask += number
			list = append(list, map[string]any{"name": name, "setting": number})
		}
	}
	return map[string]any{"mask": mask, "permissions": list}
}

// Withhold makes a token without some of its rights. Methods do not ask for them.
func (s *Server) Withhold(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withheld = map[string]bool{}
	for _, name := range names {
		s.withheld[name] = true
	}
}
