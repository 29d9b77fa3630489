package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"vestnik/api/intake"
)

// languageOf tells in which language a request wants to be answered: Russian unless Accept-Language prefers English.
func languageOf(r *http.Request) intake.Language {
	best, language := 0.0, intake.Russian
	for item := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(item), ";")
		quality := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			quality, _ = strconv.ParseFloat(q, 64)
		}
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if quality <= best || primary != "ru" && primary != "en" {
			continue
		}
		best, language = quality, intake.Language(primary)
	}
	return language
}

// say gives the words of a code in a language. A code without words is a defect that a test finds.
func say(language intake.Language, code string, args ...any) string {
	text := words[code].ru
	if language == intake.English {
		text = words[code].en
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

type phrase struct{ ru, en string }

// words are what people read: the details of problems and the reasons of mistakes, by code. The arguments stand in the same order in
// both languages.
var words = map[string]phrase{
	// Problems.
	"no_key":                 {"Нужен ключ: заголовок «Authorization: Bearer vst_…».", "A key is needed: the header “Authorization: Bearer vst_…”."},
	"bad_key":                {"Ключ неизвестен или отозван.", "The key is unknown or revoked."},
	"role_too_low":           {"Для этого нужен ключ с ролью %s, а у этого роль %s.", "This needs a key with the role %s, and this one has %s."},
	"test_key":               {"Тестовым ключом нельзя менять настоящую рассылку.", "A test key cannot change a live campaign."},
	"test_key_shared":        {"Тестовым ключом нельзя менять то, что действует и для настоящих рассылок.", "A test key cannot change what holds for live campaigns too."},
	"too_many_requests":      {"Слишком много запросов с этим ключом. Повторите позже: когда, сказано в Retry-After.", "Too many requests with this key. Repeat it later: Retry-After says when."},
	"retried":                {"Недоставленным из этой рассылки уже повторяет рассылка %s.", "Campaign %s retries the undelivered of this one already."},
	"nobody_to_retry":        {"Повторять некому: недоставленных нет.", "There is nobody to retry: nobody was left undelivered."},
	"unknown_route":          {"Нет маршрута с таким именем; есть: %s.", "There is no route of this name; there are: %s."},
	"route_name":             {"Имя маршрута: от 1 до 40 строчных латинских букв, цифр и дефисов.", "A route's name is 1 to 40 lower-case letters, digits and hyphens."},
	"too_many_routes":        {"Маршрутов с именами не больше %d.", "There can be at most %d named routes."},
	"no_route":               {"Здесь ничего нет. Что есть, сказано в /docs и /openapi.yaml.", "There is nothing here. See /docs and /openapi.yaml for what there is."},
	"not_found":              {"Такого объекта нет.", "There is no such object."},
	"method_not_allowed":     {"Этот метод здесь не поддерживается.", "This method is not supported here."},
	"conflict":               {"Объект изменился одновременно с запросом. Повторите запрос.", "The object was changed at the same moment. Repeat the request."},
	"wrong_status":           {"Рассылка в состоянии «%s»: действие «%s» невозможно.", "The campaign is %s: it cannot %s."},
	"too_large":              {"Слишком много данных: не больше %s.", "Too much data: at most %s."},
	"other_network":          {"Чат «%s» уже заведён в другой сети: %s. Удалите его или назовите новый иначе.", "The chat “%s” is in another network already: %s. Delete it, or name the new one otherwise."},
	"too_many_items":         {"Слишком много записей в одном запросе: не больше %d.", "Too many items in one request: at most %d."},
	"timeout":                {"Данные не пришли вовремя.", "The data did not arrive in time."},
	"cut_off":                {"Передача оборвалась.", "The transfer was cut off."},
	"unsupported_media_type": {"Нужен Content-Type: %s.", "The Content-Type must be %s."},
	"unsupported_encoding":   {"Здесь тело запроса не сжимают.", "Bodies are not compressed here."},
	"invalid":                {"В запросе есть ошибки, все перечислены в errors.", "The request has errors; errors lists them all."},
	"rejected":               {"В файле есть ошибки, не принята ни одна строка.", "The file has errors; not a single row was accepted."},
	"bad_file":               {"Файл не удалось прочитать до конца.", "The file could not be read to its end."},
	"file_too_large":         {"Файл слишком велик.", "The file is too large."},
	"unsupported_file":       {"Такой файл не принимается.", "Files like this are not taken."},
	"bad_json":               {"Тело запроса не является правильным JSON.", "The body is not well-formed JSON."},
	"down":                   {"Хранилище недоступно. Повторите запрос позже.", "A store is down. Repeat the request later."},
	"draining":               {"Сервер останавливается.", "The server is shutting down."},
	"internal":               {"Ошибка на нашей стороне. Назовите поддержке request_id.", "An error of ours. Tell the support the request_id."},
	"idempotency_running":    {"Запрос с этим Idempotency-Key ещё выполняется.", "The request with this Idempotency-Key is still running."},
	"idempotency_reused":     {"С этим Idempotency-Key уже приходил другой запрос.", "This Idempotency-Key came with another request before."},
	"bad_idempotency_key":    {"Idempotency-Key: от 1 до 255 печатных символов ASCII.", "Idempotency-Key: 1 to 255 printable ASCII characters."},
	"audience_expired":       {"Список получателей уже удалён по сроку хранения.", "The list of recipients has expired."},
	"use_payments":           {"Об оплате сообщают через POST /v1/payments.", "Payments are reported by POST /v1/payments."},
	"many":                   {"Это поле задано дважды.", "This member stands twice."},
	"syntax":                 {"Здесь JSON нарушен.", "The JSON is broken here."},
	"encoding":               {"Текст не в UTF-8.", "The text is not UTF-8."},
	"too_deep":               {"Вложенность больше %d.", "It is nested deeper than %d."},
	"unknown_field":          {"Нет такого поля.", "There is no such member."},
	"unknown_parameter":      {"Нет такого параметра.", "There is no such parameter."},
	"missing":                {"Обязательное поле.", "It is required."},
	"type":                   {"Здесь должно быть: %s.", "It must be %s."},
	"too_many_houses":        {"Не больше %d домов.", "At most %d houses."},
	"chat_name":              {"Имя чата: от 1 до 80 строчных латинских букв, цифр и дефисов.", "A chat's name is 1 to 80 lower-case letters, digits and hyphens."},
	"too_long":               {"Не длиннее %d символов.", "At most %d characters."},
	"unknown":                {"Нет такого значения; есть: %s.", "There is no such value; there are: %s."},
	"unknown_template":       {"Нет такого шаблона или такой его версии.", "There is no such template or version of it."},
	"wrong_kind":             {"Этот шаблон для рассылок вида %s.", "This template is for campaigns of kind %s."},
	"control":                {"Управляющие символы недопустимы.", "Control characters are not allowed."},
	"time":                   {"Время пишут по RFC 3339 со смещением: 2026-11-05T09:00:00+03:00.", "A time is written by RFC 3339 with an offset: 2026-11-05T09:00:00+03:00."},
	"moment":                 {"Время пишут по RFC 3339 (плюс в адресе — %2B) или днём: 2026-11-05.", "A time is written by RFC 3339 (with the plus as %2B), or as a day: 2026-11-05."},
	"day":                    {"День пишут так: 2026-11-05.", "A day is written like 2026-11-05."},
	"month":                  {"Период пишут так: 2026-10.", "A period is written like 2026-10."},
	"money":                  {"Сумма больше нуля пишется строкой в рублях: \"1234.56\".", "A sum above zero is written as a string in roubles: \"1234.56\"."},
	"number":                 {"Нужно целое число от %d до %d.", "A whole number from %d to %d is needed."},
	"future":                 {"Это время ещё не наступило.", "This time has not come yet."},
	"order":                  {"Начало позже конца.", "The beginning is after the end."},
	"one_of":                 {"Нужно ровно одно: %s.", "Exactly one is needed: %s."},
	"gis_off":                {"У поставщика не настроена ГИС ЖКХ: сообщать некуда.", "ГИС ЖКХ is not set up for the provider: there is nobody to tell."},
	"cursor":                 {"Курсор берут из next_cursor прошлого ответа.", "A cursor is the next_cursor of the answer before."},
	"unknown_recipient":      {"Такого получателя нет.", "There is no such recipient."},
	"no_channel":             {"Непонятно, по какому каналу: назовите channel.", "It is not clear over which channel: name one."},
	"unknown_variable":       {"Шаблон не использует эту переменную.", "The template does not use this variable."},
	"template_problem":       {"Не подходит шаблону: %s.", "The template does not accept it: %s."},
	"cannot_render":          {"Сообщение не составить из этих данных.", "The message cannot be made of these data."},
	"code":                   {"Латиница, цифры, пробел, точка, дефис; не длиннее 40.", "Letters, digits, space, point, hyphen; at most 40."},
	"want_object":            {"объект", "an object"},
	"want_array":             {"массив", "an array"},
	"want_string":            {"строка", "a string"},
	"want_flag":              {"true или false", "true or false"},
	"want_list":              {"массив объектов JSON или NDJSON", "an array of JSON objects or NDJSON"},
	"want_facts":             {"строка или массив строк", "a string or an array of strings"},

	// What engine says about orders: "engine." and its code, or that and the last part of its field.
	"engine.unknown":                 {"Нет такого значения.", "There is no such value."},
	"engine.forbidden":               {"Это не разрешено.", "This is not allowed."},
	"engine.out_of_range":            {"Значение вне допустимого.", "The value is out of range."},
	"engine.incomplete":              {"wait и until задают вместе или не задают вовсе.", "wait and until stand together or not at all."},
	"engine.empty":                   {"В рассылке ещё нет получателей.", "The campaign has no recipients yet."},
	"engine.forbidden.channel":       {"Рассылки этого вида не ходят по этому каналу.", "Campaigns of this kind never go over this channel."},
	"engine.forbidden.urgent":        {"Срочным бывает только отключение.", "Only an outage can be urgent."},
	"engine.out_of_range.expires_at": {"Рассылка не может истечь раньше, чем начнётся.", "A campaign cannot expire before it begins."},
	"engine.out_of_range.wait":       {"Ожидание длится не дольше 90 дней.", "A wait lasts up to 90 days."},
	"engine.out_of_range.lanes":      {"В маршруте от 1 до 4 ветвей, в ветви от 1 до 8 шагов.", "A route has 1 to 4 lanes of 1 to 8 steps."},
	"engine.unknown.until":           {"Ждать можно: sent, received, opened, clicked, paid.", "A step can wait for sent, received, opened, clicked, paid."},
	"engine.unknown.channel":         {"Нет такого канала; есть: gosuslugi, email, vk, housechat, paper.", "There is no such channel; there are gosuslugi, email, vk, housechat, paper."},
	"engine.malformed.wait":          {"Ожидание пишут так: \"72h\", \"90m\" или \"3d\".", "A wait is written like \"72h\", \"90m\" or \"3d\"."},

	"engine.repeated":         {"Этот канал уже есть в другой ветви: жители получили бы одно и то же дважды.", "Another lane has this channel already: residents would get the same twice."},
	"engine.unknown_template": {"Нет такого шаблона или такой его версии.", "There is no such template or version of it."},
	"engine.wrong_kind":       {"Этот шаблон для рассылок другого вида.", "This template is for campaigns of another kind."},

	// What templates say about variables, and what a value of each type looks like.
	"variable.missing":   {"Обязательная переменная шаблона.", "The template needs this variable."},
	"variable.malformed": {"Значение не того вида.", "The value is malformed."},
	"demand.":            {"", ""},
	"demand.text":        {"текст не длиннее 10 000 знаков", "a text of at most 10,000 letters"},
	"demand.lines":       {"текст или список не больше чем из 100 текстов", "a text or a list of at most 100 texts"},
	"demand.money":       {"сумма в рублях, например \"1234.56\"", "a sum in roubles like \"1234.56\""},
	"demand.date":        {"день, например 2026-11-10", "a day like 2026-11-10"},
	"demand.time":        {"время по RFC 3339, например 2026-11-05T09:00:00+05:00", "a time by RFC 3339 like 2026-11-05T09:00:00+05:00"},
	"demand.moment":      {"день или время по RFC 3339", "a day, or a time by RFC 3339"},
	"demand.period":      {"период, например 2026-10", "a month like 2026-10"},
	"demand.link":        {"адрес, который начинается с https:// или http://", "an address that begins with https:// or http://"},
	"demand.services":    {"список услуг {name, unit, volume, rate, charged}, не больше 100", "a list of at most 100 services {name, unit, volume, rate, charged}"},

	// Actions, for wrong_status.
	"do.start":             {"запустить", "start"},
	"do.pause":             {"приостановить", "pause"},
	"do.resume":            {"продолжить", "resume"},
	"do.cancel":            {"отменить", "cancel"},
	"do.retry":             {"повторить недоставленным", "retry"},
	"do.add recipients to": {"добавить получателей", "take more recipients"},

	// What a campaign waits for: [1] is the channel, [2] when it goes on, [3] what is wrong.
	"wait.begin":      {"начало в назначенное время", "its time to begin"},
	"wait.resume":     {"рассылка приостановлена", "it is paused"},
	"wait.send":       {"отправка: %[1]s", "sending: %[1]s"},
	"wait.retry":      {"повторная попытка: %[1]s", "another try: %[1]s"},
	"wait.wait":       {"ждём реакции: %[1]s", "waiting for a reaction: %[1]s"},
	"wait.confirm":    {"ждём, пока канал подтвердит доставку: %[1]s", "waiting for the channel to confirm: %[1]s"},
	"wait.quiet":      {"ночь у получателей, продолжим %[2]s: %[1]s", "it is night at the recipients’, resuming %[2]s: %[1]s"},
	"wait.pace":       {"больше в секунду канал не принимает, продолжим сразу: %[1]s", "the channel takes no more a second, going on at once: %[1]s"},
	"wait.quota":      {"квота поставщика исчерпана, продолжим %[2]s: %[1]s", "the provider’s quota is used up, resuming %[2]s: %[1]s"},
	"wait.breaker":    {"ждёт, пока заработает канал «%[1]s»%[3]s", "waiting for the channel to work again: %[1]s%[3]s"},
	"wait.reputation": {"репутация отправителя: слишком много возвратов или жалоб, проверим %[2]s: %[1]s", "the sender’s reputation: too many bounces or complaints, looking again %[2]s: %[1]s"},
	"wait.shared":     {"по этому адресу уже отправляется сообщение соседу: %[1]s", "a neighbour’s message is on its way to the same address: %[1]s"},

	"reputation_warned":  {"За сутки вернулось %d писем из %d, жалоб %d. При 10 %% возвратов или 0,3 %% жалоб почта этого поставщика остановится.", "In 24 hours %d of %d mails bounced, %d complaints. At 10 %% bounces or 0.3 %% complaints this provider’s e-mail stops."},
	"reputation_stopped": {"Почта этого поставщика остановлена: за сутки вернулось %d писем из %d, жалоб %d. Проверьте адреса; отправка продолжится сама.", "This provider’s e-mail is stopped: in 24 hours %d of %d mails bounced, %d complaints. Check the addresses; sending goes on by itself."},

	// Why a message failed, or was not to be sent.
	"reason.unknown":       {"причина неизвестна", "unknown reason"},
	"reason.unavailable":   {"канал недоступен", "the channel is out of reach"},
	"reason.throttled":     {"канал просит подождать", "the channel asks to slow down"},
	"reason.misconfigured": {"канал настроен неверно", "the channel is set up wrongly"},
	"reason.bad_address":   {"адреса не существует", "no such address"},
	"reason.refused":       {"получатель или сервер отказался", "refused"},
	"reason.bad_message":   {"сообщение не составить или его не принимают", "the message cannot be made or is not accepted"},
	"reason.no_address":    {"нет адреса ни для одного канала", "no address for any channel"},
	"reason.goal_met":      {"уже оплачено или открыто", "paid or opened already"},
	"reason.forbidden":     {"этому каналу не положено", "not allowed over this channel"},
	"reason.unsubscribed":  {"получатель отписался", "unsubscribed"},
	"reason.bounced":       {"адрес уже возвращал письма", "the address bounced before"},
	"reason.paper_only":    {"канал не подходит к выбранному способу доставки", "not the way of delivery the resident has chosen"},
	"reason.no_consent":    {"нет согласия на рекламу", "no consent to advertising"},
	"reason.frequency":     {"реклама приходила слишком часто", "too many ads lately"},
	"reason.complained":    {"получатель жаловался на сообщения", "the resident complained"},
	"reason.no_reminders":  {"получатель отказался от напоминаний", "unsubscribed from reminders"},
	"reason.manual":        {"адрес в стоп-листе", "the address is on the stop list"},

	"channel.":          {"—", "—"},
	"channel.gosuslugi": {"Госуслуги", "Gosuslugi"},
	"channel.email":     {"электронная почта", "e-mail"},
	"channel.vk":        {"ВКонтакте", "VK"},
	"channel.housechat": {"чат дома", "house chat"},
	"channel.paper":     {"бумага", "paper"},
}

// titles are the titles of problems by status.
var titles = map[int]phrase{
	http.StatusBadRequest:            {"Запрос не понят", "Bad request"},
	http.StatusUnauthorized:          {"Нет доступа", "Unauthorized"},
	http.StatusForbidden:             {"Запрещено", "Forbidden"},
	http.StatusNotFound:              {"Не найдено", "Not found"},
	http.StatusMethodNotAllowed:      {"Метод не поддерживается", "Method not allowed"},
	http.StatusRequestTimeout:        {"Время вышло", "Request timeout"},
	http.StatusConflict:              {"Сейчас нельзя", "Conflict"},
	http.StatusRequestEntityTooLarge: {"Слишком много", "Too large"},
	http.StatusUnsupportedMediaType:  {"Формат не поддерживается", "Unsupported media type"},
	http.StatusUnprocessableEntity:   {"Ошибки в данных", "Invalid"},
	http.StatusTooManyRequests:       {"Слишком часто", "Too many requests"},
	http.StatusInternalServerError:   {"Внутренняя ошибка", "Internal error"},
	http.StatusServiceUnavailable:    {"Временно недоступно", "Temporarily unavailable"},
}

func title(language intake.Language, status int) string {
	p, ok := titles[status]
	switch {
	case !ok:
		return http.StatusText(status)
	case language == intake.English:
		return p.en
	}
	return p.ru
}
