package vk

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/SevereCloud/vksdk/v2/api"

	"vestnik/engine"
)

// rule says what an error of VK means.
type rule struct {
	code   int
	reason engine.Reason
	means  string        // in our words: VK's own may repeat what we sent
	pause  time.Duration // before the next try
}

// rules are VK's errors as far as they can meet a community's message. Sources: codes below 900 dev.vk.com/ru/reference/errors, the others
// dev.vk.com/ru/method/messages.send and errors.json of VK's API schema 5.199; pauses are our own where VK names none.
var rules = []rule{
	{code: 1, reason: engine.Unavailable, means: "unknown error, try later"},
	{code: 10, reason: engine.Unavailable, means: "internal server error"},
	{code: 36, reason: engine.Unavailable, means: "the method took too long; it may have run"},
	{code: 43, reason: engine.Unavailable, means: "the method is switched off for now"},
	{code: 105, reason: engine.Unavailable, means: "the document could not be saved"},

	{code: 6, reason: engine.Throttled, means: "too many requests per second", pause: time.Second},
	{code: 9, reason: engine.Throttled, means: "flood control", pause: 2 * time.Minute},
	{code: 14, reason: engine.Throttled, means: "captcha needed", pause: 10 * time.Minute}, // a program cannot solve it; it goes away with the flood
	{code: 29, reason: engine.Throttled, means: "rate limit of the method reached", pause: time.Hour},

	// The community, its token or its settings.
	{code: 2, reason: engine.Misconfigured, means: "the application is disabled"},
	{code: 3, reason: engine.Misconfigured, means: "unknown method"},
	{code: 4, reason: engine.Misconfigured, means: "incorrect signature"},
	{code: 5, reason: engine.Misconfigured, means: "authorization failed: the token is wrong or revoked"},
	{code: 7, reason: engine.Misconfigured, means: "the token lacks a permission"},
	{code: 8, reason: engine.Misconfigured, means: "invalid request"},
	{code: 11, reason: engine.Misconfigured, means: "the application is in test mode"},
	{code: 15, reason: engine.Misconfigured, means: "access denied"},
	{code: 16, reason: engine.Misconfigured, means: "HTTPS is required"},
	{code: 17, reason: engine.Misconfigured, means: "validation required"},
	{code: 20, reason: engine.Misconfigured, means: "permission denied for this kind of application"},
	{code: 21, reason: engine.Misconfigured, means: "permission denied for this kind of application"},
	{code: 23, reason: engine.Misconfigured, means: "the method is disabled"},
	{code: 24, reason: engine.Misconfigured, means: "confirmation required"},
	{code: 25, reason: engine.Misconfigured, means: "token confirmation required"},
	{code: 27, reason: engine.Misconfigured, means: "community authorization failed"},
	{code: 28, reason: engine.Misconfigured, means: "application authorization failed"},
	{code: 34, reason: engine.Misconfigured, means: "the API version is not taken any more"},
	{code: 38, reason: engine.Misconfigured, means: "unknown application"},
	{code: 40, reason: engine.Misconfigured, means: "unknown community"},
	{code: 41, reason: engine.Misconfigured, means: "additional sign-up required"},
	{code: 42, reason: engine.Misconfigured, means: "this IP address is not allowed"},
	{code: 101, reason: engine.Misconfigured, means: "invalid application id"},
	{code: 125, reason: engine.Misconfigured, means: "invalid community id"},
	{code: 203, reason: engine.Misconfigured, means: "no access to the community"},
	{code: 912, reason: engine.Misconfigured, means: "keyboards need the bot features of the community switched on"},
	{code: 984, reason: engine.Misconfigured, means: "the community is restricted for spam"},

	// The message.
	{code: 12, reason: engine.BadMessage, means: "the program does not compile"},
	{code: 13, reason: engine.BadMessage, means: "the program failed while it ran"},
	{code: 19, reason: engine.BadMessage, means: "content blocked"},
	{code: 103, reason: engine.BadMessage, means: "out of limits"},
	{code: 910, reason: engine.BadMessage, means: "the message is too big"},
	{code: 911, reason: engine.BadMessage, means: "invalid keyboard"},
	{code: 913, reason: engine.BadMessage, means: "too many forwarded messages"},
	{code: 914, reason: engine.BadMessage, means: "the message is too long"},
	{code: 921, reason: engine.BadMessage, means: "these messages cannot be forwarded"},
	{code: 940, reason: engine.BadMessage, means: "too many posts in the message"},
	{code: 943, reason: engine.BadMessage, means: "this intent cannot be used"},
	{code: 944, reason: engine.BadMessage, means: "too many messages of this intent"},

	// The address.
	{code: 18, reason: engine.BadAddress, means: "the user is deleted or banned"},
	{code: 37, reason: engine.BadAddress, means: "the user is banned"},
	{code: 39, reason: engine.BadAddress, means: "unknown user"},
	{code: 100, reason: engine.BadAddress, means: "a parameter is invalid"}, // all others are checked before: it is the peer
	{code: 104, reason: engine.BadAddress, means: "not found"},
	{code: 113, reason: engine.BadAddress, means: "invalid user id"},
	{code: 927, reason: engine.BadAddress, means: "the chat does not exist"},
	{code: 936, reason: engine.BadAddress, means: "contact not found"},

	// The resident does not want it.
	{code: 30, reason: engine.Refused, means: "the profile is private"},
	{code: 900, reason: engine.Refused, means: "the user is on the community's blacklist"},
	{code: 901, reason: engine.Refused, means: "the user has not allowed messages"},
	{code: 902, reason: engine.Refused, means: "the user's privacy settings forbid it"},
	{code: 917, reason: engine.Refused, means: "no access to the chat"},
	{code: 922, reason: engine.Refused, means: "the community has left the chat"},
	{code: 925, reason: engine.Refused, means: "the community is no administrator of the chat"},
	{code: 932, reason: engine.Refused, means: "the community cannot interact with this peer"},
	{code: 939, reason: engine.Refused, means: "a message request is sent already"},
	{code: 945, reason: engine.Refused, means: "the chat is disabled"},
	{code: 946, reason: engine.Refused, means: "chats of this kind are not supported"},
	{code: 950, reason: engine.Refused, means: "the time to answer is over"},
	{code: 983, reason: engine.Refused, means: "writing to the chat is not allowed"},
	{code: 987, reason: engine.Refused, means: "the user cannot be written to"},
	{code: 988, reason: engine.Refused, means: "the user cannot be written to"},
	{code: 1012, reason: engine.Refused, means: "writing is switched off"},
}

// refusal is the Fault for an error of VK about one message. What no rule knows is Unknown, which is temporary.
func refusal(code int) *engine.Fault {
	found := rule{code: code, reason: engine.Unknown, means: "an error that is not known"}
	for _, r := range rules {
		if r.code == code {
			found = r
			break
		}
	}
	return &engine.Fault{
		Reason: found.reason, Code: fmt.Sprintf("VK %d", code), RetryAfter: found.pause,
		Whole: found.reason == engine.Misconfigured, Err: errors.New(found.means),
	}
}

// faultOf is the Fault for a request that came to nothing.
func faultOf(ctx context.Context, err error) *engine.Fault {
	if said, is := errors.AsType[*api.Error](err); is {
		fault := refusal(int(said.Code))
		fault.Whole = fault.Whole || fault.Reason == engine.Unavailable
		return fault
	}
	if ctx.Err() != nil {
		return untried(ctx)
	}
	if strange, is := errors.AsType[*api.InvalidContentType](err); is {
		return &engine.Fault{Reason: engine.Unavailable, Whole: true, Err: strange}
	}
	if failed, is := errors.AsType[*url.Error](err); is { // without the address: that of a long poll has a key in it
		return &engine.Fault{Reason: engine.Unavailable, Whole: true, Err: failed.Err}
	}
	return &engine.Fault{Reason: engine.Unavailable, Whole: true, Err: errors.New("the answer of VK cannot be read")}
}
