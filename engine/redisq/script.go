package redisq

import (
	"context"
	_ "embed"

	"github.com/redis/go-redis/v9"
)

// The scripts. Each file begins with its contract: KEYS, ARGV, what it returns.
var (
	//go:embed append.lua
	appendText string
	//go:embed direct.lua
	directText string
	//go:embed open.lua
	openText string
	//go:embed feed.lua
	feedText string
	//go:embed take.lua
	takeText string
	//go:embed hold.lua
	holdText string
	//go:embed rouse.lua
	rouseText string
	//go:embed recall.lua
	recallText string
	//go:embed settle.lua
	settleText string
	//go:embed batches.lua
	batchesText string
	//go:embed mark.lua
	markText string
	//go:embed credit.lua
	creditText string
	//go:embed close.lua
	closeText string
	//go:embed annul.lua
	annulText string
	//go:embed declare.lua
	declareText string
	//go:embed declared.lua
	declaredText string
	//go:embed swap.lua
	swapText string
	//go:embed exchange.lua
	exchangeText string
	//go:embed forget.lua
	forgetText string
	//go:embed ask.lua
	askText string
	//go:embed lead.lua
	leadText string
	//go:embed consent.lua
	consentText string
	//go:embed frequency.lua
	frequencyText string
	//go:embed wrote.lua
	wroteText string
	//go:embed claim.lua
	claimText string
	//go:embed taken.lua
	takenText string
	//go:embed spend.lua
	spendText string
	//go:embed turn.lua
	turnText string
	//go:embed enter.lua
	enterText string
	//go:embed chat.lua
	chatText string
	//go:embed keep.lua
	keepText string

	appendScript    = redis.NewScript(appendText)
	directScript    = redis.NewScript(directText)
	openScript      = redis.NewScript(openText)
	feedScript      = redis.NewScript(feedText)
	takeScript      = redis.NewScript(takeText)
	holdScript      = redis.NewScript(holdText)
	rouseScript     = redis.NewScript(rouseText)
	recallScript    = redis.NewScript(recallText)
	settleScript    = redis.NewScript(settleText)
	batchesScript   = redis.NewScript(batchesText)
	markScript      = redis.NewScript(markText)
	creditScript    = redis.NewScript(creditText)
	closeScript     = redis.NewScript(closeText)
	annulScript     = redis.NewScript(annulText)
	declareScript   = redis.NewScript(declareText)
	declaredScript  = redis.NewScript(declaredText)
	swapScript      = redis.NewScript(swapText)
	exchangeScript  = redis.NewScript(exchangeText)
	forgetScript    = redis.NewScript(forgetText)
	askScript       = redis.NewScript(askText)
	leadScript      = redis.NewScript(leadText)
	consentScript   = redis.NewScript(consentText)
	frequencyScript = redis.NewScript(frequencyText)
	wroteScript     = redis.NewScript(wroteText)
	claimScript     = redis.NewScript(claimText)
	takenScript     = redis.NewScript(takenText)
	spendScript     = redis.NewScript(spendText)
	turnScript      = redis.NewScript(turnText)
	enterScript     = redis.NewScript(enterText)
	chatScript      = redis.NewScript(chatText)
	keepScript      = redis.NewScript(keepText)
)

// run calls a script; Redis need not know it yet, as after a restart.
func (r *Redis) run(ctx context.Context, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	return script.Run(ctx, r.client, keys, args...)
}
