package redact

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// keyRulesFile holds the rules of gitleaks for API keys that concern a text, as JSON. Only its rules are used and not its
// detector, whose time grows with the square of the findings on a line, which logs, and which a comment in the text can
// switch off. A test makes the file from the module, which the program itself does without.
//
//go:embed keyrules.json
var keyRulesFile []byte

// keyRules are rules for API keys.
type keyRules struct {
	Exceptions []*keyException `json:"exceptions"` // of all rules
	Rules      []*keyRule      `json:"rules"`

	anchored []*anchoredRule // of each rule, or nil where it may match anywhere near its word
	keywords *automaton[int] // which rule may apply
}

// keyRule finds one kind of key.
type keyRule struct {
	Entropy    float64         `json:"entropy,omitempty"` // a secret has more, in bits a character
	Exceptions []*keyException `json:"exceptions,omitempty"`
	Group      int             `json:"group,omitempty"` // of Regex, the secret; 0 is the first that matched
	ID         string          `json:"id"`
	Keywords   []string        `json:"keywords"` // in lower case; a text without any of them has no such key
	Regex      *lazyRegexp     `json:"regex"`
}

// keyException says what is no secret although a rule finds it.
type keyException struct {
	All       bool        `json:"all,omitempty"`    // Regex and StopWords must both hold, else one of them
	Never     bool        `json:"never,omitempty"`  // it also wants a path or a commit, which a message has not
	Regex     *lazyRegexp `json:"regex,omitempty"`  // found in what Target names
	StopWords []string    `json:"words,omitempty"`  // in lower case; the secret contains one
	Target    string      `json:"target,omitempty"` // "match", "line", or empty for the secret

	words func() *automaton[struct{}] // of StopWords, made when it is first asked
}

// lazyRegexp compiles when it first matches: a desk meets few of the rules.
type lazyRegexp struct {
	compiled func() *regexp.Regexp
	source   string
}

// newLazyRegexp panics at its first use when source is no expression: a test compiles all of them.
func newLazyRegexp(source string) *lazyRegexp {
	return &lazyRegexp{compiled: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(source) }), source: source}
}

// MarshalText implements [encoding.TextMarshaler].
func (l *lazyRegexp) MarshalText() ([]byte, error) { return []byte(l.source), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (l *lazyRegexp) UnmarshalText(text []byte) error {
	*l = *newLazyRegexp(string(text))
	return nil
}

func newKeyRules() (*keyRules, error) {
	k := new(keyRules)
	if err := json.Unmarshal(keyRulesFile, k); err != nil {
		return nil, fmt.Errorf("read API key rules: %w", err)
	}
	exceptions := k.Exceptions
	var keywords []pattern[int]
	for i, rule := range k.Rules {
		words, anchored := rule.Keywords, newAnchoredRule(rule)
		if anchored != nil {
			words = anchored.words
		}
		for _, word := range words {
			keywords = append(keywords, pattern[int]{text: word, value: i})
		}
		k.anchored = append(k.anchored, anchored)
		exceptions = append(exceptions, rule.Exceptions...)
	}
	k.keywords = newAutomaton(keywords)
	for _, exception := range exceptions {
		exception.words = sync.OnceValue(func() *automaton[struct{}] {
			patterns := make([]pattern[struct{}], len(exception.StopWords))
			for i, word := range exception.StopWords {
				patterns[i].text = word
			}
			return newAutomaton(patterns)
		})
	}
	return k, nil
}

// keyMatch is a key found: offsets in the text that was searched.
type keyMatch struct {
	end, start int
	rule       string
}

// find returns the keys in text; lower is the text in lower case. A rule that begins with its word is tried where the
// word stands, the few others on all of the text.
func (k *keyRules) find(text, lower string) []keyMatch {
	var (
		anywhere []int
		found    []keyMatch
		until    []int // of each rule, the end of its last match
	)
	k.keywords.each(lower, func(start, end, rule int) {
		if until == nil {
			until = make([]int, len(k.Rules))
		}
		switch a := k.anchored[rule]; {
		case a == nil && until[rule] == 0:
			anywhere, until[rule] = append(anywhere, rule), 1
		case a != nil && start >= until[rule]:
			if at := a.match(text, start, end, until[rule]); at != nil {
				until[rule] = at[1]
				found = k.appendMatch(found, k.Rules[rule], text, at)
			}
		}
	})
	for _, rule := range anywhere {
		for _, at := range k.Rules[rule].Regex.compiled().FindAllStringSubmatchIndex(text, -1) {
			found = k.appendMatch(found, k.Rules[rule], text, at)
		}
	}
	return found
}

// appendMatch appends what a rule matched, unless it is no secret. at holds the offsets of the match and its groups.
func (k *keyRules) appendMatch(found []keyMatch, rule *keyRule, text string, at []int) []keyMatch {
	start, end := secretGroup(at, rule.Group)
	if start >= end || k.isAllowed(rule, text, [4]int{start, end, at[0], at[1]}) {
		return found
	}
	return append(found, keyMatch{end: end, rule: rule.ID, start: start})
}

// secretGroup returns the part of a match that is the secret: the group that the
// rule names, else the first that matched, else all of it.
func secretGroup(at []int, group int) (start, end int) {
	if group > 0 && 2*group+1 < len(at) {
		return at[2*group], at[2*group+1]
	}
	for i := 2; i < len(at); i += 2 {
		if at[i] < at[i+1] {
			return at[i], at[i+1]
		}
	}
	return at[0], at[1]
}

// isAllowed reports whether a match is no secret: too little randomness, or an
// exception of the rule or of all rules. at holds the offsets of the secret and of
// the match.
func (k *keyRules) isAllowed(rule *keyRule, text string, at [4]int) bool {
	secret, match := text[at[0]:at[1]], text[at[2]:at[3]]
	if rule.Entropy > 0 && entropy(secret) <= rule.Entropy {
		return true
	}
	for _, exceptions := range [][]*keyException{k.Exceptions, rule.Exceptions} {
		for _, exception := range exceptions {
			target := secret
			switch exception.Target {
			case "match":
				target = match
			case "line":
				target = lineAround(text, at[2], at[3])
			}
			if exception.holds(secret, target) {
				return true
			}
		}
	}
	return false
}

// holds reports whether a secret is none: by its words, or by the expression on the target that it names.
func (e *keyException) holds(secret, target string) bool {
	if e.Never {
		return false
	}
	stopped := len(e.StopWords) > 0 && e.words().contains(strings.ToLower(secret))
	matched := e.Regex != nil && e.Regex.compiled().MatchString(target)
	if !e.All {
		return matched || stopped
	}
	return (matched || e.Regex == nil) && (stopped || len(e.StopWords) == 0)
}

// lineAround returns the line of a match, no more than a little on both sides.
func lineAround(text string, start, end int) string {
	const reach = 200
	from, to := max(0, start-reach), min(len(text), end+reach)
	if i := strings.LastIndexByte(text[from:start], '\n'); i >= 0 {
		from += i + 1
	}
	if i := strings.IndexByte(text[end:to], '\n'); i >= 0 {
		to = end + i
	}
	return text[from:to]
}
