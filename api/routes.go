package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// route is one row of the table of addresses.
type route struct {
	method, path string      // the path as openapi.yaml writes it
	role         engine.Role // the lowest role that may; public: nobody is asked for a key
	body         int64       // largest body in bytes; 0: bodies are not read
	handle       echo.HandlerFunc
	about        phrase // one line for /docs
}

// public is the role of addresses that need no key.
const public engine.Role = ""

// Largest bodies.
const (
	small  = 64 << 10
	medium = 1 << 20
	large  = 16 << 20
	huge   = 64 << 20
)

const (
	get  = http.MethodGet
	head = http.MethodHead
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete

	viewer   = engine.RoleViewer
	provider = engine.RoleProvider
)

// routes is every address but the console's.
func (s *Server) routes() []route {
	return []route{
		{post, "/v1/campaigns", provider, medium, s.orderCampaign, phrase{"Заказать рассылку", "Order a campaign"}},
		{get, "/v1/campaigns", viewer, 0, s.listCampaigns, phrase{"Рассылки, новые сверху", "Campaigns, newest first"}},
		{get, "/v1/campaigns/{id}", viewer, 0, s.showCampaign, phrase{"Состояние, баланс, воронка", "Status, ledger, funnel"}},
		{put, "/v1/campaigns/{id}/recipients", provider, s.config.MaxUpload, s.putRecipients, phrase{"Получатели: CSV или NDJSON", "Recipients: CSV or NDJSON"}},
		{get, "/v1/campaigns/{id}/recipients", viewer, 0, s.listRecipients, phrase{"Что с каждым получателем; CSV по Accept", "What came of each recipient; CSV by Accept"}},
		{get, "/v1/campaigns/{id}/funnel", viewer, 0, s.campaignFunnel, phrase{"Воронка рассылки", "Funnel of a campaign"}},
		{post, "/v1/campaigns/{id}/start", provider, small, s.startCampaign, phrase{"Запустить или назначить время", "Start or schedule"}},
		{post, "/v1/campaigns/{id}/pause", provider, small, s.pauseCampaign, phrase{"Приостановить", "Pause"}},
		{post, "/v1/campaigns/{id}/resume", provider, small, s.resumeCampaign, phrase{"Продолжить", "Resume"}},
		{post, "/v1/campaigns/{id}/cancel", provider, small, s.cancelCampaign, phrase{"Отменить", "Cancel"}},
		{post, "/v1/campaigns/{id}/retry", provider, small, s.retryCampaign, phrase{"Недоставленным ещё раз: новая рассылка", "The undelivered once more: a new campaign"}},
		{post, "/v1/campaigns/{id}/dry-run", provider, small, s.dryRun, phrase{"Пробный прогон: кто, куда и до какого времени", "A dry run: who, where and until when"}},
		{post, "/v1/messages", provider, medium, s.orderMessage, phrase{"Одно сообщение сейчас", "One message now"}},
		{get, "/v1/messages/{id}", viewer, 0, s.showMessage, phrase{"Что стало с сообщением", "What came of a message"}},
		{post, "/v1/payments", provider, large, s.takePayments, phrase{"Оплаты", "Payments"}},
		{get, "/v1/payments/gis", viewer, 0, s.showExchange, phrase{"Обмен платежами с ГИС ЖКХ", "Payments to and from ГИС ЖКХ"}},
		{post, "/v1/events", provider, large, s.takeEvents, phrase{"События извне", "Facts from outside"}},
		{get, "/v1/analytics/funnel", viewer, 0, s.providerFunnel, phrase{"Воронка за период", "Funnel of a period"}},
		{get, "/v1/accounts/{account}/timeline", viewer, 0, s.showTimeline, phrase{"История лицевого счёта", "Everything sent to an account"}},
		{get, "/v1/templates", viewer, 0, s.listTemplates, phrase{"Шаблоны", "Templates"}},
		{get, "/v1/templates/{name}", viewer, 0, s.showTemplate, phrase{"Шаблон и его переменные", "A template and its variables"}},
		{get, "/v1/templates/{name}/versions", viewer, 0, s.listVersions, phrase{"Версии шаблона", "Versions of a template"}},
		{post, "/v1/templates/{name}/preview", provider, medium, s.previewTemplate, phrase{"Предпросмотр", "Preview"}},
		{get, "/v1/routes", viewer, 0, s.listRoutes, phrase{"Маршруты с именами", "Named routes"}},
		{put, "/v1/routes", provider, medium, liveOnly(s.putRoute), phrase{"Записать маршрут; имя в теле", "Write a route; its name is in the body"}},
		{del, "/v1/routes", provider, small, liveOnly(s.dropRoute), phrase{"Удалить маршрут; имя в ?name=", "Delete a route; its name is ?name="}},
		{put, "/v1/routes/{name}", provider, medium, liveOnly(s.putRoute), phrase{"Записать маршрут", "Write a route"}},
		{del, "/v1/routes/{name}", provider, 0, liveOnly(s.dropRoute), phrase{"Удалить маршрут", "Delete a route"}},
		{get, "/v1/suppressions", viewer, 0, s.listSuppressions, phrase{"Кому не писать", "Who is not written to"}},
		{put, "/v1/suppressions", provider, medium, liveOnly(s.putSuppressions), phrase{"Не писать по адресам", "Stop addresses"}},
		{del, "/v1/suppressions", provider, medium, liveOnly(s.dropSuppressions), phrase{"Снова писать по адресам", "Let addresses be written to again"}},
		{get, "/v1/consents", viewer, 0, s.listConsents, phrase{"Согласия лицевого счёта на рекламу", "Consents of an account to advertising"}},
		{put, "/v1/consents", provider, medium, liveOnly(s.putConsents), phrase{"Записать согласия", "Record consents"}},
		{del, "/v1/consents", provider, medium, liveOnly(s.dropConsents), phrase{"Записать отзыв согласий", "Record withdrawals of consents"}},
		{get, "/v1/house-chats", viewer, 0, s.listChats, phrase{"Чаты домов и их состояние", "House chats and their states"}},
		{put, "/v1/house-chats", provider, medium, liveOnly(s.putChats), phrase{"Завести чаты домов, получить их коды", "Add house chats, get their link codes"}},
		{del, "/v1/house-chats", provider, medium, liveOnly(s.dropChats), phrase{"Забыть чаты домов", "Forget house chats"}},
		{post, "/hooks/mail/{provider}", public, huge, s.takeReturned, phrase{"Вернувшееся письмо или жалоба, как есть", "A letter that came back, or a complaint, as it is"}},
		{post, "/hooks/{channel}/{provider}", public, medium, s.takeHook, phrase{"События канала: Callback API VK и подобное", "Events of a channel: VK's Callback API and its like"}},
		{get, "/openapi.yaml", public, 0, s.showSpec, phrase{"Описание для программ", "Description for programs"}},
		{get, "/docs", public, 0, s.showDocs, phrase{"Эта страница", "This page"}},
		{get, "/healthz", public, 0, s.showHealth, phrase{"Жив ли процесс", "Liveness"}},
		{get, "/readyz", public, 0, s.showReadiness, phrase{"Готов ли, по зависимостям", "Readiness, by dependency"}},
		{get, "/metrics", public, 0, s.showMetrics, phrase{"Метрики Prometheus", "Prometheus metrics"}},
		{get, "/t/o/{token}", public, 0, s.trackOpen, phrase{"Прочтение", "Open pixel"}},
		{head, "/t/o/{token}", public, 0, s.trackOpen, phrase{"То же: считается за робота", "The same, told as opened_by_proxy"}},
		{get, "/t/c/{token}", public, 0, s.trackClick, phrase{"Переход по ссылке", "Click redirect"}},
		{head, "/t/c/{token}", public, 0, s.trackClick, phrase{"То же: считается за робота", "The same, told as opened_by_proxy"}},
		{get, "/d/{token}", public, 0, s.showDocument, phrase{"Счёт в PDF", "The bill as PDF"}},
		{head, "/d/{token}", public, 0, s.peekDocument, phrase{"То же, без счёта", "The same, not counted"}},
		{get, "/u/{token}", public, 0, s.askUnsubscribe, phrase{"Спросить об отписке", "Ask before unsubscribing"}},
		{head, "/u/{token}", public, 0, s.askUnsubscribe, phrase{"То же, без тела", "The same, without a body"}},
		{post, "/u/{token}", public, small, s.unsubscribe, phrase{"Отписаться (RFC 8058)", "Unsubscribe (RFC 8058)"}},
	}
}
