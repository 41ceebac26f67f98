package lang_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/lang"
)

func TestCanonicalReadsTheSpellingsOfSitesAndBrowsers(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"en": "en", "en-GB": "en", "EN_us": "en", "en-US,en;q=0.9,de;q=0.8": "en", "eng": "en", "en_US.UTF-8": "en",
		"zh": "zh-Hans", "zh-CN": "zh-Hans", "zh_cn": "zh-Hans", "zh-SG": "zh-Hans", "zh-Hans-HK": "zh-Hans", "cmn-Hans": "zh-Hans",
		"zho": "zh-Hans", "zh-TW": "zh-Hant", "zh-HK": "zh-Hant", "zh-MO": "zh-Hant", "zh_Hant_CN": "zh-Hant", "yue": "zh-Hant",
		"zh-CHT": "zh-Hant", "pt-BR": "pt", "pt-PT": "pt", "in": "id", "id-ID": "id", "fil": "tl", "fil-PH": "tl", "ar-EG": "ar",
		" ru ":    "ru", //nolint:gocritic // the spaces are the case
		"sr-Latn": "", "de_DE@euro": "de", "uk-UA": "uk", "es-419": "es", "msa": "ms", "vi-VN": "vi", "tr": "tr",
		"": "", "und": "", "*": "", "xx": "", "english": "", "e": "", "en-": "", "-en": "", "en--US": "", "zh-toolongsubtag": "",
		"日本語": "", "en\x00": "", "null": "", "undefined": "",
	} {
		got, ok := lang.Canonical(tag)
		if want == "" {
			require.False(t, ok, tag)
			require.Equal(t, "und", got, tag)
			continue
		}
		require.True(t, ok, tag)
		require.Equal(t, want, got, tag)
	}
}

func TestSupportedAreFourteenCanonicalTags(t *testing.T) {
	t.Parallel()
	require.Len(t, lang.Supported(), 14)
	for _, tag := range lang.Supported() {
		got, ok := lang.Canonical(tag)
		require.True(t, ok)
		require.Equal(t, tag, got)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"zh-TW", "pt_BR", "en;q=1", "", "--", strings.Repeat("a-", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		got, ok := lang.Canonical(tag)
		require.Contains(t, knownTags(), got)
		require.Equal(t, got != "und", ok)
		again, _ := lang.Canonical(got)
		require.Equal(t, got, again)
	})
}
