package templates

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"vestnik/engine"
)

// trackedLinks are links as the engine would make them.
type trackedLinks struct{}

func (trackedLinks) Open() string { return "https://vestnik.example.ru/t/o/AbCd-1234_open" }
func (trackedLinks) Click(n int) string {
	return fmt.Sprintf("https://vestnik.example.ru/t/c/AbCd-1234_%d", n)
}
func (trackedLinks) Unsubscribe() string { return "https://vestnik.example.ru/u/AbCd-1234_stop" }
func (trackedLinks) Document() string    { return "https://vestnik.example.ru/d/AbCd-1234_bill" }

func provider() engine.Provider {
	return engine.Provider{
		ID: "p1", Name: "ООО «УК Уютный дом»", INN: "6671000001", Timezone: "Asia/Yekaterinburg",
		Settings: map[string]string{
			"payment.name": "ООО «УК Уютный дом»", "payment.inn": "6671000001", "payment.kpp": "667101001",
			"payment.account": "40702810900000000001", "payment.bank": "Уральский банк ПАО Сбербанк",
			"payment.bic": "046577674", "payment.corr_account": "30101810500000000674",
			"payment.url": "https://pay.example.ru/gkh?doc={document_id}&ls={account}&sum={amount}&period={period}",
		},
	}
}

func resident() engine.Recipient {
	return engine.Recipient{
		Account: "7700123456", Name: "Иванова Мария Петровна", Email: "ivanova@example.ru", Premises: "42",
		House: "6f2cbfd8-692a-4ee4-9b16-067210bde3fc",
	}
}

// believable are the variables of a real message of each template.
var believable = map[string]string{
	"bill-monthly": `{"debt":"1250.00","penalty":"14.37","services":[
		{"name":"Содержание жилого помещения","unit":"м²","volume":"54.30","rate":"31.24","charged":"1696.33"},
		{"name":"Холодное водоснабжение","unit":"м³","volume":"5.120","rate":"45.11","charged":"230.96"},
		{"name":"Горячее водоснабжение","unit":"м³","volume":"3.450","rate":"198.27","charged":"684.03"},
		{"name":"Водоотведение","unit":"м³","volume":8.570,"rate":33.64,"charged":288.29},
		{"name":"Отопление","unit":"Гкал","volume":"0.8145","rate":"2410.9251","charged":"1963.70"},
		{"name":"Электроэнергия","unit":"кВт·ч","volume":"186","rate":"5.92","charged":"1101.12"},
		{"name":"Обращение с ТКО","rate":"141.26","charged":"141.26"},
		{"name":"Взнос на капитальный ремонт","unit":"м²","volume":"54.30","rate":"14.37","charged":"780.29"}]}`,
	"debt-notice": `{}`,
	"outage-planned": `{"service":"Горячая вода","from":"2026-11-05T09:00:00+05:00","to":"2026-11-05T17:00:00+05:00",
		"reason":"Замена задвижки на тепловом вводе","address":"ул. Мира, 14","phone":"8 (343) 200-10-20"}`,
	"outage-urgent": `{"service":"Электроэнергия","from":"2026-11-05T21:40:00+05:00","to":"2026-11-06T02:00:00+05:00",
		"reason":"Повреждение кабеля","address":"ул. Мира, 14, подъезды 1–3","phone":"8 (343) 200-10-20"}`,
	"outage-restored": `{"service":"Электроэнергия","at":"2026-11-06T01:10:00+05:00","address":"ул. Мира, 14","phone":"8 (343) 200-10-20"}`,
	"action-required": `{"what":"Передайте показания счётчиков воды","deadline":"2026-11-25",
		"how":["Посмотрите показания на счётчиках","Внесите их в личном кабинете или позвоните нам"],
		"link":"https://lk.example.ru/meters?from=mail&ls=7700123456","phone":"8 (343) 200-10-20"}`,
	"ad-offer": `{"offer":"Установим счётчики воды с поверкой за один визит.\nЖителям нашего дома скидка 15 % до конца ноября.",
		"advertiser":"ООО «Счётчик+», ИНН 6670000002","erid":"2VtzqwP1x7A","link":"https://meters.example.ru/offer"}`,
	"meeting-planned": `{"topic":"Капитальный ремонт крыши","starts_at":"2026-11-15T10:00:00+05:00","ends_at":"2026-12-05T18:00:00+05:00",
		"place":"Онлайн, в приложении Госуслуги.Дом","agenda":["Выбор подрядчика","Размер ежемесячного взноса","Выбор совета дома"],
		"link":"https://dom.example.ru/oss/118"}`,
	"meeting-started": `{"topic":"Капитальный ремонт крыши","starts_at":"2026-11-15T10:00:00+05:00","ends_at":"2026-12-05T18:00:00+05:00",
		"place":"Онлайн, в приложении Госуслуги.Дом","link":"https://dom.example.ru/oss/118"}`,
	"meeting-finished": `{"topic":"Капитальный ремонт крыши","starts_at":"2026-11-15T10:00:00+05:00","ends_at":"2026-12-05T18:00:00+05:00",
		"protocol_link":"https://dom.example.ru/oss/118/protocol.pdf"}`,
	"status-changed": `{"request":"№ 4512 от 3 ноября: не горит свет на лестнице, 3-й подъезд","status":"Выполнено",
		"comment":"Заменили светильник на 5-м этаже.","executor":"Сидоров А. В., электромонтёр"}`,
}

// letterOf is a real letter by the template.
func letterOf(tb testing.TB, name string) (*Template, engine.Letter) {
	tb.Helper()
	t, err := library(tb).Find(tb.Context(), engine.TemplateRef{Name: name})
	if err != nil {
		tb.Fatal(err)
	}
	r := resident()
	r.Vars = json.RawMessage(believable[name])
	if t.Kind().Payable() {
		amount := engine.Money(815035)
		r.Amount, r.Period, r.DueDate, r.DocumentID = &amount, "2026-10", "2026-11-10", "70АА123456-01-6101"
	}
	return t, engine.Letter{Provider: provider(), Campaign: engine.Campaign{Kind: t.Kind()}, Recipient: &r, Links: trackedLinks{}}
}

// builtins parses the built-in templates once for all tests.
var builtins = sync.OnceValue(Builtin)

func library(tb testing.TB) *Library {
	tb.Helper()
	return builtins()
}
