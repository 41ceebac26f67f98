package intent

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTokenizeMakesAlikeWhatPeopleTypeAlike(t *testing.T) {
	t.Parallel()

	for name, pair := range map[string][2]string{
		"case":                      {"Where Is My BTC", "where is my btc"},
		"apostrophes":               {"can't", "can’t"},
		"full-width":                {"ＵＳＤＴ", "usdt"},
		"Vietnamese accents":        {"rút tiền đang chờ", "rut tien dang cho"},
		"Spanish accents":           {"contraseña", "contrasena"},
		"Turkish dotless i":         {"yatırma", "yatirma"},
		"Cyrillic ё":                {"придёт", "придет"},
		"traditional Chinese":       {"帳戶凍結", "账户冻结"},
		"Arabic vowels and tatweel": {"سَحْب", "سـحب"},
		"Arabic alef":               {"إيداع", "ايداع"},
		"numbers":                   {"order 123456", "order 9"},
		"drawn-out letters":         {"heeeelp", "heelp"},
		"zero-width characters":     {"with\u200bdraw", "withdraw"},
	} {
		require.Equal(t, words(pair[1]), words(pair[0]), name)
	}
}

func TestTokenizeKeepsApartWhatDiffers(t *testing.T) {
	t.Parallel()

	require.Equal(t, []string{"提币", "usdt", "没到账"}, words("提币USDT没到账"))
	require.Equal(t, []string{"출금"}, words("출금"))
	require.Equal(t, []string{"がき"}, words("がき"))
	require.NotEqual(t, words("かき"), words("がき"))
	require.Empty(t, words(" \t\n!?。、…😀"))
}

func TestTokenizeBoundsItsWork(t *testing.T) {
	t.Parallel()

	n := 0
	for _, token := range tokenize(strings.Repeat("a b 提", 1<<20)) {
		n += len(token.runes)
	}
	require.LessOrEqual(t, n, maxRunes)
}

func TestLexiconMatchesAcrossLanguages(t *testing.T) {
	t.Parallel()

	withdraw := builtinLexicon().find(tokenize("withdraw"))
	require.Len(t, withdraw, 1)
	for _, text := range []string{
		"提幣", "我要提币", "rut tien", "çekim", "когда вывод?", "выводе", "출금이", "retiros", "meu saque", "wd pending",
		"السحب", "وسحبت", "出金", "Auszahlung", "mes retraits",
	} {
		require.Contains(t, builtinLexicon().find(tokenize(text)), withdraw[0], text)
	}
	require.NotContains(t, builtinLexicon().find(tokenize("swd rutabaga")), withdraw[0])
}

func TestLexiconHasNoConceptTwice(t *testing.T) {
	t.Parallel()

	seen := make(map[string]bool)
	for line := range strings.Lines(lexiconText) {
		name, _, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		require.False(t, seen[name], name)
		seen[name] = true
	}
	require.Greater(t, len(seen), 100)
}

func words(text string) []string {
	var all []string
	for _, token := range tokenize(text) {
		all = append(all, string(token.runes))
	}
	return all
}
