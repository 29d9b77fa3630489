package housechat

import (
	"slices"
	"strings"

	"vestnik/engine"
)

// restored is what the names of templates end in that tell of an outage's end: outage-restored, and others written like it.
const restored = "-restored"

// thread is what a post has to do with the earlier ones of its chat.
type thread struct {
	answers string   // ID of the post it answers; empty: it begins something new
	ends    []string // IDs of posts about an outage that is over, or is told of anew
	lasting bool     // it tells of an outage that lasts: it is to be pinned
}

// threadOf finds what a campaign's post answers among the chat's posts, the newest first.
//
// Posts belong together when their campaigns have the same Reference. A restoration that finds none so puts an end to the outages of its
// house of the same service; of those, where a service is not known, to all of its house. Other posts only answer, and only by Reference.
func threadOf(c engine.Campaign, service, house string, posts []engine.Post) (t thread) {
	over := c.Kind == engine.KindOutage && strings.HasSuffix(c.Template.Name, restored)
	t.lasting = c.Kind == engine.KindOutage && !over
	related := func(fits func(engine.Post) bool) (list []engine.Post) {
		for _, p := range posts {
			if fits(p) {
				list = append(list, p)
			}
		}
		return list
	}
	list := related(func(p engine.Post) bool { return c.Reference != "" && p.Reference == c.Reference })
	if len(list) == 0 && over {
		list = related(func(p engine.Post) bool {
			return p.Lasting && slices.Contains(p.Houses, house) && service != "" && strings.EqualFold(p.Service, service)
		})
	}
	if len(list) == 0 && over {
		list = related(func(p engine.Post) bool {
			return p.Lasting && slices.Contains(p.Houses, house) && (service == "" || p.Service == "")
		})
	}
	if len(list) > 0 {
		t.answers = list[0].ID
	}
	for _, p := range list {
		if p.Lasting && c.Kind == engine.KindOutage {
			t.ends = append(t.ends, p.ID)
		}
	}
	return t
}
