// Package redisq keeps everything the engine keeps, in Redis 7 or newer: one node, Sentinel or Cluster. It is the only room of go-redis and
// asynq; nobody else sees a key, a script or a task.
//
// # Layout
//
// All keys of a campaign share the hash tag {campaign}, those of a provider {provider}, so that every step that must happen whole is one
// Lua script or one MULTI on one slot; no command crosses slots. Each script lies in its own .lua file that begins with its contract.
//
//	v:{c}:campaign          a token and the campaign as JSON
//	v:{c}:size              hash: chunks, recipients, token of the last chunk, which directory
//	v:{c}:chunk:N           the recipients of a chunk: see audience.go
//	v:{c}:names:N           the names of a chunk, as digests: see names.go
//	v:{c}:dir:N:P           piece P of the directory over N chunks: see directory.go
//	v:{c}:counts            hash: ordered, lanes, fed, and a counter for each outcome
//	v:{c}:batches           hash: batch ID → batch as JSON
//	v:{c}:due               sorted set: batch ID by due time in ms, of every batch
//	v:{c}:awake             sorted set: batch ID by the end of being awake in ms, of those roused or taken
//	v:{c}:leases            hash: batch ID → holder, of those taken
//	v:{c}:claims            hash: digest of a place and a shared address → ordinal, "!" when taken; goes a week after the end
//	v:{c}:states:LANE       string: four bytes a recipient
//	v:{c}:mark:FACT:CHANNEL bitmap: one bit a recipient
//	v:{p}:campaigns         sorted set by name: age and campaign, for lists; v:{p}:payable likewise
//	v:{p}:cash:E:…          payments of epoch E: see cashbook.go
//	v:{p}:stops:CHANNEL     hash: digest of an address → reason and time in ms; never expires
//	v:{p}:answer:DIGEST     answer to an idempotency key
//	v:{p}:consents          hash: digest of an account and channel → what holds since when; never expires
//	v:{p}:consents:log      hash: digest of an account → its entries, sealed: see consents.go; never expires
//	v:{p}:sent:KIND:B       hash: bucket B of accounts → which campaigns of the kind on which days: see frequency.go
//	v:{p}:tally:CHANNEL:DAY hash: fact and hour → how many
//	v:{p}:chats             hash: chat → a token and JSON; never expires
//	v:{p}:chats:index       sorted set: house, code, place or state and chat, for looking up; never expires
//	v:{p}:thread:DIGEST     hash of one field: a token and what was posted in a place, as JSON
//	v:{registry}:providers  hash of a token and JSON; v:{registry}:keys likewise, without the token
//	v:{breakers}            hash: provider/channel → a token and JSON
//	v:{pace:DIGEST}:END     how much of a limit is spent in the window that ends at END, in ms
//	v:{pace:DIGEST}:places  sorted set: holder by the end of its stay in ms
//	v:{active}              sorted set: campaigns that may be active, by when they last became so
//	v:{lead:NAME}           leader lock
//	v:journal:{S}           stream: shard S of the journal
//	asynq:{…}               the queues
//
// No key and no log line has personal data in it: accounts, documents, addresses, references, names of limits and idempotency keys appear as
// digests keyed with Options.Secret. What is known about people lies in the chunks only, and in the proofs of consents. Everything but providers,
// keys, stops, consents, chats and the list of active campaigns expires. What tells who travels (batches, due, awake, leases) is gone when nobody does.
//
// A connection that fails is an error that wraps engine.ErrDown; a caller whose context has ended gets the context's error.
package redisq
