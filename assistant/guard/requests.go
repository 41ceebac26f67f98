package guard

import (
	"fmt"
	"slices"
	"strings"
)

// Distances within which words belong together, in characters. A list of secrets is often long; measured on the sample
// articles and the test cases.
const (
	reachObject = 90 // from a verb to its object
	reachBefore = 30 // from an object to its verb, in languages that put the verb last
	reachTitle  = 60 // from "we need" to what is needed
)

// checkRequests finds what a reply must never ask for: secrets, payments, remote control. It looks for the direction: "send us
// your code" is a request, "never send your code", "whoever asks for your code" and "we sent you a code" are not. No
// source makes a request acceptable, for an article may be poisoned.
func checkRequests(c clauses) []Finding {
	var findings []Finding
	for _, s := range c.sentences {
		findings = append(findings, s.secretRequest()...)
		findings = append(findings, s.transferRequest()...)
		findings = append(findings, s.remoteControl()...)
	}
	return findings
}

// secretRequest reports at most one request for a secret.
func (s sentence) secretRequest() []Finding {
	if !s.has(catSecret) {
		return nil
	}
	for _, verb := range s.hits {
		secret, found := s.requested(verb)
		if found && (!s.negated(verb) && !s.warned(verb) || s.excepted()) {
			return []Finding{{CheckSecretRequest, fmt.Sprintf("asks for a secret: %q … %q", s.quote(verb), s.quote(secret))}}
		}
	}
	return nil
}

// requested returns the secret that a verb asks for.
func (s sentence) requested(verb hit) (hit, bool) {
	last := isUnspacedAt(s.text, verb.start) // the language may put the verb last
	switch verb.category {
	case catGive:
		return s.object(verb, reachObject)
	case catGiveBoth:
		last = true
	case catGiveIt:
		return s.objectBefore(verb, reachObject)
	case catEnter:
		if !s.has(catHere) {
			return hit{}, false
		}
	case catNeed:
	default:
		return hit{}, false
	}
	secret, found := s.object(verb, reachObject)
	if !found && last {
		secret, found = s.objectBefore(verb, reachBefore)
	}
	return secret, found
}

// object returns the secret behind a verb, unless it is the object of a later verb that is denied ("tell us the coin, but
// never send your code") or is itself denied ("send no codes").
func (s sentence) object(verb hit, reach int) (hit, bool) {
	secret, found := s.after(verb, catSecret, reach)
	if !found {
		return hit{}, false
	}
	for _, n := range s.hits {
		if n.category == catNegAfter && n.start >= secret.end && s.breaks(verb.end, secret.start) &&
			s.distance(secret.end, n.start) <= reachBefore {
			return hit{}, false
		}
		if n.category != catNeg && n.category != catWeNeg || n.start < verb.end || n.end > secret.start {
			continue
		}
		if s.distance(n.end, secret.start) <= 4 ||
			s.hasBetween(catGive, n.end, secret.start) || s.hasBetween(catGiveBoth, n.end, secret.start) ||
			s.hasBetween(catEnter, n.end, secret.start) || s.hasBetween(catPay, n.end, secret.start) {
			return hit{}, false
		}
	}
	return secret, true
}

// objectBefore returns the secret in front of a verb, unless it belongs to a condition: "if you gave away your code, tell us".
func (s sentence) objectBefore(verb hit, reach int) (hit, bool) {
	secret, found := s.before(verb, catSecret, reach)
	if !found || s.hasBetween(catCond, secret.end, verb.start) {
		return hit{}, false
	}
	if strings.ContainsAny(s.text[secret.end:verb.start], ",、") && s.hasBetween(catCond, 0, secret.start) {
		return hit{}, false
	}
	return secret, true
}

// transferRequest reports a request to pay or move money for what should cost nothing: to verify, to unlock, to be safe.
func (s sentence) transferRequest() []Finding {
	if !s.has(catPay) || !s.has(catPayGoal) {
		return nil
	}
	for _, verb := range s.hits {
		if verb.category != catPay {
			continue
		}
		funds, found := s.after(verb, catFunds, reachTitle)
		if !found {
			funds, found = s.before(verb, catFunds, reachBefore)
		}
		if found && !s.negated(verb) && !s.warned(verb) {
			return []Finding{{CheckTransferRequest, fmt.Sprintf("asks for a transfer: %q … %q", s.quote(verb), s.quote(funds))}}
		}
	}
	return nil
}

// remoteControl reports a request to install remote-control software or to share the screen.
func (s sentence) remoteControl() []Finding {
	for _, h := range s.hits {
		asked := h.category == catRemoteAsk
		if h.category == catInstall {
			_, after := s.after(h, catRemoteApp, reachTitle)
			_, before := s.before(h, catRemoteApp, reachBefore)
			asked = after || before
		}
		if asked && !s.negated(h) && !s.warned(h) {
			return []Finding{{CheckRemoteControl, fmt.Sprintf("asks for remote control: %q", s.quote(h))}}
		}
	}
	return nil
}

// after returns the first hit of a category behind h.
func (s sentence) after(h hit, c category, reach int) (hit, bool) {
	for _, o := range s.hits {
		if o.category == c && o.start >= h.end && s.distance(h.end, o.start) <= reach {
			return o, true
		}
	}
	return hit{}, false
}

// before returns the last hit of a category in front of h.
func (s sentence) before(h hit, c category, reach int) (hit, bool) {
	for _, o := range slices.Backward(s.hits) {
		if o.category == c && o.end <= h.start && s.distance(o.end, h.start) <= reach {
			return o, true
		}
	}
	return hit{}, false
}

func (s sentence) quote(h hit) string { return s.text[h.start:h.end] }
