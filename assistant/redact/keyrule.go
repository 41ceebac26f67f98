package redact

import (
	"fmt"
	"strings"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
)

// keyRules are the rules of gitleaks for API keys. Only its rules are used and not
// its detector, whose time grows with the square of the findings on a line, which
// logs, and which a comment in the text can switch off.
type keyRules struct {
	global   []*config.Allowlist
	keywords *automaton[int] // which rule may apply
	rules    []config.Rule
}

func newKeyRules() (*keyRules, error) {
	// Not through the global viper, as gitleaks itself does: two that load at once
	// lose rules.
	file := viper.New()
	file.SetConfigType("toml")
	if err := file.ReadConfig(strings.NewReader(config.DefaultConfig)); err != nil {
		return nil, fmt.Errorf("read API key rules: %w", err)
	}
	var raw config.ViperConfig
	if err := file.Unmarshal(&raw); err != nil {
		return nil, fmt.Errorf("decode API key rules: %w", err)
	}
	parsed, err := raw.Translate()
	if err != nil {
		return nil, fmt.Errorf("compile API key rules: %w", err)
	}
	k := &keyRules{global: parsed.Allowlists}
	var keywords []pattern[int]
	for _, id := range parsed.OrderedRules {
		rule := parsed.Rules[id]
		if rule.Regex == nil || rule.Path != nil || rule.SkipReport || len(rule.RequiredRules) > 0 {
			continue // about files, or about several findings together
		}
		for _, word := range rule.Keywords {
			keywords = append(keywords, pattern[int]{text: strings.ToLower(word), value: len(k.rules)})
		}
		k.rules = append(k.rules, rule)
	}
	k.keywords = newAutomaton(keywords)
	return k, nil
}

// keyMatch is a key found: offsets in the text that was searched.
type keyMatch struct {
	end, start int
	rule       string
}

// find returns the keys in text; lower is the text in lower case.
func (k *keyRules) find(text, lower string) []keyMatch {
	var applicable []bool
	k.keywords.each(lower, func(_, _, rule int) {
		if applicable == nil {
			applicable = make([]bool, len(k.rules))
		}
		applicable[rule] = true
	})
	var found []keyMatch
	for i, wanted := range applicable {
		if !wanted {
			continue
		}
		for _, at := range k.rules[i].Regex.FindAllStringSubmatchIndex(text, -1) {
			start, end := secretGroup(at, k.rules[i].SecretGroup)
			if start < end && !k.isAllowed(&k.rules[i], text, [4]int{start, end, at[0], at[1]}) {
				found = append(found, keyMatch{end: end, rule: k.rules[i].RuleID, start: start})
			}
		}
	}
	return found
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
func (k *keyRules) isAllowed(rule *config.Rule, text string, at [4]int) bool {
	secret, match := text[at[0]:at[1]], text[at[2]:at[3]]
	if rule.Entropy > 0 && entropy(secret) <= rule.Entropy {
		return true
	}
	for _, lists := range [][]*config.Allowlist{k.global, rule.Allowlists} {
		for _, list := range lists {
			target := secret
			switch list.RegexTarget {
			case "match":
				target = match
			case "line":
				target = lineAround(text, at[2], at[3])
			}
			if excepts(list, secret, target) {
				return true
			}
		}
	}
	return false
}

// excepts reports whether a list makes an exception of a secret: by its words, or by
// its expressions on the target that it names.
func excepts(list *config.Allowlist, secret, target string) bool {
	stopped, _ := list.ContainsStopWord(secret)
	matched := list.RegexAllowed(target)
	if list.MatchCondition != config.AllowlistMatchAnd {
		return matched || stopped
	}
	// Conditions on paths and commits cannot hold for a message.
	return len(list.Paths) == 0 && len(list.Commits) == 0 &&
		(matched || len(list.Regexes) == 0) && (stopped || len(list.StopWords) == 0)
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
