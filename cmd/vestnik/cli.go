package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"vestnik/cmd/vestnik/tongue"
)

// cli is the command line. Help stands in the tags, in both languages: "по-русски // in English".
type cli struct {
	Lang string `enum:"ru,en," default:"" placeholder:"ru|en" help:"Язык: ru или en (иначе по LANG). // Language: ru or en (otherwise by LANG)."`

	Demo      demoCommand      `cmd:"" help:"Показать всё в работе: вымышленный город, рассылки, жители. // Show it all at work: a made-up town, campaigns, residents."`
	Serve     serveCommand     `cmd:"" help:"Работать: принимать заказы, отправлять, считать. // Run: take orders, send, count."`
	Send      sendCommand      `cmd:"" help:"Заказать рассылку по файлу CSV или NDJSON. // Order a campaign from a CSV or NDJSON file."`
	Campaigns campaignsCommand `cmd:"" help:"Показать рассылки. // Show the campaigns."`
	Funnel    funnelCommand    `cmd:"" help:"Показать воронку рассылки. // Show the funnel of a campaign."`
	Provider  providerCommand  `cmd:"" help:"Поставщики: завести и настроить. // Providers: add and set up."`
	Key       keyCommand       `cmd:"" help:"Ключи API. // Keys of the API."`
	Config    configCommand    `cmd:"" help:"Напечатать образец настроек с пояснениями. // Print an annotated example config."`
	Check     checkCommand     `cmd:"" help:"Проверить настройки и соединения. // Check the set-up and the connections."`
	Migrate   migrateCommand   `cmd:"" help:"Создать или обновить схему ClickHouse. // Create or upgrade the ClickHouse schema."`
	Bench     benchCommand     `cmd:"" help:"Измерить эту машину. // Measure this machine."`
	Version   versionCommand   `cmd:"" help:"Напечатать версию. // Print the version."`
}

// errHelp ends parsing after help was printed.
var errHelp = errors.New("help was printed")

// parse reads the command line and runs its command.
func parse(ctx context.Context, args []string, t *terminal) (err error) {
	t.speak(args)
	parser, err := kong.New(&cli{}, kong.Name("vestnik"), kong.Writers(t.out, t.err), kong.Bind(t), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description(t.Cut("«Вестник» доносит до жителей счета и извещения ЖКХ. // Vestnik delivers the bills and notices of housing utilities.")),
		kong.Help(t.help), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}), kong.Exit(func(int) { panic(errHelp) }))
	if err != nil {
		return fmt.Errorf("build the command line: %w", err)
	}
	translate(t.Tongue, parser.Model.Node)
	parser.Model.HelpFlag.Help = t.Cut("Показать эту справку. // Show this help.")
	defer func() { // kong asks Exit after help; a panic is the only way out of its parser
		if got := recover(); got != nil {
			if got != any(errHelp) {
				panic(got)
			}
			err = nil
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return &usageError{errors.New(t.kong(err.Error()))}
	}
	return parsed.Run()
}

// translate leaves in every help text the part in the language.
func translate(t tongue.Tongue, n *kong.Node) {
	n.Help, n.Detail = t.Cut(n.Help), t.Cut(n.Detail)
	for _, f := range n.Flags {
		f.Help = t.Cut(f.Help)
	}
	for _, p := range n.Positional {
		p.Help = t.Cut(p.Help)
	}
	for _, child := range n.Children {
		translate(t, child)
	}
}

// help prints kong's help with kong's own words in the language.
func (t *terminal) help(o kong.HelpOptions, ctx *kong.Context) error {
	var page bytes.Buffer
	out := ctx.Stdout
	ctx.Stdout = &page
	err := kong.DefaultHelpPrinter(o, ctx)
	ctx.Stdout = out
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, t.kong(page.String()))
	return err
}

// kong puts kong's own words into the language.
func (t *terminal) kong(text string) string {
	if t.Tongue == tongue.English {
		return text
	}
	return strings.NewReplacer(
		"Usage:", "Использование:", "Commands:", "Команды:", "Flags:", "Флаги:", "Arguments:", "Аргументы:",
		"[flags]", "[флаги]", "<command>", "<команда>", `Run "`, `Наберите "`, `" for more information on a command.`, `", чтобы узнать о команде больше.`,
		"missing flags: ", "не хватает флагов: ", "missing positional arguments ", "не хватает аргументов: ",
		"unknown flag ", "неизвестный флаг ", "unexpected argument ", "лишний аргумент ", "unexpected flag argument ", "лишнее значение флага ",
		", did you mean one of ", "; может быть, ", ", did you mean ", "; может быть, ",
		"expected one of ", "нужно одно из: ", "expected ", "нужно: ", " must be one of ", " — нужно одно из ", " but got ", ", а не ",
		" can't be used together", " вместе не задают", " and --", " и --",
	).Replace(text)
}
