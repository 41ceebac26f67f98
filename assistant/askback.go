package assistant

import (
	"slices"
	"strings"

	"github.com/deskhand/deskhand/prompts"
)

// AskBack is something that a person who works on a case may ask the customer for.
type AskBack struct {
	Items  []string    // as the taxonomy's `collect` names them
	Stated bool        // the customer seems to have said it already
	Text   prompts.Key // the question with its purpose; empty for what no reviewed text asks for
}

// asked is how the reviewed questions are found: by the words of the default taxonomy. A desk's own words find none and stay a
// note for its agents, and so does what must not be written in a chat: documents, or digits of a card.
var asked = questionsByItem(map[prompts.Key]string{
	prompts.CollectAddress: "receiving address; receiving addresses; wallet address; wallet public address; public address; " +
		"deposit address; address used and intended; contract address; token contract",
	prompts.CollectAmount: "amount; amounts; amount claimed; price; size; loss claimed",
	prompts.CollectAsset: "asset; asset and amount when funds are involved; asset and contract address; currency; token; " +
		"remaining assets",
	prompts.CollectCountry: "country; country of residence; country or place if offered; card country; bank country; company country; " +
		"region; IP region; country and carrier or mail provider",
	prompts.CollectDevice: "device; device OS; device and app version; browser/OS; platform (iOS/Android/web); wallet and version; " +
		"language or library; API version",
	prompts.CollectError: "error text; exact error text; error code; rejection text; message shown; alert text; text of notice; " +
		"notice text; status shown; status; what the wallet shows; what it asked for",
	prompts.CollectHappened: "what happened; what was expected; expected against actual; topic; topic in one line; idea; " +
		"outcome wanted; reason (optional); affected component",
	prompts.CollectMemo:    "memo; memo used or none; own correct memo",
	prompts.CollectNetwork: "network; chain; network used and network intended; source and target chain",
	prompts.CollectOrder:   "order ID; order IDs; order or position ID; P2P order ID; order ID only when a charge is questioned; round",
	prompts.CollectPlatform: "platform; platform names; sending platform; receiving platform; sender platform; " +
		"counterparty platform or own wallet; bank; sending bank name; wallet type; dApp or bridge",
	prompts.CollectProduct: "product; product area; product or campaign; pair; order type; campaign name; report type; tax year; period",
	prompts.CollectReach: "access to registered e-mail/phone yes or no; is the old e-mail/phone still reachable; " +
		"can the user still log in",
	prompts.CollectReference: "reference; payment reference; case number; ticket number; previous ticket IDs; request ID; " +
		"police report number when available",
	prompts.CollectSeen: "URL, handle, number or e-mail; contact point to check; site connected; dApp URL; sender; how received; " +
		"the source of the rumour; announcement link",
	prompts.CollectSetting: "which function is blocked; which item to change; which items changed; which factors are lost; factor type; " +
		"endpoint; endpoint (never the secret); level; verification level",
	prompts.CollectShared: "what was disclosed (type only); has the user already sent or disclosed anything; was a link clicked; " +
		"type of secret (never the value)",
	prompts.CollectTime: "time; time with time zone; time sent; date; dates; payment time; UTC time; when noticed; submission date; " +
		"subscription date; registration date; date of restriction; date of freeze; due date; deadline; " +
		"time (never card number or CVV); time of attempts (never the code itself); device change date (never codes or backup keys)",
	prompts.CollectTxID:       "TxID; TxIDs; TxID or withdrawal ID; withdrawal ID or TxID; unknown orders or TxIDs; losses with TxIDs",
	prompts.CollectWithdrawal: "withdrawal ID",
})

func questionsByItem(items map[prompts.Key]string) map[string]prompts.Key {
	found := make(map[string]prompts.Key)
	for key, list := range items {
		for item := range strings.SplitSeq(list, "; ") {
			found[item] = key
		}
	}
	return found
}

// AsksBack are what an agent needs to know of a case of an intent, in the taxonomy's order; said is what the customer wrote. Items that
// one text asks for are one question.
func (a *Assistant) AsksBack(intentID, said string) []AskBack {
	entry, known := a.Triager.Intent(intentID)
	if !known {
		return nil
	}
	stated := a.Triager.Facts(said)
	var questions []AskBack
	for _, item := range entry.Collect {
		text := asked[item]
		if at := slices.IndexFunc(questions, func(q AskBack) bool { return text != "" && q.Text == text }); at >= 0 {
			questions[at].Items = append(questions[at].Items, item)
			continue
		}
		question := AskBack{Items: []string{item}, Text: text}
		question.Stated = text == prompts.CollectAmount && len(stated.Amounts) > 0 || text == prompts.CollectAsset && stated.Asset ||
			text == prompts.CollectNetwork && stated.Network
		questions = append(questions, question)
	}
	return questions
}
