package analytics

import (
	"strings"
	"time"
)

// byCampaign breaks down by campaign: what lists of campaigns need.
const byCampaign By = "campaign"

// The statements of reports are put together from named steps (CTEs). All of them begin with chosen and never look at a campaign, or at a
// provider, outside of it.
//
// A set of recipients is a bitmap of one campaign's ordinals, so sets are united and cut within a campaign, and only their sizes are
// added up over campaigns. Where a step joins sets to many rows it joins one row a campaign and spreads it with ARRAY JOIN afterwards:
// a join copies a bitmap for every row, ARRAY JOIN copies a pointer.
const (
	// Which campaigns, and the line of the report each belongs to.
	stepChosen = `chosen AS (
	SELECT campaign, toString({key}) AS key
	FROM (
		SELECT campaign, any(kind) AS kind, any(template) AS template, any(version) AS version, min(ordered) AS first
		FROM campaigns
		WHERE provider = {provider:String} AND ({mode:String} = '' OR mode = {mode:String})
			AND (empty({campaigns:Array(String)}) OR campaign IN {campaigns:Array(String)})
		GROUP BY campaign
		HAVING first >= {from:DateTime64(3, 'UTC')} AND first < {to:DateTime64(3, 'UTC')}
	)
)`

	// How far the recipients of a campaign came over each channel. Channel '' holds what belongs to none: ordered and paid.
	stepReach = `reach AS (
	SELECT campaign, channel,
		groupBitmapMergeStateIf(ordinals, channel != '' AND fact != 'paid' OR fact = 'ordered') AS ordered,
		groupBitmapMergeStateIf(ordinals, fact IN ('sent', 'received', 'opened', 'clicked')) AS sent,
		groupBitmapMergeStateIf(ordinals, fact IN ('received', 'opened', 'clicked')) AS received,
		groupBitmapMergeStateIf(ordinals, fact IN ('opened', 'clicked')) AS opened,
		groupBitmapMergeStateIf(ordinals, fact = 'clicked') AS clicked,
		groupBitmapMergeStateIf(ordinals, fact = 'paid') AS paid,
		groupBitmapMergeStateIf(ordinals, fact = 'failed') AS failed,
		groupBitmapMergeStateIf(ordinals, fact = 'bounced') AS bounced,
		groupBitmapMergeStateIf(ordinals, fact = 'complained') AS complained,
		groupBitmapMergeStateIf(ordinals, fact = 'unsubscribed') AS unsubscribed,
		groupBitmapMergeStateIf(ordinals, fact = 'opened_by_proxy') AS proxied
	FROM rollup
	WHERE provider = {provider:String} AND ({mode:String} = '' OR mode = {mode:String}) AND campaign IN (SELECT campaign FROM chosen)
	GROUP BY campaign, channel
)`

	// The same for the campaign as a whole, and its channels beside it.
	stepWhole = `whole AS (
	SELECT campaign,
		groupBitmapMergeStateIf(r.ordered, channel = '') AS ordered, groupBitmapMergeState(r.sent) AS sent,
		groupBitmapMergeState(r.received) AS received, groupBitmapMergeState(r.opened) AS opened,
		groupBitmapMergeState(r.clicked) AS clicked, groupBitmapMergeState(r.paid) AS paid,
		groupArrayIf((channel, [r.ordered, r.sent, r.received, r.opened, r.clicked, r.failed, r.bounced, r.complained, r.unsubscribed, r.proxied]), channel != '') AS channels
	FROM reach AS r
	GROUP BY campaign
)`

	// The binary digits of a campaign's amounts.
	stepDigits = `digits AS (
	SELECT campaign, groupArray((weight, digit)) AS digits
	FROM (
		SELECT campaign, weight, groupBitmapMergeState(ordinals) AS digit
		FROM amounts
		WHERE provider = {provider:String} AND campaign IN (SELECT campaign FROM chosen)
		GROUP BY campaign, weight
	)
	GROUP BY campaign
)`

	// Lines of sets: the campaign as a whole (channel ''), and each channel. Paid over a channel are those it was sent to.
	stepLines = `lines AS (
	SELECT campaign, line.1 AS channel, line.2 AS sets
	FROM (
		SELECT campaign, arrayJoin(arrayConcat([('', [ordered, sent, received, opened, clicked, paid])],
			arrayMap(c -> (c.1, [c.2[1], c.2[2], c.2[3], c.2[4], c.2[5], bitmapAnd(c.2[2], paid), c.2[6], c.2[7], c.2[8], c.2[9], c.2[10]]), channels))) AS line
		FROM whole
	)
)`

	// Lines of sets by the day of the send: how far those came who were sent something that day, over the channel of that send.
	stepDays = `lines AS (
	SELECT s.campaign AS campaign, s.day AS day, '' AS channel,
		[groupBitmapMergeState(s.tried), groupBitmapMergeState(s.sent), groupBitmapMergeState(bitmapAnd(s.sent, r.received)),
		groupBitmapMergeState(bitmapAnd(s.sent, r.opened)), groupBitmapMergeState(bitmapAnd(s.sent, r.clicked)),
		groupBitmapMergeState(bitmapAnd(s.sent, w.paid))] AS sets
	FROM (
		SELECT campaign, channel, toString(toDate(hour, {zone:String})) AS day,
			groupBitmapMergeStateIf(ordinals, fact = 'sent') AS sent, groupBitmapMergeState(ordinals) AS tried
		FROM rollup
		WHERE provider = {provider:String} AND ({mode:String} = '' OR mode = {mode:String}) AND campaign IN (SELECT campaign FROM chosen)
			AND fact IN ('sent', 'failed')
		GROUP BY campaign, channel, day
	) AS s
	INNER JOIN reach AS r ON r.campaign = s.campaign AND r.channel = s.channel
	INNER JOIN (SELECT campaign, paid FROM whole) AS w ON w.campaign = s.campaign
	GROUP BY campaign, day
)`

	// Sizes of lines of sets, and the amounts of the stages before paid.
	selectLines = `SELECT {line} AS line, channel, sumForEach(arrayMap(s -> bitmapCardinality(s), sets)) AS counts,
	sumForEach(arrayMap(s -> arraySum(d -> d.1 * toInt64(bitmapAndCardinality(s, d.2)), digits), arraySlice(sets, 1, 5))) AS amounts
FROM lines
INNER JOIN chosen USING (campaign)
LEFT JOIN digits USING (campaign)
GROUP BY line, channel`
)

const (
	// Payments of the chosen campaigns. shared is zero for a payment that counts in one place, and names one that counts in several (or came twice):
	// those few are counted once a line, the many others are just added up.
	stepCredits = `credits AS (
	SELECT campaign, ordinal, amount, if(payment IN (
			SELECT payment FROM payments
			WHERE provider = {provider:String} AND ({mode:String} = '' OR mode = {mode:String}) AND campaign IN (SELECT campaign FROM chosen)
			GROUP BY payment
			HAVING count() > 1
		), payment, 0) AS shared
	FROM payments FINAL
	WHERE provider = {provider:String} AND ({mode:String} = '' OR mode = {mode:String}) AND campaign IN (SELECT campaign FROM chosen)
)`

	// What came in by line of the report; one of the three below says which credits belong to which line.
	selectPaid = `SELECT line, toInt64(sum(if(shared = 0, total, once))) AS paid
FROM (
	SELECT line, shared, sum(amount) AS total, max(amount) AS once
	FROM ({credited})
	GROUP BY line, shared
)
GROUP BY line`

	// To the line of the campaign.
	creditedByCampaign = `SELECT chosen.key AS line, credits.shared AS shared, credits.amount AS amount
		FROM credits INNER JOIN chosen ON chosen.campaign = credits.campaign`

	// To the lines of sets whose sent include who paid.
	creditedBySent = `SELECT line, credit.2 AS shared, credit.3 AS amount
		FROM (
			SELECT l.line AS line, arrayFilter(c -> bitmapContains(l.sent, c.1), p.list) AS list
			FROM (SELECT campaign, {line} AS line, sets[2] AS sent FROM lines) AS l
			INNER JOIN (SELECT campaign, groupArray((ordinal, shared, amount)) AS list FROM credits GROUP BY campaign) AS p ON p.campaign = l.campaign
			WHERE line != ''
		)
		ARRAY JOIN list AS credit`

	// To the house of who paid.
	creditedByHouse = `SELECT r.house AS line, c.shared AS shared, c.amount AS amount
		FROM (SELECT campaign, ordinal, house ` + fromPeople + `) AS r
		INNER JOIN credits AS c ON c.campaign = r.campaign AND c.ordinal = r.ordinal`

	// Recipients of the chosen campaigns with their houses.
	fromPeople = `FROM recipients FINAL WHERE provider = {provider:String} AND campaign IN (SELECT campaign FROM chosen)`

	selectHouses = `SELECT person.2 AS line, '' AS channel,
	[count(), countIf(bitmapContains(sent, person.1) AS s), countIf(bitmapContains(received, person.1) AS r), countIf(bitmapContains(opened, person.1) AS o),
		countIf(bitmapContains(clicked, person.1) AS c), countIf(bitmapContains(paid, person.1))] AS counts,
	[sum(person.3), sumIf(person.3, s), sumIf(person.3, r), sumIf(person.3, o), sumIf(person.3, c)] AS amounts
FROM (
	SELECT people, sent, received, opened, clicked, paid
	FROM whole
	INNER JOIN (SELECT campaign, groupArray((ordinal, house, amount)) AS people ` + fromPeople + ` GROUP BY campaign) AS p USING (campaign)
)
ARRAY JOIN people AS person
GROUP BY line`
)

// statements are the two halves of a report: recipients with what they were asked for, and what came in.
type statements struct{ reached, paid string }

// sums counts by what a campaign as a whole belongs to.
func sums(by By) statements {
	key := "''"
	switch by {
	case ByKind:
		key = "kind"
	case ByTemplate:
		key = "if(version = 0, template, concat(template, '@', toString(version)))"
	case byCampaign:
		key = "campaign"
	}
	return statements{
		reached: statement(key, "key", selectLines, stepReach, stepWhole, stepDigits, stepLines),
		paid:    paidStatement(key, "", creditedByCampaign),
	}
}

// breakdown counts by any other dimension but channels.
func breakdown(by By, zone *time.Location) statements {
	switch by {
	case ByDay:
		if zone == nil {
			zone = time.UTC
		}
		name := "'" + strings.NewReplacer(`\`, "", "'", "").Replace(zone.String()) + "'"
		days := strings.ReplaceAll(stepDays, "{zone:String}", name)
		return statements{
			reached: statement("''", "day", selectLines, stepReach, stepWhole, stepDigits, days),
			paid:    paidStatement("''", "day", creditedBySent, stepReach, stepWhole, days),
		}
	case ByHouse:
		return statements{
			reached: statement("''", "", selectHouses, stepReach, stepWhole),
			paid:    paidStatement("''", "", creditedByHouse),
		}
	}
	return sums(by)
}

// paidByChannel is what came in from those a channel was sent to.
func paidByChannel() string {
	return paidStatement("''", "channel", creditedBySent, stepReach, stepWhole, stepLines)
}

// paidStatement adds up what came in.
func paidStatement(key, line, credited string, steps ...string) string {
	return statement(key, line, strings.ReplaceAll(selectPaid, "{credited}", credited), append(steps, stepCredits)...)
}

// statement puts steps and the final select together. key is what a campaign belongs to, line what a line of sets belongs to.
func statement(key, line, final string, steps ...string) string {
	text := "WITH " + strings.Join(append([]string{stepChosen}, steps...), ",\n") + "\n" + final
	return strings.NewReplacer("{key}", key, "{line}", line).Replace(text)
}
