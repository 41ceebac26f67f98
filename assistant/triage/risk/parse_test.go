package risk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a rule file with one rule, into which the cases below put a mistake.
const small = `language: en
sets:
  account: account | acct
guards:
  negated:
    where: head
    within: 4
    words: not
default_guards: [negated]
rules:
  - id: hacked
    risk: account_takeover
    when: ["$account > hacked"]
    matches: [my account was hacked]
    ignores: [my account was not hacked]
`

func TestParseReadsARuleFile(t *testing.T) {
	t.Parallel()
	rules, err := Parse(strings.NewReader(small), "small.yaml")
	require.NoError(t, err)
	require.Equal(t, []Match{{Risk: AccountTakeover, Rule: "en.hacked", Start: 3, End: 21}}, rules.Match("my account was hacked"))
	require.Empty(t, rules.Match("my account was not hacked"))
}

func TestParseNamesFileAndLineOfAMistake(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ old, new, want string }{
		"duplicate rule":          {"rules:\n", "rules:\n  - {id: hacked, risk: complaint, when: [bad], matches: [bad], ignores: [good]}\n", "f.yaml:12: rule hacked is already on line 11"},
		"empty term":              {"account | acct", "account || acct", "f.yaml:3: empty term"},
		"empty file":              {small, "", "f.yaml:1: the file is empty"},
		"guard without reach":     {"within: 4", "within: 0", "f.yaml:6: guard negated: after, before and head want a positive within"},
		"missing example":         {"ignores: [my account was not hacked]", "ignores: []", "f.yaml:11: rule hacked: give at least one text under matches and one under ignores"},
		"mixed operators":         {"$account > hacked", "$account > hacked + now", "f.yaml:13: rule hacked: a pattern has either + or >"},
		"nothing after operator":  {"$account > hacked", "$account >", "f.yaml:13: rule hacked: a pattern has nothing beside + or >"},
		"only an operator":        {"$account > hacked", "+", "f.yaml:13: rule hacked: a pattern has nothing beside + or >"},
		"no language":             {"language: en", "language: ''", "language is missing"},
		"not a letter":            {"account | acct", "acc@unt", `f.yaml:3: term "acc@unt"`},
		"set refers to itself":    {"account | acct", "$account", "f.yaml:3: set account refers to itself"},
		"star too short":          {"account | acct", "a*", "f.yaml:3: term"},
		"unknown default guard":   {"[negated]", "[missing]", `f.yaml:9: unknown guard "missing"`},
		"unknown field":           {"language: en", "lanugage: en", "line 1: field lanugage not found"},
		"unknown place of guard":  {"where: head", "where: inside", "f.yaml:6: guard negated: where"},
		"unknown risk":            {"account_takeover", "takeover", `rule hacked: unknown risk "takeover"`},
		"unknown set":             {"$account > hacked", "$acount > hacked", "f.yaml:13: unknown set $acount"},
		"wrong script":            {"language: en", "language: en\nscript: runes", "f.yaml:2: script"},
		"yaml that does not read": {"language: en", "language: [", "f.yaml: yaml: line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, small, tc.old)
			_, err := Parse(strings.NewReader(strings.Replace(small, tc.old, tc.new, 1)), "f.yaml")
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestParseRefusesAHugeFile(t *testing.T) {
	t.Parallel()
	_, err := Parse(strings.NewReader(strings.Repeat("#", maxFile+1)), "huge.yaml")
	require.ErrorContains(t, err, "larger than")
}

func TestAccentsTellWordsApartOnlyWhereTyped(t *testing.T) {
	t.Parallel()
	rules, err := Parse(strings.NewReader(strings.NewReplacer("language: en", "language: vi\naccents: strict", "account | acct", "mất").Replace(small)), "vi.yaml")
	require.NoError(t, err)
	for text, want := range map[string]int{"mất hacked": 1, "mat hacked": 1, "mặt hacked": 0} {
		require.Len(t, rules.Match(text), want, text)
	}
}

func TestExceptionTurnsAGuardRound(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	require.Empty(t, rules.Match("what do I do if my account gets hacked"))
	require.Contains(t, risksOf(rules.Match("i am not sure if my account was hacked")), AccountTakeover)
}
