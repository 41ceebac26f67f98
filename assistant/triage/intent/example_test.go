package intent

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestEveryIntentHasEnoughExamples(t *testing.T) {
	t.Parallel()

	taxonomy, err := Default()
	require.NoError(t, err)
	examples := defaultExamples(t)
	counts := make(map[string]map[string]int)
	for _, e := range examples {
		if e.Intent != OutOfScope {
			_, ok := taxonomy.Lookup(e.Intent)
			require.True(t, ok, "%s is not in the taxonomy", e.Intent)
		}
		if counts[e.Intent] == nil {
			counts[e.Intent] = make(map[string]int)
		}
		counts[e.Intent][e.Language]++
	}
	others := []string{"zh-Hant", "vi", "tr", "ru", "ko", "es", "pt", "id", "ar", "ja", "de", "fr"}
	inAllLanguages := 0
	for _, it := range taxonomy.Intents() {
		require.GreaterOrEqual(t, counts[it.ID]["en"], 8, "%s in en", it.ID)
		require.GreaterOrEqual(t, counts[it.ID]["zh-Hans"], 8, "%s in zh-Hans", it.ID)
		complete := true
		for _, language := range others {
			complete = complete && counts[it.ID][language] >= 2
		}
		if complete {
			inAllLanguages++
		}
	}
	require.GreaterOrEqual(t, inAllLanguages, 50)
	for _, language := range append(others, "en", "zh-Hans") {
		require.GreaterOrEqual(t, counts[OutOfScope][language], 5, "out of scope in %s", language)
	}
}

func TestExamplesHaveKnownLanguages(t *testing.T) {
	t.Parallel()

	examples := defaultExamples(t)
	for _, e := range examples {
		require.Contains(t, strings.Fields("en zh-Hans zh-Hant vi tr ru ko es pt id ar ja de fr"), e.Language, e.Text)
	}
}

func TestParseExamples(t *testing.T) {
	t.Parallel()

	examples, err := ParseExamples(strings.NewReader("deposit.how_to:\n  en: |\n    how: do i deposit?\n\n    #2 - where\n"+
		"  ar: |\n    كيف اودع\nout_of_scope:\n  en: hello moon\n"), "e.yaml")
	require.NoError(t, err)
	require.Equal(t, []Example{
		{Intent: "deposit.how_to", Language: "en", Text: "how: do i deposit?"},
		{Intent: "deposit.how_to", Language: "en", Text: "#2 - where"},
		{Intent: "deposit.how_to", Language: "ar", Text: "كيف اودع"},
		{Intent: OutOfScope, Language: "en", Text: "hello moon"},
	}, examples)
}

func TestParseExamplesNamesTheLine(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"deposit:\n  en: a\n":                          `e.yaml:1: "deposit" is neither`,
		"a.b:\n  en:\n":                                `e.yaml:2: a.b has no examples in "en"`,
		"a.b:\n  en: |\n    x\n    y\n    x\n":         `e.yaml:5: example "x" is also under a.b`,
		"a.b:\n  en: |\n    x\na.c:\n  de: |\n    x\n": `e.yaml:6: example "x" is also under a.b`,
		"a.b:\n  - x\n":                                "e.yaml:2: expected a mapping",
		"a.b: x\n":                                     "e.yaml:1: expected a mapping",
	} {
		_, err := ParseExamples(strings.NewReader(text), "e.yaml")
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzParseExamples(f *testing.F) {
	f.Add("a.b:\n  en: |\n    x\n")
	f.Add("a.b: {en: [x]}\nout_of_scope: *x\n")
	f.Fuzz(func(t *testing.T, text string) {
		examples, err := ParseExamples(strings.NewReader(text), "f.yaml")
		if err != nil {
			return
		}
		for _, e := range examples {
			require.NotEmpty(t, e.Text)
			require.NotEmpty(t, e.Intent)
		}
	})
}

func TestPackedExamplesReadTheSame(t *testing.T) {
	t.Parallel()

	folder := fstest.MapFS{
		"a.yaml": {Data: []byte("account.mfa_setup:\n  en: |\n    how do i set up 2fa\n  ar: |\n    كيف اضيف المصادقة\n")},
		"b.yaml": {Data: []byte("kyc.pending:\n  zh-Hans: |\n    认证多久\n")},
		"c.txt":  {Data: []byte("no examples")},
	}
	want, err := ReadExamples(folder)
	require.NoError(t, err)
	require.Len(t, want, 3)
	packed, err := PackExamples(folder)
	require.NoError(t, err)
	again, err := PackExamples(folder)
	require.NoError(t, err)
	require.Equal(t, packed, again)
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	require.NoError(t, err)
	got, err := ReadExamples(archive)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestReadExamplesNamesTheProblemsOfAllFiles(t *testing.T) {
	t.Parallel()

	_, err := ReadExamples(fstest.MapFS{"a.yaml": {Data: []byte("x: 1")}, "b.yaml": {Data: []byte("- 1")}})
	require.ErrorContains(t, err, "a.yaml:1")
	require.ErrorContains(t, err, "b.yaml:1")
}

func FuzzParseRetold(f *testing.F) {
	f.Add("intent\ten\tde\na.b\twhere is it\two ist es\n")
	f.Add("intent\ten\n\t\n")
	f.Add("\xff\t\x00")
	f.Fuzz(func(t *testing.T, text string) {
		examples, err := ParseRetold(strings.NewReader(text), "f.tsv")
		if err != nil {
			require.ErrorContains(t, err, "f.tsv")
			return
		}
		for _, e := range examples {
			require.NotEmpty(t, e.Text)
			require.NotEmpty(t, e.Intent)
		}
	})
}
