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
//	v:{c}:states:LANE       string: four bytes a recipient
//	v:{c}:mark:FACT:CHANNEL bitmap: one bit a recipient
//	v:{p}:campaigns         sorted set by name: age and campaign, for lists; v:{p}:payable likewise
//	v:{p}:cash:E:…          payments of epoch E: see cashbook.go
//	v:{p}:stops:CHANNEL     hash: digest of an address → reason and time in ms; never expires
//	v:{p}:answer:DIGEST     answer to an idempotency key
//	v:{registry}:providers  hash of a token and JSON; v:{registry}:keys likewise, without the token
//	v:{active}              sorted set: campaigns that may be active, by when they last became so
//	v:{lead:NAME}           leader lock
//	v:journal:{S}           stream: shard S of the journal
//	asynq:{…}               the queues
//
// No key and no log line has personal data in it: accounts, documents, addresses, references and idempotency keys appear as digests keyed with
// Options.Secret. What is known about people lies in the chunks only. Everything but providers, keys and stops expires.
//
// A connection that fails is an error that wraps engine.ErrDown; a caller whose context has ended gets the context's error.
package redisq
