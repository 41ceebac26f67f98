package redact

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnchoredRulesFindWhatTheirExpressionsFind compares the search at words with the search of all of the text.
func TestAnchoredRulesFindWhatTheirExpressionsFind(t *testing.T) {
	t.Parallel()

	rules, err := newKeyRules()
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 1))
	found := 0
	for range 100 {
		text := assignments(random, rules)
		matches := rules.find(text, strings.ToLower(text))
		require.Equal(t, inOrder(everywhere(rules, text)), inOrder(matches), "%q", text)
		found += len(matches)
	}
	require.Greater(t, found, 50)
}

func FuzzKeyRules(f *testing.F) {
	rules, err := newKeyRules()
	require.NoError(f, err)
	random := rand.New(rand.NewPCG(2, 2))
	for range 20 {
		f.Add(assignments(random, rules))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<10 {
			return // the expressions take their time on longer ones
		}
		text = fold(text).text
		require.Equal(t, inOrder(everywhere(rules, text)), inOrder(rules.find(text, strings.ToLower(text))))
	})
}

// everywhere applies each rule whose keywords occur to all of the text, as gitleaks does.
func everywhere(k *keyRules, text string) []keyMatch {
	var found []keyMatch
	for _, rule := range k.Rules {
		if slices.ContainsFunc(rule.Keywords, func(word string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(word)) }) {
			for _, at := range rule.Regex.compiled().FindAllStringSubmatchIndex(text, -1) {
				found = k.appendMatch(found, rule, text, at)
			}
		}
	}
	return found
}

func inOrder(matches []keyMatch) []keyMatch {
	slices.SortFunc(matches, func(a, b keyMatch) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.rule, b.rule))
	})
	return matches
}

// assignments makes a text of names of services, signs and random values.
func assignments(random *rand.Rand, k *keyRules) string {
	const letters = "abcdef0123456789ABCDEFghijkXYZ_-+/=."
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	var b strings.Builder
	for range 5 {
		rule := k.Rules[random.IntN(len(k.Rules))]
		b.WriteString(one("", " ", "my_", "x.", "-"))
		b.WriteString(one(one(rule.Keywords...), strings.ToUpper(one(rule.Keywords...)), "api", "auth_token", "secret key", "passwd", "creds"))
		b.WriteString(one("", " key", "_token", " is my"))
		b.WriteString(one(": ", "=", " => ", "\n", ", ", " '", "\": \"", "||", "?=", " "))
		length := []int{8, 15, 16, 20, 24, 32, 32, 36, 40, 40, 43, 45, 64, 64, 150, 600}[random.IntN(16)]
		alphabet := []int{6, 16, 16, 36}[random.IntN(4)]
		for range length {
			b.WriteByte(letters[random.IntN(alphabet)])
		}
		b.WriteString(one(" ", "\n", "\"", ";", ", ", "'"))
	}
	return b.String()
}
