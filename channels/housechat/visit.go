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
	place   Place
	claim   Claim
	service string
}

// How long things take.
const (
	leaseSpare = time.Minute      // a claim outlives the longest answer by
	busyPause  = 5 * time.Second  // the least somebody waits for another one's post
	insist     = 10 * time.Second // what was posted is written down
	pinTries   = 3
)

// visit makes the post in a chat, unless it is there; it gives the post's identity.
func (c *Channel) visit(ctx context.Context, from engine.Sender, msg *engine.Message, place Place) (string, *failure) {
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
	v.claim = Claim{Name: nameOf(from.Campaign.ID, msg.Key), Holder: msg.Key, House: msg.Recipient.House, Text: markOf(msg.Content.Text),
		Now: now, Until: now.Add(2*c.cfg.Timeout + leaseSpare)}
	if from.Campaign.Kind == engine.KindAd {
		if err := v.claim.count(from.Provider); err != nil {
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
	chats, provider := v.channel.cfg.Chats, v.from.Provider.ID
	claimed, err := chats.Claim(ctx, provider, v.place, v.claim)
	if err != nil {
		return "", registryDown(ctx, "claim a post", err)
	}
	switch claimed.Right {
	case Done:
		v.again(ctx, claimed.Post)
		return claimed.Post.ID, nil
	case Capped:
		return "", because(engine.Refused, engine.SettingFrequency, fmt.Errorf("this chat has had as many ads as the provider allows"))
	case Busy:
		f := because(engine.Throttled, "busy", fmt.Errorf("the same post is being made for another house of the chat"))
		f.RetryAfter = min(busyPause, max(time.Until(claimed.Until), time.Second))
		return "", f
	}
	posts, err := chats.Posts(ctx, provider, v.place)
	if err != nil {
		v.giveUp(ctx, claimed, registryDown(ctx, "", err))
		return "", registryDown(ctx, "read the posts of a chat", err)
	}
	t := threadOf(v.from.Campaign, v.service, v.claim.House, posts)
	id, f := v.publish(ctx, claimed, t, posts)
	if f != nil {
		v.giveUp(ctx, claimed, f)
		return "", f
	}
	post := Post{ID: id, Name: v.claim.Name, Holder: v.claim.Holder, Reference: v.from.Campaign.Reference, Service: v.service, At: v.claim.Now,
		Lasting: t.lasting, Ends: t.ends}
	v.remember(ctx, post)
	v.tidy(ctx, post)
	return id, nil
}

// publish makes the post; after an attempt whose end nobody knows it looks for its post first.
func (v *visit) publish(ctx context.Context, claimed Claimed, t thread, posts []Post) (string, *failure) {
	d := draft{name: v.claim.Name, text: v.msg.Content.Text, answers: t.answers, buttons: v.msg.Content.Buttons, marks: []string{v.claim.Text, claimed.Text}}
	if !claimed.Since.IsZero() {
		for _, p := range posts {
			d.others = append(d.others, p.ID)
		}
		if id, f := v.bot.find(ctx, v.place.ID, d, claimed.Since); id != "" || f != nil {
			return id, f
		}
	}
	return v.bot.post(ctx, v.place.ID, d)
}

// giveUp gives the claim back when nothing can have been posted under it, and reports a chat that is lost.
func (v *visit) giveUp(ctx context.Context, claimed Claimed, f *failure) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insist)
	defer cancel()
	chats, provider := v.channel.cfg.Chats, v.from.Provider.ID
	if !f.unknown && claimed.Since.IsZero() {
		if err := chats.Drop(ctx, provider, v.place, v.claim.Name, v.claim.Holder); err != nil {
			v.channel.cfg.Log.Warn("a claim was not given back: it ends by itself", "error", err)
		}
	}
	if f.lost {
		if err := chats.Lose(ctx, provider, v.place, f.Code, time.Now()); err != nil {
			v.channel.cfg.Log.Warn("a lost house chat could not be reported", "code", f.Code, "error", err)
		}
	}
}

// remember writes down what was posted, and insists: forgotten, it would be posted again for the next house.
func (v *visit) remember(ctx context.Context, post Post) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insist)
	defer cancel()
	for {
		err := v.channel.cfg.Chats.Keep(ctx, v.from.Provider.ID, v.place, post)
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
func (v *visit) tidy(ctx context.Context, post Post) {
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
	if err := v.channel.cfg.Chats.End(ctx, v.from.Provider.ID, v.place, post.Ends); err != nil {
		v.channel.cfg.Log.Warn("the end of an outage could not be written down", "error", err)
	}
}

// again sees to the pins of a post that was made before by the same holder: a crash may have come between. What has ended since is not
// pinned again.
func (v *visit) again(ctx context.Context, made Post) {
	if made.Holder != v.claim.Holder {
		return
	}
	posts, err := v.channel.cfg.Chats.Posts(ctx, v.from.Provider.ID, v.place)
	if i := slices.IndexFunc(posts, func(p Post) bool { return p.ID == made.ID }); err == nil && i >= 0 {
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
	posts, err := v.channel.cfg.Chats.Posts(ctx, v.from.Provider.ID, v.place)
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
