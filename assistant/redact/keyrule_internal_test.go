package redact

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"
	"github.com/zricethezav/gitleaks/v8/config"
)

func TestKeyRulesAreThoseOfGitleaks(t *testing.T) {
	t.Parallel()

	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(gitleaksRules(t)))
	if *update {
		require.NoError(t, os.WriteFile("keyrules.json", want.Bytes(), 0o644))
	}
	require.True(t, bytes.Equal(want.Bytes(), keyRulesFile), "keyrules.json has to be written again, with -update")
}

func TestEveryExpressionOfTheKeyRulesCompiles(t *testing.T) {
	t.Parallel()

	rules, err := newKeyRules()
	require.NoError(t, err)
	require.Greater(t, len(rules.Rules), 200)
	exceptions := rules.Exceptions
	for _, rule := range rules.Rules {
		require.NotPanics(t, func() { rule.Regex.compiled() }, rule.ID)
		require.NotEmpty(t, rule.Keywords, "%s would never apply", rule.ID)
		exceptions = append(exceptions, rule.Exceptions...)
	}
	for _, exception := range exceptions {
		if exception.Regex != nil {
			require.NotPanics(t, func() { exception.Regex.compiled() })
		}
	}
}

// gitleaksRules are those that concern a text: not those about files, or about several findings together.
func gitleaksRules(t *testing.T) keyRules {
	t.Helper()
	// Not through the global viper, as gitleaks itself does: two that load at once lose rules.
	file := viper.New()
	file.SetConfigType("toml")
	require.NoError(t, file.ReadConfig(strings.NewReader(config.DefaultConfig)))
	var raw config.ViperConfig
	require.NoError(t, file.Unmarshal(&raw))
	parsed, err := raw.Translate()
	require.NoError(t, err)

	rules := keyRules{Exceptions: exceptionsOf(parsed.Allowlists)}
	for _, id := range parsed.OrderedRules {
		rule := parsed.Rules[id]
		if rule.Regex == nil || rule.Path != nil || rule.SkipReport || len(rule.RequiredRules) > 0 {
			continue
		}
		keywords := slices.Clone(rule.Keywords)
		for i, word := range keywords {
			keywords[i] = strings.ToLower(word)
		}
		rules.Rules = append(rules.Rules, &keyRule{
			Entropy: rule.Entropy, Exceptions: exceptionsOf(rule.Allowlists), Group: rule.SecretGroup, ID: rule.RuleID, Keywords: keywords,
			Regex: newLazyRegexp(rule.Regex.String()),
		})
	}
	return rules
}

func exceptionsOf(lists []*config.Allowlist) []*keyException {
	var exceptions []*keyException
	for _, list := range lists {
		exception := keyException{
			All: list.MatchCondition == config.AllowlistMatchAnd, StopWords: slices.Clone(list.StopWords), Target: list.RegexTarget,
		}
		elsewhere := len(list.Paths) > 0 || len(list.Commits) > 0
		exception.Never = elsewhere && (exception.All || len(list.Regexes)+len(list.StopWords) == 0)
		slices.Sort(exception.StopWords)
		var sources []string
		for _, regex := range list.Regexes {
			sources = append(sources, "(?:"+regex.String()+")")
		}
		if len(sources) > 0 {
			exception.Regex = newLazyRegexp(strings.Join(sources, "|"))
		}
		exceptions = append(exceptions, &exception)
	}
	return exceptions
}
