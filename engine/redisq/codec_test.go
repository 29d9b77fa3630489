package redisq

import (
	"reflect"
	"testing"

	"vestnik/engine"
)

// everything is a recipient with every field set; a field that is added to engine.Recipient and not here fails the test.
func everything(t *testing.T) engine.Recipient {
	amount := engine.Money(-1234_56)
	r := engine.Recipient{
		Account: "1", Name: "Ё", Email: "e@x", VKID: -5, GISAccount: "g", House: "h", Premises: "p", Timezone: "z", Delivery: engine.Both,
		DocumentID: "d", Period: "2026-10", Amount: &amount, DueDate: "2026-11-10", Vars: []byte(`{"a":[1]}`),
	}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("the test does not set %s", v.Type().Field(i).Name)
		}
	}
	return r
}

func TestChunkHoldsEveryField(t *testing.T) {
	zero := engine.Money(0)
	list := []engine.Recipient{everything(t), {}, {Account: "2", Amount: &zero}, everything(t)}
	var text []byte
	for i := range list {
		text = appendPerson(text, &list[i])
	}
	got, err := readPeople(string(text))
	if err != nil || !reflect.DeepEqual(got, list) {
		t.Fatalf("got %+v: %v", got, err)
	}
	for i := range list {
		if one, err := personAt(string(text), i); err != nil || !reflect.DeepEqual(one, list[i]) {
			t.Fatalf("place %d: got %+v: %v", i, one, err)
		}
	}
	if _, err := personAt(string(text), len(list)); err == nil {
		t.Fatal("somebody stands behind the last")
	}
	if r, err := personAt("\x05\x63\x01?\x01\x00", 0); err != nil || r.Name != "" {
		t.Fatalf("an unknown field is not passed over: %v", err)
	}
}

func FuzzReadPeople(f *testing.F) {
	f.Add("")
	f.Add("\x03\x01\x011")
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := readPeople(text)
		if err != nil {
			return
		}
		var again []byte
		for i := range list {
			again = appendPerson(again, &list[i])
		}
		if same, err := readPeople(string(again)); err != nil || !reflect.DeepEqual(same, list) {
			t.Fatalf("what was read is not what is written: %v", err)
		}
	})
}
