package email

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseDomains(t *testing.T) {
	for _, test := range []struct {
		list string
		want []Domain
	}{
		{"", nil},
		{" mail.ru + BK.ru = 4/50 , *=10/0,", []Domain{{[]string{"mail.ru", "bk.ru"}, 4, 50}, {[]string{"*"}, 10, 0}}},
		{"почта.рф=0/1", []Domain{{[]string{"xn--80a1acny.xn--p1ai"}, 0, 1}}},
	} {
		got, err := ParseDomains(test.list)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q gives %v, %v", test.list, got, err)
		}
	}
	for _, list := range []string{"mail.ru", "mail.ru=4", "mail.ru=4/x", "mail.ru=-1/2", "=1/2", "a b=1/2", "*+mail.ru=1/2", "mail.ru=1/2,MAIL.ru=3/4", "-.ru=1/1"} {
		if got, err := ParseDomains(list); err == nil {
			t.Errorf("%q gives %v", list, got)
		}
	}
	if _, err := ParseDomains("a=1,b=2,c.ru=1/1"); err == nil || strings.Count(err.Error(), "at once") != 2 {
		t.Errorf("not all mistakes are told: %v", err)
	}
}

func FuzzParseDomains(f *testing.F) {
	f.Add("mail.ru+bk.ru=4/50, *=10/0")
	f.Fuzz(func(t *testing.T, list string) {
		domains, err := ParseDomains(list)
		if err != nil {
			return
		}
		for _, d := range domains {
			if len(d.Names) == 0 || d.AtOnce < 0 || d.PerSecond < 0 {
				t.Errorf("%q gives the unfinished %v", list, d)
			}
		}
	})
}
