package bench

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"time"

	"vestnik/api"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// town is what an installation of a benchmark is set up with. It travels to parts as JSON.
type town struct {
	Redis      string
	ClickHouse string
	Secret     []byte
}

// nowhere is a ClickHouse that is never asked for anything.
const nowhere = "http://127.0.0.1:1/vestnik"

// town starts a Redis for an installation.
func (b *bed) town() (t town, err error) {
	t = town{ClickHouse: nowhere, Secret: make([]byte, 32)}
	rand.Read(t.Secret)
	t.Redis, err = b.redis()
	return t, err
}

// withHistory gives the installation an embedded ClickHouse.
func (b *bed) withHistory(t town) town {
	t.ClickHouse = config.EmbeddedDir + filepath.Join(b.dir, "clickhouse")
	return t
}

// config is the set-up as it is shipped: what is measured is what a newcomer gets.
func (t town) config(roles ...string) config.Config {
	c := config.Default()
	c.Listen, c.Secret, c.Roles = "127.0.0.1:0", t.Secret, roles
	c.Redis.URL, c.ClickHouse.URL = t.Redis, t.ClickHouse
	return c
}

// utility is the provider of all benchmarks.
func utility() engine.Provider {
	return engine.Provider{
		ID: "bench", Name: "УК «Мерило»", INN: "7701234567", Timezone: "Europe/Moscow", CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
		Settings: map[string]string{
			"email.from": "schet@merilo.example", "email.reply_to": "office@merilo.example", "payment.name": "ООО «УК Мерило»",
			"payment.inn": "7701234567", "payment.kpp": "770101001", "payment.account": "40702810900000000001", "payment.bank": "ПАО Сбербанк",
			"payment.bic": "044525225", "payment.corr_account": "30101810400000000225",
		},
	}
}

// enrol writes the provider into an installation and gives a key of it. The connection stays open for looking on.
func (b *bed) enrol(t town) (stores engine.Stores, lag func() (int, error), key string, err error) {
	redis, stores, err := house.OpenRedis(b.ctx, t.config())
	if err != nil {
		return stores, nil, "", err
	}
	b.atEnd(redis.Close)
	if err := stores.Registry.PutProvider(b.ctx, utility()); err != nil {
		return stores, nil, "", err
	}
	kept, key := api.NewKey(t.Secret, utility().ID, engine.RoleProvider, engine.Live)
	if err := stores.Registry.PutKey(b.ctx, kept); err != nil {
		return stores, nil, "", err
	}
	journal := redis.JournalReader("bench")
	lag = func() (int, error) {
		n, err := journal.Lag(b.ctx)
		return int(n), err
	}
	return stores, lag, key, nil
}

// person is the i-th resident.
func person(i int) engine.Recipient {
	amount := engine.Money(150_000 + i%500_000)
	return engine.Recipient{
		Account: fmt.Sprintf("77%08d", i), Name: name(i), Email: fmt.Sprintf("resident%07d@mail.example", i), VKID: int64(100_000_000 + i),
		GISAccount: guid(1, i), House: guid(2, i/120), Premises: fmt.Sprint(i%120 + 1), Timezone: "Europe/Moscow",
		DocumentID: fmt.Sprintf("50ВВ%07d-10-2610", i), Period: "2026-10", Amount: &amount, DueDate: "2026-11-10",
	}
}

func name(i int) string {
	families := []string{"Константинопольская", "Рождественская", "Виноградова", "Первомайская"}
	names := []string{"Мария Александровна", "Екатерина Владимировна", "Анастасия Константиновна"}
	return families[i%len(families)] + " " + names[i%len(names)]
}

func guid(kind, i int) string { return fmt.Sprintf("%08x-5c1b-4d2a-9f3e-%012x", kind, i) }

// head is the header of a list of residents: twelve columns.
const head = "account,name,email,vk_id,gis_account_guid,house,premises,timezone,document_id,period,amount,due_date\n"

// appendRow appends the i-th resident as a row under head: some 250 bytes.
func appendRow(b []byte, i int) []byte {
	p := person(i)
	return fmt.Appendf(b, "%s,%s,%s,%d,%s,%s,%s,%s,%s,%s,%s,%s\n", p.Account, p.Name, p.Email, p.VKID, p.GISAccount, p.House, p.Premises,
		p.Timezone, p.DocumentID, p.Period, p.Amount, p.DueDate)
}
