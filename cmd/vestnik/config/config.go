// Package config reads how an installation is set up: one YAML file, each key also as an environment variable, secrets also from files
// of their own.
//
// The struct Config is the only place where keys are written down: the reader, the names of the variables and the annotated example all
// come from its tags. Whatever is wrong is told at once, with line and column; an unknown key is an error. It opens no connection and
// never prints a secret.
package config

import (
	"log/slog"
	"time"

	"vestnik/cmd/vestnik/tongue"
)

// Config is the whole set-up. Tags of a field: key (its name in the file; the variable is VESTNIK_ and the path in capitals), default,
// example, ru and en (what it is for), must (it has no default and is required), secret (it may come as KEY_file too).
type Config struct {
	Listen    string `key:"listen" default:":8080" example:"127.0.0.1:8080" ru:"Адрес и порт, где принимаются запросы." en:"Address and port where requests are taken."`
	PublicURL string `key:"public_url" example:"https://vestnik.example.ru" ru:"Адрес, по которому нас видят снаружи: с него начинаются ссылки в письмах. По умолчанию получается из listen." en:"The address we are seen at from outside: links in messages begin with it. By default it follows from listen."`
	Secret    Secret `key:"secret" must:"yes" secret:"yes" ru:"Не меньше 32 случайных байт в base64 (openssl rand -base64 32): подписывает ссылки, хранит отпечатки ключей и шифрует секреты поставщиков. Сменить — значит отозвать все ключи и ссылки." en:"At least 32 random bytes in base64 (openssl rand -base64 32): signs links, hashes keys and encrypts the secrets of providers. Changing it revokes every key and link."`
	DataKey   Secret `key:"data_key" secret:"yes" ru:"32 случайных байта в base64: ими шифруются данные получателей в Redis. По умолчанию данные только сжаты." en:"32 random bytes in base64 that recipients are encrypted with in Redis. By default they are only compressed."`
	Roles     List   `key:"roles" default:"api,worker,loader" ru:"Что делает этот процесс: api принимает запросы, worker отправляет, loader переносит историю в ClickHouse." en:"What this process does: api takes requests, worker sends, loader moves the history into ClickHouse."`

	TrustedProxies List          `key:"trusted_proxies" example:"10.0.0.0/8, 127.0.0.1" ru:"Адреса и сети прокси, чьему X-Forwarded-For можно верить. По умолчанию никому." en:"Addresses and networks of proxies whose X-Forwarded-For is believed. By default nobody's."`
	KeyRate        int           `key:"requests_per_second" default:"200" ru:"Сколько запросов в секунду принимать по одному ключу; вдвое больше — разом." en:"How many requests a second are taken for one key; twice as many at once."`
	ShutdownAfter  time.Duration `key:"shutdown_timeout" default:"20s" ru:"Сколько времени после SIGTERM дорабатывается начатое." en:"How long after SIGTERM what was begun may take."`

	KeepLive bool `key:"keep_live" default:"false" ru:"Показывать в консоли, в разделе «Сообщения», и настоящие сообщения, а не только тестовые: для показа и проверки, не для постоянной работы." en:"Show real messages in the console, under Messages, and not only those of tests: for demonstrations and trials, not for good."`

	Redis      Redis      `key:"redis" ru:"Очереди и всё живое. Нужен Redis 7 или новее с AOF (appendfsync always)." en:"Queues and everything live. Redis 7 or newer with AOF (appendfsync always)."`
	ClickHouse ClickHouse `key:"clickhouse" ru:"История: кто получил, открыл, оплатил." en:"The history: who received, opened, paid."`
	Email      Email      `key:"email" ru:"Канал электронной почты." en:"The e-mail channel."`
	VK         VK         `key:"vk" ru:"Канал VK: у каждого поставщика своё сообщество, его задают настройки vk.* поставщика." en:"The VK channel: every provider has a community of its own, which the provider's settings vk.* name."`
	Gosuslugi  Gosuslugi  `key:"gosuslugi" ru:"Госуслуги через ГИС ЖКХ: у каждого поставщика свой доступ, его задают настройки gis.* поставщика." en:"Gosuslugi through ГИС ЖКХ: every provider has an access of its own, which the provider's settings gis.* name."`
	HouseChats HouseChats `key:"house_chats" ru:"Чаты домов в VK и MAX: у каждого поставщика свой бот, его задают настройки vk.* и max.* поставщика." en:"The chats of houses in VK and MAX: every provider has a bot of its own, which the provider's settings vk.* and max.* say."`
	Worker     Worker     `key:"worker" ru:"Отправка." en:"Sending."`
	Retry      Retry      `key:"retry" ru:"Повторы после временных отказов." en:"Trying again after temporary failures."`
	Log        Log        `key:"log" ru:"Журнал работы: строки JSON в stderr, на терминале — текст." en:"The log: JSON lines on stderr, text on a terminal."`
}

// Redis says where the live state is.
type Redis struct {
	URL           string        `key:"url" must:"yes" secret:"yes" example:"redis://127.0.0.1:6379/0" ru:"redis://…, rediss:// (TLS), redis+sentinel://узел,узел/мастер, redis+cluster://узел,узел или embedded (только память, всё пропадает при остановке)." en:"redis://…, rediss:// (TLS), redis+sentinel://host,host/master, redis+cluster://host,host or embedded (memory only, everything is gone when it stops)."`
	AllowVolatile bool          `key:"allow_volatile" default:"false" ru:"Согласиться на Redis без AOF или с вытеснением ключей: после сбоя получатели могут потеряться." en:"Put up with a Redis without AOF or one that evicts keys: recipients may be lost in a crash."`
	Keep          time.Duration `key:"keep" default:"2880h" ru:"Сколько хранятся данные получателей после последнего обращения к ним; дольше самого длинного ожидания в маршруте (90 дней)." en:"How long recipients are kept after their last use; longer than the longest wait of a route (90 days)."`
}

// ClickHouse says where the history is.
type ClickHouse struct {
	URL     string `key:"url" must:"yes" secret:"yes" example:"http://127.0.0.1:8123/vestnik" ru:"http://…, https://…, clickhouse://… с именем базы или embedded:КАТАЛОГ (встроенный движок, одна машина)." en:"http://…, https://…, clickhouse://… with the database's name or embedded:DIR (the engine in the box, one machine)."`
	Library string `key:"library" example:"/usr/lib/vestnik/libchdb.so" ru:"Где лежит libchdb для embedded. По умолчанию рядом с программой." en:"Where libchdb for embedded lies. By default beside the program."`
}

// Email says which relays e-mail leaves through.
type Email struct {
	Relays      List `key:"relays" secret:"yes" example:"smtp://127.0.0.1:2525, smtps://user:password@relay.example.ru:465?weight=3" ru:"Почтовые серверы через запятую; weight — во сколько раз больше писем достаётся серверу, чем серверу с весом 1. По умолчанию канал выключен." en:"SMTP servers, separated by commas; weight is how many times more mail a server gets than one of weight 1. By default the channel is off."`
	Connections int  `key:"connections" default:"8" ru:"Сколько соединений держать с сервером наибольшего веса; с остальными — по их доле." en:"How many connections to keep to the server of the largest weight; to the others in proportion."`
	// No provider of mailboxes publishes numbers. These are what senders in bulk commonly keep to: five connections to Google, a hundred messages a
	// second to anybody (the shaping rules KumoMTA ships), and less for Mail.ru and Yandex, whose limits are known to be tighter.
	Domains List `key:"domains" default:"mail.ru+internet.ru+bk.ru+inbox.ru+list.ru=4/50, yandex.ru+ya.ru+yandex.com+narod.ru=4/50, gmail.com+googlemail.com=5/100" ru:"Сколько писем одновременно и сколько в секунду (за десять секунд в среднем; 0 — без предела) этот процесс отдаёт почтовым службам: домены через +, предел у них общий; * — каждый из остальных доменов. Кто отвечает временным отказом, получает письма реже, пока не оправится; других это не касается." en:"How many messages at once and how many a second (on the average of ten seconds; 0: no bound) this process gives to mailbox providers: domains joined by + share a bound; * is each of the other domains. Who answers with temporary refusals is written to more slowly until it is well again; nobody else is."`

	Bounces Bounces `key:"bounces" ru:"Письма, которые вернулись, и жалобы на них." en:"Letters that came back, and complaints about them."`
}

// Bounces says where returned letters are taken.
type Bounces struct {
	Domain   string `key:"domain" example:"bounces.vestnik.example.ru" ru:"Домен обратных адресов: его MX ведёт к нам. У поставщика может быть свой (email.bounces). По умолчанию письма возвращаются на адрес отправителя и нам не видны." en:"Domain of the return addresses; its MX leads to us. A provider may have its own (email.bounces). By default letters come back to the sender's address, unseen by us."`
	Listen   string `key:"listen" example:":25" ru:"Адрес и порт, где письма этих доменов принимаются по SMTP (роль api). По умолчанию нигде." en:"Address and port where mail of these domains is taken by SMTP (role api). By default nowhere."`
	TLSCert  string `key:"tls_cert" example:"/etc/vestnik/bounces.crt" ru:"Сертификат для STARTTLS; вместе с tls_key. По умолчанию без шифрования." en:"The certificate for STARTTLS, together with tls_key. By default without encryption."`
	TLSKey   string `key:"tls_key" example:"/etc/vestnik/bounces.key" ru:"Ключ этого сертификата." en:"The key of this certificate."`
	Operator string `key:"operator" example:"admin@vestnik.example.ru" ru:"Кому отдавать письма людей на postmaster@ и abuse@ этих доменов: принимать их велит RFC 5321. По умолчанию они только считаются." en:"Who gets what people write to postmaster@ and abuse@ of these domains, which RFC 5321 wants taken. By default they are only counted."`
	Maildir  string `key:"maildir" example:"/var/mail/bounces" ru:"Папка Maildir, куда их складывает другой почтовый сервер (роль api): прочитанное переносится из new в cur." en:"A Maildir where another mail server puts them (role api): what was read is moved from new to cur."`
}

// VK says how the VK channel works.
type VK struct {
	Requests int `key:"requests_per_second" default:"20" ru:"Сколько запросов в секунду делается от имени одного сообщества, всеми процессами и вместе с домовыми чатами: VK принимает 20, по 25 сообщений в каждом." en:"How many requests a second are made for one community, by all processes and together with house chats: VK takes 20, with 25 messages each."`
}

// Gosuslugi says how ГИС ЖКХ is asked.
type Gosuslugi struct {
	Polls       Pauses `key:"polls" default:"10s, 1m, 5m, 15m, 30m" ru:"Через сколько спрашивать ГИС ЖКХ о результате: после отправки, затем после каждого ответа «ещё не готово»; последняя пауза повторяется. По умолчанию как велит ГИС ЖКХ." en:"After how long ГИС ЖКХ is asked for a result: after sending, and then after each \"not yet\"; the last pause is repeated. By default as ГИС ЖКХ wants it."`
	OpenSSL     string `key:"openssl" default:"openssl" ru:"Программа openssl с движком gost (libengine-gost-openssl): подписывает запросы поставщиков с gis.signing=openssl и считает контрольные суммы файлов." en:"The program openssl with the engine gost (libengine-gost-openssl): signs the requests of providers with gis.signing=openssl and makes the digests of files."`
	SignCommand string `key:"sign_command" example:"/usr/local/bin/gost-sign" ru:"Команда, которая подписывает запросы поставщиков с gis.signing=command: через КриптоПро, токен или HSM; слова разделены пробелами. Что она получает и отвечает, сказано в channels/gosuslugi/README.md. По умолчанию никакой." en:"The command that signs the requests of providers with gis.signing=command: by CryptoPro, a token or an HSM; words are divided by blanks. What it is given and answers is told in channels/gosuslugi/README.md. By default none."`
}

// HouseChats says how house chats are posted in.
type HouseChats struct {
	CAFile    string        `key:"ca_file" example:"/etc/vestnik/russian-trusted-ca.pem" ru:"Файл PEM с корневыми сертификатами вдобавок к системным: сертификат MAX выдан НУЦ Минцифры." en:"A PEM file of root certificates beside the system's: that of MAX is issued by the Russian national CA."`
	VKPause   time.Duration `key:"vk_pause" default:"100ms" ru:"Пауза между запросами одного процесса от имени одного сообщества VK." en:"The pause between two requests of one process on behalf of one VK community."`
	MAXPause  time.Duration `key:"max_pause" default:"40ms" ru:"Пауза между запросами одного процесса от имени одного бота MAX: принимается 30 в секунду." en:"The pause between two requests of one process on behalf of one bot of MAX, which takes 30 a second."`
	ChatPause time.Duration `key:"chat_pause" default:"600ms" ru:"Пауза между сообщениями в один чат MAX: принимается 2 в секунду." en:"The pause between two messages to one chat of MAX, which takes 2 a second."`
}

// Worker says how much is sent at the same time.
type Worker struct {
	Concurrency Counts        `key:"concurrency" default:"email=8" example:"email=8, gosuslugi=2" ru:"Сколько пачек каждого канала обрабатывать одновременно; о ком не сказано — 4." en:"How many batches of each channel are handled at the same time; 4 where nothing is said."`
	Rate        Counts        `key:"rate" example:"email=200" ru:"Сколько сообщений в секунду отдавать каждому каналу всеми процессами вместе; о ком не сказано — сколько получится." en:"How many messages a second each channel is given by all processes together; as many as possible where nothing is said."`
	AtOnce      Counts        `key:"at_once" example:"gosuslugi=4" ru:"Сколько пачек одновременно может быть у каждого канала во всех процессах вместе." en:"How many batches each channel may have at the same time in all processes together."`
	Window      int           `key:"window" default:"64" ru:"Сколько пачек одной рассылки стоит в очереди сразу: чем меньше, тем скорее пройдут другие; не меньше, чем обработчиков у канала." en:"How many batches of one campaign are in the queue at once: the fewer, the sooner others get through; no fewer than a channel has workers."`
	Lease       time.Duration `key:"lease" default:"30s" ru:"Через сколько пачку умершего процесса возьмёт другой." en:"After how long another process takes the batch of one that died."`
}

// Retry says how often and how soon a failed send is tried again.
type Retry struct {
	Tries int           `key:"tries" default:"8" ru:"Сколько попыток всего на одном шаге." en:"How many attempts at one step in all."`
	First time.Duration `key:"first" default:"30s" ru:"Пауза после первой неудачи; дальше удваивается." en:"The pause after the first failure, doubled after each further one."`
	Most  time.Duration `key:"most" default:"1h" ru:"Самая длинная пауза." en:"The longest pause."`
	Limit time.Duration `key:"limit" default:"72h" ru:"Сколько времени шаг вообще пытаются выполнить." en:"How long a step is tried at all."`
}

// Log says what is logged.
type Log struct {
	Level slog.Level `key:"level" default:"info" ru:"debug, info, warn или error." en:"debug, info, warn or error."`
}

// The words of Redis.URL and ClickHouse.URL that mean the stores in the box.
const (
	Embedded    = "embedded"
	EmbeddedDir = "embedded:" // and a directory
)

// Load reads the file (none when its name is empty), then the environment, which wins. What is wrong is told all at once by an
// Invalid, in the language; a file that cannot be read is an error of its own.
func Load(file string, environ []string, t tongue.Tongue) (Config, error) {
	r := newReader(environ, t)
	if file != "" {
		if err := r.file(file); err != nil {
			return Config{}, err
		}
	}
	r.environment()
	r.defaults()
	if len(r.problems) == 0 {
		r.check()
	}
	if len(r.problems) > 0 {
		return Config{}, Invalid(r.problems)
	}
	r.config.settle()
	return r.config, nil
}

// Default is a Config with every default and nothing else; what is required is still missing.
func Default() Config {
	r := newReader(nil, tongue.Russian)
	r.defaults()
	return r.config
}
