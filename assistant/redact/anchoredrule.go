package redact

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

// The parts that most rules of gitleaks are made of: what may stand before the name of a service, and what must stand
// between the name and the key.
const (
	ruleLead   = `[\w.-]{0,50}?`
	ruleBridge = `(?:[ \t\w.-]{0,20})[\s'"]{0,3}`
)

const (
	// longestLead and longestBridge are the bytes that they take: the second is 23 characters, and what may follow of a name
	// whose beginning is the rule's word.
	longestLead, longestBridge = 50, 128
	// ruleSlice is how much of the text a rule with a bridge sees first: regexp is several times as fast on short texts.
	ruleSlice = 512
	// shortestWord is the least that a word must have: below, it is found everywhere.
	shortestWord = 2
	// maxHeads bounds what is enumerated of an expression.
	maxHeads = 64
)

// anchoredRule is a rule whose matches all begin with one of a few words, but for a lead. It is tried at the word alone: to
// look for an expression in a long text that names many services takes a hundred times as long.
type anchoredRule struct {
	bounded bool // no letter or digit may stand before the word
	bridged bool
	expr    *lazyRegexp
	led     bool
	words   []string // in lower case
}

// newAnchoredRule returns nil for a rule that is not of this kind.
func newAnchoredRule(rule *keyRule) *anchoredRule {
	source := rule.Regex.source
	plain := strings.ReplaceAll(source, ruleLead, "")
	if strings.Contains(plain, `|\b(`) {
		return nil // a boundary in one of several alternatives
	}
	parsed, err := syntax.Parse(plain, syntax.Perl)
	if err != nil {
		return nil
	}
	words, _ := heads(parsed)
	slices.Sort(words)
	if slices.ContainsFunc(words, func(word string) bool { return len(word) < shortestWord }) {
		return nil
	}
	return &anchoredRule{
		bounded: strings.HasPrefix(strings.TrimPrefix(plain, "(?i)"), `\b`),
		bridged: strings.Contains(plain, ruleBridge),
		expr:    newLazyRegexp(fmt.Sprintf("^(?:%s)", plain)),
		led:     plain != source,
		words:   slices.Compact(words),
	}
}

// match returns the offsets of the match whose word stands at [start, end), and of its groups, or nil. Nothing of it lies
// before from.
func (a *anchoredRule) match(text string, start, end, from int) []int {
	if a.bounded && start > 0 && isNameByte(text[start-1]) || a.bridged && !bridges(text[end:]) {
		return nil
	}
	rest := text[start:]
	short := rest
	if a.bridged {
		short = rest[:min(len(rest), ruleSlice)]
	}
	at := a.expr.compiled().FindStringSubmatchIndex(short)
	if at != nil && at[1] == len(short) {
		at = a.expr.compiled().FindStringSubmatchIndex(rest) // it may go on, or end here only because the slice does
	}
	if at == nil {
		return nil
	}
	for i := range at {
		if at[i] >= 0 {
			at[i] += start
		}
	}
	if a.led {
		for first := max(from, start-longestLead); at[0] > first && isLeadByte(text[at[0]-1]); {
			at[0]--
		}
	}
	return at
}

// bridges reports whether a sign that assigns comes soon after a name.
func bridges(text string) bool {
	return strings.ContainsAny(text[:min(len(text), longestBridge)], "=>:|?,")
}

func isLeadByte(c byte) bool { return isNameByte(c) || c == '.' || c == '-' }

func isNameByte(c byte) bool { return isAlnumByte(c) || c == '_' }

// heads returns what the matches of an expression begin with, in lower case, and whether that is all of them. An unknown
// beginning is "".
func heads(re *syntax.Regexp) (all []string, complete bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}, true
	case syntax.OpCapture:
		return heads(re.Sub[0])
	case syntax.OpEmptyMatch, syntax.OpWordBoundary:
		return []string{""}, true
	case syntax.OpQuest:
		all, complete = heads(re.Sub[0])
		return append(all, ""), complete
	case syntax.OpAlternate:
		complete = true
		for _, sub := range re.Sub {
			some, done := heads(sub)
			all, complete = append(all, some...), complete && done
		}
		return all, complete
	case syntax.OpConcat:
		return concatHeads(re.Sub)
	case syntax.OpCharClass:
		return classHeads(re.Rune)
	default:
		return []string{""}, false
	}
}

func concatHeads(subs []*syntax.Regexp) (all []string, complete bool) {
	all = []string{""}
	for _, sub := range subs {
		next, done := heads(sub)
		if len(all)*len(next) > maxHeads {
			return all, false
		}
		var longer []string
		for _, a := range all {
			for _, b := range next {
				longer = append(longer, a+b)
			}
		}
		if all = longer; !done {
			return all, false
		}
	}
	return all, true
}

// classHeads enumerates a small class; ranges are pairs.
func classHeads(ranges []rune) (all []string, complete bool) {
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(all) > maxHeads {
				return []string{""}, false
			}
			all = append(all, strings.ToLower(string(r)))
		}
	}
	return all, true
}
