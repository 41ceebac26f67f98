package guard

import "fmt"

// reachClaim is the distance within which the parts of a promise, an advice or a reason belong together, in characters.
const reachClaim = 80

// claim is a kind of statement that a reply must not make unless its source makes it.
type claim struct {
	check Check
	find  func(sentence) (hit, bool)
	says  string
}

var claims = []claim{
	{CheckAdvice, sentence.advice, "advises on investments, law or tax"},
	{CheckPromise, sentence.promise, "promises money"},
	{CheckHoldReason, sentence.holdReason, "gives a reason for a hold"},
}

// checkClaims finds advice, promises and reasons for a hold in a text. What the cited sources say in the same kind of
// statement may be said again: articles explain in general what a reply must not say about a case. Advice never may.
func checkClaims(c clauses, sources []*source) []Finding {
	var findings []Finding
	for _, s := range c.sentences {
		for _, claim := range claims {
			h, found := claim.find(s)
			if found && (claim.check == CheckAdvice || !saidBy(sources, claim)) {
				findings = append(findings, Finding{claim.check, fmt.Sprintf("%s: %q", claim.says, s.quote(h))})
			}
		}
	}
	return findings
}

// checkTimes finds promises of a time without a number: "will be released today". Numbers are compared with the sources
// anyway. It is for drafts only: a person may know when.
func checkTimes(c clauses, sources []*source) []Finding {
	for _, s := range c.sentences {
		if !s.has(catTimeWord) || !s.has(catSettle) {
			continue
		}
		said := false
		for _, source := range sources {
			for _, other := range source.cut().sentences {
				said = said || other.has(catTimeWord)
			}
		}
		for _, h := range s.hits {
			if h.category == catTimeWord && !said && !s.denied(h) && !s.warned(h) {
				return []Finding{{CheckPromise, fmt.Sprintf("promises a time that is not in the sources: %q", s.quote(h))}}
			}
		}
	}
	return nil
}

func saidBy(sources []*source, claim claim) bool {
	for _, source := range sources {
		for _, s := range source.cut().sentences {
			if _, found := claim.find(s); found {
				return true
			}
		}
	}
	return false
}

// advice is a recommendation to trade, a forecast of a price, or counsel on tax or law.
func (s sentence) advice() (hit, bool) {
	for _, h := range s.hits {
		switch h.category {
		case catCounsel, catOutlook:
			if h.category == catCounsel && !s.warns && !s.warned(h) || !s.denied(h) && !s.warned(h) {
				return h, true
			}
		case catAdvise:
			trade, found := s.near(h, catTrade, reachObject)
			if !found || s.denied(h) || s.denied(trade) || s.warned(h) {
				continue
			}
			if _, found = s.near(trade, catAsset, reachObject); found {
				return h, true
			}
		default:
		}
	}
	return hit{}, false
}

// promise is a promise of money: refund, compensation, recovery.
func (s sentence) promise() (hit, bool) {
	for _, h := range s.hits {
		found := h.category == catPromised
		if h.category == catWeWill {
			_, found = s.after(h, catMakeGood, reachClaim)
			if !found && (isUnspacedAt(s.text, h.start) || s.text[h.start] == 'g' || s.text[h.start] == 's') {
				_, found = s.before(h, catMakeGood, reachClaim) // verb-last languages
			}
		}
		if found && !s.denied(h) && !s.deniedBehind(h) && !s.warned(h) {
			return h, true
		}
	}
	return hit{}, false
}

// deniedBehind reports a negation between "we will" and what would be promised: "you will not get it back".
func (s sentence) deniedBehind(h hit) bool {
	goal, found := s.after(h, catMakeGood, reachClaim)
	return found && s.hasBetween(catNeg, h.start, goal.start)
}

// holdReason is a hold on an account or a transaction with the reason for it.
func (s sentence) holdReason() (hit, bool) {
	if !s.has(catHeld) || !s.has(catHeldObj) {
		return hit{}, false
	}
	for _, h := range s.hits {
		if h.category == catHoldReason && !s.warned(h) && !s.warns {
			return h, true
		}
	}
	return hit{}, false
}

// near returns a hit of a category on either side of h.
func (s sentence) near(h hit, c category, reach int) (hit, bool) {
	if o, found := s.after(h, c, reach); found {
		return o, true
	}
	return s.before(h, c, reach)
}
