package housechat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// visit is one message in one chat.
type visit struct {
	channel *Channel
	bot     network
	from    engine.Sender
	msg     *engine.Message
	place   engine.ChatPlace
	claim   claim
	service string
}

// How long things take.
const (
	leaseSpare = time.Minute      // a claim outlives the longest answer by
	busyPause  = 5 * time.Second  // the least somebody waits for another one's post
	insist     = 10 * time.Second // what was posted is written down
	pinTries   = 3
)

// book is the chats of the visit's provider.
func (v *visit) book() book { return v.channel.book(v.from.Provider) }

// visit makes the post in a chat, unless it is there; it gives the post's identity.
func (c *Channel) visit(ctx context.Context, from engine.Sender, msg *engine.Message, place engine.ChatPlace) (string, *failure) {
	bot, f := c.bot(from.Provider, place.Network)
	if f != nil {
		return "", f
	}
	leave := c.turns.enter(ctx, seat{from.Provider.ID, place})
	if leave == nil {
		return "", untried(ctx)
	}
	defer leave()
	v := visit{channel: c, bot: bot, from: from, msg: msg, place: place}
	v.service = variablesOf(from.Campaign.Vars, msg.Recipient.Vars)["service"]
	now := time.Now()
	v.claim = claim{name: nameOf(from.Campaign.ID, msg.Key), holder: msg.Key, house: msg.Recipient.House, text: markOf(msg.Content.Text),
		now: now, until: now.Add(2*c.cfg.Timeout + leaseSpare)}
	if from.Campaign.Kind == engine.KindAd {
		if err := v.claim.limit(from.Provider); err != nil {
			return "", because(engine.Misconfigured, engine.SettingFrequency, err)
		}
	}
	id, f := v.make(ctx)
	if f != nil {
		return "", f
	}
	return fmt.Sprintf("%s/%d/%s", place.Network, place.ID, id), nil
}

// nameOf names what a message posts, the same for all houses: engine.MessageKey without the recipient. What has another key is posted for
// itself.
func nameOf(id engine.CampaignID, key string) string {
	rest, ours := strings.CutPrefix(key, string(id)+"-")
	_, place, both := strings.Cut(rest, "-")
	if !ours || !both {
		return key
	}
	return string(id) + "-" + place
}

// make claims the post and makes it; what was made before is taken for made.
func (v *visit) make(ctx context.Context) (string, *failure) {
	got, err := v.book().claim(ctx, v.place, v.claim)
	if err != nil {
		return "", registryDown(ctx, "claim a post", err)
	}
	switch got.right {
	case done:
		v.again(ctx, got.post)
		return got.post.ID, nil
	case capped:
		return "", because(engine.Refused, engine.SettingFrequency, fmt.Errorf("this chat has had as many ads as the provider allows"))
	case busy:
		f := because(engine.Throttled, "busy", fmt.Errorf("the same post is being made for another house of the chat"))
		f.RetryAfter = min(busyPause, max(time.Until(got.until), time.Second))
		return "", f
	}
	posts, err := v.book().posts(ctx, v.place)
	if err != nil {
		v.giveUp(ctx, got, registryDown(ctx, "", err))
		return "", registryDown(ctx, "read the posts of a chat", err)
	}
	t := threadOf(v.from.Campaign, v.service, v.claim.house, posts)
	id, f := v.publish(ctx, got, t, posts)
	if f != nil {
		v.giveUp(ctx, got, f)
		return "", f
	}
	post := engine.Post{ID: id, Name: v.claim.name, Holder: v.claim.holder, Reference: v.from.Campaign.Reference, Service: v.service, At: v.claim.now,
		Lasting: t.lasting, Ends: t.ends}
	v.remember(ctx, post)
	v.tidy(ctx, post)
	return id, nil
}

// publish makes the post; after an attempt whose end nobody knows it looks for its post first.
func (v *visit) publish(ctx context.Context, got claimed, t thread, posts []engine.Post) (string, *failure) {
	d := draft{name: v.claim.name, text: v.msg.Content.Text, answers: t.answers, buttons: v.msg.Content.Buttons, marks: including(got.texts, v.claim.text)}
	if !got.since.IsZero() {
		for _, p := range posts {
			d.others = append(d.others, p.ID)
		}
		if id, f := v.bot.find(ctx, v.place.ID, d, got.since); id != "" || f != nil {
			return id, f
		}
	}
	d.photos = v.attach(ctx)
	return v.bot.post(ctx, v.place.ID, d)
}

// giveUp gives the claim back when nothing can have been posted under it, and reports a chat that is lost.
func (v *visit) giveUp(ctx context.Context, got claimed, f *failure) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insist)
	defer cancel()
	if !f.unknown && got.since.IsZero() {
		if err := v.book().drop(ctx, v.place, v.claim.name, v.claim.holder); err != nil {
			v.channel.cfg.Log.Warn("a claim was not given back: it ends by itself", "error", err)
		}
	}
	if f.lost {
		changed, err := v.book().lose(ctx, v.place, f.Code, time.Now())
		if err != nil {
			v.channel.cfg.Log.Warn("a lost house chat could not be reported", "code", f.Code, "error", err)
		}
		if changed {
			v.channel.cfg.Log.Warn("a house chat was lost", "provider", string(v.from.Provider.ID), "network", string(v.place.Network), "why", f.Code)
		}
	}
}

// remember writes down what was posted, and insists: forgotten, it would be posted again for the next house.
func (v *visit) remember(ctx context.Context, post engine.Post) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insist)
	defer cancel()
	for {
		err := v.book().keep(ctx, v.place, post)
		if err == nil {
			return
		}
		if !pause(ctx, 200*time.Millisecond) {
			v.channel.cfg.Log.Error("a post in a house chat could not be written down", "error", err)
			return
		}
	}
}

// tidy sees to the pins after a post: it is pinned, or what it put an end to is not any more. A post whose pin fails stays a post.
func (v *visit) tidy(ctx context.Context, post engine.Post) {
	if !post.Lasting && len(post.Ends) == 0 {
		return
	}
	var f *failure
	if post.Lasting {
		f = v.persist(ctx, func() *failure { return v.bot.pin(ctx, v.place.ID, post.ID) })
	} else {
		f = v.persist(ctx, func() *failure { return v.unpin(ctx, post.Ends) })
	}
	if f != nil {
		v.channel.cfg.Log.Warn("the pin of a house chat could not be changed", "network", string(v.place.Network), "code", f.Code, "reason", string(f.Reason))
	}
	if len(post.Ends) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insist)
	defer cancel()
	if err := v.book().end(ctx, v.place, post.Ends); err != nil {
		v.channel.cfg.Log.Warn("the end of an outage could not be written down", "error", err)
	}
}

// again sees to the pins of a post that was made before by the same holder: a crash may have come between. What has ended since is not
// pinned again.
func (v *visit) again(ctx context.Context, made engine.Post) {
	if made.Holder != v.claim.holder {
		return
	}
	posts, err := v.book().posts(ctx, v.place)
	if i := slices.IndexFunc(posts, func(p engine.Post) bool { return p.ID == made.ID }); err == nil && i >= 0 {
		v.tidy(ctx, posts[i])
	}
}

// persist tries a few times what may be done twice without harm.
func (v *visit) persist(ctx context.Context, do func() *failure) (f *failure) {
	for try := range pinTries {
		if f = do(); f == nil || !f.Reason.Temporary() || f.Reason == engine.Misconfigured {
			return f
		}
		if !pause(ctx, min(busyPause, max(f.RetryAfter, time.Duration(try+1)*100*time.Millisecond))) {
			return f
		}
	}
	return f
}

// unpin takes the pin off posts about an outage that is over, in favour of another outage that lasts. What somebody else has pinned stays.
func (v *visit) unpin(ctx context.Context, over []string) *failure {
	pinned, f := v.bot.pinned(ctx, v.place.ID)
	if f != nil || !slices.Contains(over, pinned) {
		return f
	}
	posts, err := v.book().posts(ctx, v.place)
	if err != nil {
		return registryDown(ctx, "read the posts of a chat", err)
	}
	for _, p := range posts {
		if p.Lasting && !slices.Contains(over, p.ID) {
			return v.bot.pin(ctx, v.place.ID, p.ID)
		}
	}
	return v.bot.unpin(ctx, v.place.ID)
}
