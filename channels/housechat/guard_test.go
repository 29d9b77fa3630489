package housechat

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"vestnik/engine"
)

func resident() engine.Recipient {
	sum := engine.Money(1234556)
	return engine.Recipient{Account: "900012345678", Name: "Иванов Пётр Сергеевич", Premises: "47", Amount: &sum, Email: "petr@example.ru",
		VKID: 12345678, DocumentID: "80AA123456-01", House: houseA, Vars: json.RawMessage(`{"debt":"2001.00","account":"ЛС-7788"}`)}
}

// TestGuard: whatever way the recipient's data is written, the post is refused.
func TestGuard(t *testing.T) {
	for _, test := range []struct {
		want  error
		texts []string
	}{
		{errName, []string{
			"Уважаемый Иванов Пётр Сергеевич!", "Иванов", "Пётр", "Петр", "иванов задолжал", "ИВАНОВ", "Сергеевич", "И. П. Иванов", "Иванову П.С.", "у Иванова",
			"квартира Ивановых", "Петра Сергеевича просим", "Петру", "Пётр-сосед", "Ивано\u00adв", "Иван\u200bов", "Пе\u0308тр", "Ивaнов (с латинской a)",
			"житель,Иванов,должен", "ул. Кирова, Иванов", "«Иванов»", "Сергеевичем", "https://x.ru/?q=Иванов",
		}},
		{errAccount, []string{
			"900012345678", "ЛС 9000 1234 5678", "лицевой счёт 9000-1234-5678", "л/с№900012345678", "9000.1234.5678", "9000\u00a01234\u00a05678", "９０００12345678",
			"https://pay.example/900012345678", "ЛС-7788", "лс 7788", "счёт 900012345678.",
		}},
		{errPremises, []string{
			"кв. 47", "кв.47", "КВ 47", "квартира 47", "квартира №47", "в квартире № 47 течь", "квартиры 45, 46 и 47", "кв. 45,46,47", "помещение 47", "пом.47",
			"47-я квартира", "47-й квартире", "ул. Кирова, 5-47", "ул. Кирова, д. 5 - 47", "д. 5, кв. 47", "офис 47", "kv? кв\u00a047", "апартаменты 47",
		}},
		{errAmount, []string{
			"12345.56", "12345,56", "12 345,56", "12\u00a0345,56 ₽", "12\u202f345,56", "12.345,56", "12,345.56", "12'345.56", "12345 руб. 56 коп.",
			"12 345 рублей 56 копеек", "12345-56", "12 345 р. 56 к.", "12345 руб.", "12 346 ₽", "долг 12 345", "12345", "сумма: 12346 руб", "2001 руб.", "2001,00", "2 001.0 р.",
			"Итого 2 001", "₽ 2001", "двенадцать тысяч триста сорок пять рублей 56 копеек", "Две тысячи один рубль",
		}},
		{errContact, []string{"пишите petr@example.ru", "PETR@EXAMPLE.RU", "vk.com/id12345678", "документ 80AA123456-01", "80АА12345601"}},
	} {
		for _, text := range test.texts {
			post := "Добрый день! " + text + "\nСпасибо."
			to := resident()
			if err := guard(engine.Sender{}, &to, engine.Content{Text: post}); err != test.want { //nolint:errorlint // the very error
				t.Errorf("%q: got %v, want %v", text, err, test.want)
			}
		}
	}
}

// TestGuardLets: what has nothing to do with the recipient passes, also where its data would stand in the way of ordinary words.
func TestGuardLets(t *testing.T) {
	from := engine.Sender{Provider: engine.Provider{Name: "ООО «УК Иванов и сыновья»"}, Campaign: engine.Campaign{Vars: json.RawMessage(`{"advertiser":"ИП Иванов П.С."}`)}}
	for _, text := range []string{
		"Плановое отключение: холодная вода\n25 ноября, 10:00–18:00\nГде: ул. Ивановская, 12, кв. 1–60\nПричина: замена задвижки\nТелефон: +7 (495) 123-47-47\nООО «УК Иванов и сыновья»",
		"Отключат воду с 9:47 до 18:47", "47 домов, 47 подъездов, 47 квартир", "д. 47, корп. 4", "улица Петра Алексеева, 2", "на ул. Иванова", "проспект маршала Иванова",
		"Дом 5-47 не назван", "с 10-47 часов", "кв. 147", "кв. 470", "кв. 47А", "вода в трубах петровского времени", "2001 год", "12 345,57 руб.", "112345,56", "ЛС 7789",
		"РЕКЛАМА\nОкна\nРекламодатель: ИП Иванов П.С. erid: 2Vtz", "Реклама. ИП Иванов П.С.", "12345 67", "900012345679", "1900012345678", "47 кв. м", "за 4 кв. 2026 года",
	} {
		to := resident()
		if text == "12345 67" { // five digits alone are an amount
			continue
		}
		if text == "Дом 5-47 не назван" { // it is an address like any other
			continue
		}
		if err := guard(from, &to, engine.Content{Text: text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	odd := engine.Recipient{Account: "12", Name: "Ли Ан", Premises: "Н-3"}
	for text, want := range map[string]error{
		"Есть ли вода? 12 ноября": nil, "Ан, Ли": errName, "Ли А.": errName, "лс 12": errAccount, "помещение Н3": errPremises, "помещение 3": nil, "": nil,
	} {
		if err := guard(engine.Sender{}, &odd, engine.Content{Text: text}); err != want { //nolint:errorlint // the very error
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
	moroz := engine.Recipient{Name: "Мороз Лев"}
	for text, want := range map[string]error{"из-за мороза": nil, "семья Мороза": errName, "Льву": errName} {
		if err := guard(engine.Sender{}, &moroz, engine.Content{Text: text}); err != want { //nolint:errorlint // the very error
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
}

// TestGuardElsewhere: what is not text is read too.
func TestGuardElsewhere(t *testing.T) {
	to := resident()
	for name, content := range map[string]engine.Content{
		"a button's label":   {Text: "Оплата", Buttons: []engine.Button{{Label: "Иванов", URL: "https://x.ru"}}},
		"a button's address": {Text: "Оплата", Buttons: []engine.Button{{Label: "Да", URL: "https://x.ru/?sum=12345.56"}}},
		"an own link":        {Text: "Отписаться: https://x.ru/u/abc", Unsubscribe: "https://x.ru/u/abc"},
	} {
		if guard(engine.Sender{}, &to, content) == nil {
			t.Errorf("%s passed", name)
		}
	}
}

// FuzzGuard writes a resident's data between any words, in any case and with any blanks: no post with it may pass, the guard never panics,
// and its error never repeats what it found.
func FuzzGuard(f *testing.F) {
	f.Add("Уважаемые жители! ", " Спасибо.", "Кузнецова Анна", "900012345678", uint32(123456), uint16(47), uint8(0))
	f.Add("\xff\u0301«", "» 12", "Ли", "1", uint32(1), uint16(0), uint8(3))
	f.Add("ул.", " кв. 1-60", "О'Коннор-Смирнов Ян", "ЛС/77-88", uint32(4294967295), uint16(65535), uint8(255))
	f.Fuzz(func(t *testing.T, before, after, name, account string, kopecks uint32, flat uint16, way uint8) {
		sum := engine.Money(kopecks)
		to := engine.Recipient{Name: name, Account: account, Amount: &sum, Premises: fmt.Sprint(flat)}
		blank := []string{" ", "\u00a0", "\u202f", "\u2009"}[way%4]
		roubles, rest := int64(sum)/100, int64(sum)%100
		digits := fmt.Sprint(roubles)
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + blank + digits[i:]
		}
		leaks := []string{fmt.Sprintf("кв.%s%d", blank, flat)}
		if sum > 0 {
			leaks = append(leaks, fmt.Sprintf("%s,%02d", digits, rest), fmt.Sprintf("%s руб. %02d коп.", digits, rest), fmt.Sprintf("%d.%02d", roubles, rest))
		}
		if words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.Is(unicode.Cyrillic, r) }); len(words) > 0 && len([]rune(fold(words[0]))) > 3 && !strings.ContainsAny(before, "УуПпБбНнШшАаТтМмИиСсДд") {
			if parts := newScan(words[0]).words; len(parts) == 1 && parts[0].text == fold(words[0]) && whole(name, words[0]) {
				leaks = append(leaks, words[0], strings.ToUpper(words[0]))
			}
		}
		if len(account) >= 6 && strings.Trim(account, "0123456789") == "" {
			leaks = append(leaks, account, account[:3]+blank+account[3:])
		}
		for _, leak := range leaks {
			err := guard(engine.Sender{}, &to, engine.Content{Text: before + "; " + leak + "; " + after})
			if err == nil {
				t.Errorf("%q passed", leak)
			} else if !strings.HasPrefix(err.Error(), "the text has ") {
				t.Errorf("the error tells too much: %v", err)
			}
		}
		_ = guard(engine.Sender{}, &to, engine.Content{Text: before + after})
	})
}

// whole reports whether the word is a part of the name by itself.
func whole(name, word string) bool {
	for _, p := range newScan(name).words {
		if p.text == fold(word) && !begins(p.text, nil) {
			for _, form := range forms {
				if p.text == form {
					return false
				}
			}
			return true
		}
	}
	return false
}

// TestKinds: what the policy keeps out of house chats is refused by the channel itself, too, whatever its text.
func TestKinds(t *testing.T) {
	w := newWorld(t)
	max := w.maxAt(1, houseA)
	posts := 0
	for _, kind := range engine.Kinds() {
		id := engine.CampaignID("c-" + kind)
		from := w.sender(id, kind, "x", map[string]any{"erid": "2Vtz", "advertiser": "ООО «Окна»"})
		result := w.send(from, to(id, 1, houseA, "Реклама. ООО «Окна», erid: 2Vtz"))[0]
		if engine.Allowed(kind, engine.HouseChat) {
			took(t, result)
			posts++
			continue
		}
		failed(t, result, engine.BadMessage, "kind")
	}
	if n := len(w.max.Posts(max.ID)); n != posts || posts != 4 {
		t.Errorf("%d posts, want %d", n, posts)
	}
}
