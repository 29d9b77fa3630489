package tongue

import "testing"

func TestLocale(t *testing.T) {
	for _, is := range []struct {
		env  map[string]string
		want Tongue
	}{
		{nil, Russian},
		{map[string]string{"LANG": "C.UTF-8"}, Russian},
		{map[string]string{"LANG": "en_US.UTF-8"}, English},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU.UTF-8"}, Russian},
		{map[string]string{"LANG": "ru_RU.UTF-8", "LC_MESSAGES": "ru_RU.UTF-8", "LC_ALL": "en_GB"}, English},
	} {
		if have := Locale(func(name string) string { return is.env[name] }); have != is.want {
			t.Errorf("%v: %v", is.env, have)
		}
	}
}

func TestCut(t *testing.T) {
	for _, is := range []struct{ both, russian, english string }{
		{"да // yes", "да", "yes"},
		{"ID", "ID", "ID"},
		{"адрес https://… // an address https://…", "адрес https://…", "an address https://…"},
	} {
		if r, e := Russian.Cut(is.both), English.Cut(is.both); r != is.russian || e != is.english {
			t.Errorf("%q: %q and %q", is.both, r, e)
		}
	}
	if _, ok := Named("de"); ok {
		t.Error("there is no third language")
	}
}
