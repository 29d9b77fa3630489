package housechat

import (
	"fmt"
	"strings"
	"time"

	"vestnik/engine"
)

// vkRule says what an error of VK means for a post in a chat.
type vkRule struct {
	reason engine.Reason
	whole  bool          // the token or the community as such does not work
	lost   bool          // the chat does not take posts until somebody does something about it
	open   bool          // it is not known whether it was done
	after  time.Duration // how long VK wants to be left alone; it never says so itself
}

// Rules that many errors share.
var (
	vkOutage  = vkRule{reason: engine.Unavailable, open: true}
	vkOurs    = vkRule{reason: engine.Misconfigured, whole: true}
	vkMessage = vkRule{reason: engine.BadMessage}
	vkLost    = vkRule{reason: engine.Refused, lost: true}
)

// vkRules: numbers and meanings are those of VK's schema 5.199 (errors.json, messages/methods.json) and of vksdk's api/errors.go, which
// quotes dev.vk.com/ru/reference/errors. What is not here is Unknown.
var vkRules = map[int]vkRule{
	1:  vkOutage,                                                                       // unknown error: try again later
	2:  vkOurs,                                                                         // the application is off
	3:  vkOurs,                                                                         // unknown method: the address is not VK's API
	4:  vkOurs,                                                                         // wrong signature
	5:  vkOurs,                                                                         // authorization failed: the token was revoked
	6:  {reason: engine.Throttled, after: time.Second},                                 // more than 20 requests a second
	7:  vkLost,                                                                         // no permission: the community may not write in this chat
	8:  vkOurs,                                                                         // invalid request
	9:  {reason: engine.Throttled, after: time.Minute},                                 // flood control: too much of the same
	10: vkOutage,                                                                       // internal error
	11: vkOurs,                                                                         // test mode
	12: vkMessage,                                                                      // execute does not compile
	13: vkMessage,                                                                      // execute fails
	14: {reason: engine.Throttled, whole: true, after: 10 * time.Minute},               // captcha: nobody is there to solve it
	15: vkLost,                                                                         // access denied
	16: vkOurs, 17: vkOurs, 20: vkOurs, 21: vkOurs, 23: vkOurs, 24: vkOurs, 25: vkOurs, // authorization in its other forms
	27: vkOurs,                                                    // the community's token is not valid
	28: vkOurs,                                                    // the application's token is not valid
	29: {reason: engine.Throttled, whole: true, after: time.Hour}, // the method's limit of a longer time
	36: vkOutage,                                                  // timed out: it may have been done
	38: vkOurs, 40: vkOurs, 42: vkOurs,                            // unknown application or user
	43:   {reason: engine.Unavailable},                                  // the method is off for now
	100:  vkMessage,                                                     // a parameter is wrong, see vkRefusal
	103:  vkMessage,                                                     // out of limits
	104:  vkLost,                                                        // not found
	113:  {reason: engine.BadAddress},                                   // invalid user id
	900:  {reason: engine.Refused},                                      // blacklisted
	901:  {reason: engine.Refused},                                      // no permission to write; of persons
	902:  {reason: engine.Refused},                                      // privacy settings; of persons
	911:  vkMessage,                                                     // the keyboard's format
	912:  {reason: engine.Misconfigured},                                // buttons need the community's "bot abilities" switched on
	913:  vkMessage,                                                     // too many forwarded messages
	914:  vkMessage,                                                     // too long
	917:  vkLost,                                                        // no access to this chat: the community was put out
	922:  vkLost,                                                        // the community has left the chat
	925:  vkLost,                                                        // not an administrator of the chat
	927:  vkLost,                                                        // there is no such chat
	932:  vkLost,                                                        // the community cannot interact with this peer
	935:  vkLost,                                                        // not in the chat
	940:  vkMessage,                                                     // too many posts in the message
	943:  vkMessage,                                                     // intent
	944:  {reason: engine.Throttled, after: time.Hour},                  // limit of the intent
	945:  vkLost,                                                        // the chat was disabled
	946:  vkLost,                                                        // the chat is not supported
	947:  vkLost,                                                        // no access for members of this community
	962:  vkLost,                                                        // chat of a paid subscription
	967:  vkLost,                                                        // chat of a workplace
	983:  vkLost,                                                        // writing in this chat is forbidden
	984:  {reason: engine.Misconfigured, whole: true, after: time.Hour}, // the community is restricted for spam
	1012: vkLost,                                                        // writing is off for this chat
}

// vkRefusal classifies an error of VK. Its words may name people: only whether they speak of the peer is read.
func vkRefusal(code int, words string) *failure {
	rule, known := vkRules[code]
	if !known {
		rule.reason = engine.Unknown
	}
	if code == 100 && strings.Contains(words, "peer_id") {
		rule.reason = engine.BadAddress
	}
	return &failure{
		Fault: engine.Fault{Reason: rule.reason, Code: fmt.Sprintf("VK %d", code), Whole: rule.whole, RetryAfter: rule.after},
		lost:  rule.lost, unknown: rule.open,
	}
}
