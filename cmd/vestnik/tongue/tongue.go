// Package tongue chooses between the two languages in which the program speaks to people: Russian first, English by a switch.
//
// A phrase stands in the code once, in both languages side by side, so that neither can drift from what the code does. It holds no
// dictionaries and never touches logs or what programs read: those are English and JSON.
package tongue

import "strings"

// Tongue is the language people are spoken to in. The zero value is Russian.
type Tongue int

// The languages.
const (
	Russian Tongue = iota
	English
)

// Say chooses the phrase of the language.
func (t Tongue) Say(russian, english string) string {
	if t == English {
		return english
	}
	return russian
}

// Cut chooses from a phrase written as "по-русски // in English"; a phrase without the mark is the same in both.
func (t Tongue) Cut(both string) string {
	russian, english, found := strings.Cut(both, " // ")
	if !found {
		return both
	}
	return t.Say(russian, english)
}

// Named gives the language of a code such as "ru" or "en"; ok is false for any other.
func Named(code string) (t Tongue, ok bool) {
	switch code {
	case "ru":
		return Russian, true
	case "en":
		return English, true
	}
	return Russian, false
}

// Locale gives the language of the environment by POSIX rules (IEEE Std 1003.1, 8.2: LC_ALL before LC_MESSAGES before LANG). Anything but
// an English locale is Russian, "C" and nothing at all included.
func Locale(getenv func(string) string) Tongue {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(value, "en") {
				return English
			}
			return Russian
		}
	}
	return Russian
}
