package widget_test

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/require"
	"github.com/tyler-smith/go-bip39"
	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/deskhand/deskhand/assistant/redact"
)

// phrasesEach is how many random phrases of each list are judged.
const phrasesEach = 100

// testJudgement runs the widget's rules over phrases and over what people write, beside the service's. The texts that a
// harmless one may be are those that teach the intent model, in 14 languages.
func testJudgement(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	built := api.Build(api.BuildOptions{Bundle: true, EntryPoints: []string{"src/secrets.js"}, Format: api.FormatIIFE, GlobalName: "secrets"})
	require.Empty(t, built.Errors)
	b.Do(string(built.OutputFiles[0].Contents) + "; window.secrets = secrets")
	lists, err := json.Marshal(map[string][]string{
		"en": wordlists.English, "es": wordlists.Spanish, "fr": wordlists.French, "ja": wordlists.Japanese, "ko": wordlists.Korean,
		"zh-Hans": wordlists.ChineseSimplified, "zh-Hant": wordlists.ChineseTraditional,
	})
	require.NoError(t, err)
	judge := func(texts []string) []string { // returns those in which a secret is seen
		encoded, err := json.Marshal(texts)
		require.NoError(t, err)
		return read[[]string](b, `((lists) => `+string(encoded)+`.filter((text) => secrets.findSecret(text, lists)))(
			Object.values(`+string(lists)+`).map((words) => new Set(words.map(secrets.folded))))`)
	}

	phrases := randomPhrases(t)
	seen := judge(phrases)
	t.Logf("recovery phrases seen: %d of %d", len(seen), len(phrases))
	require.Len(t, seen, len(phrases))

	redactor, err := redact.New(redact.Config{})
	require.NoError(t, err)
	harmless := whatPeopleWrite(t)
	alarms := judge(harmless)
	false_ := 0
	for _, text := range alarms {
		if len(redactor.Redact(text).Findings) == 0 {
			false_++
			t.Logf("false alarm: %q", text)
		}
	}
	t.Logf("harmless texts warned of: %d of %d", false_, len(harmless))
	require.Zero(t, false_)
}

// randomPhrases are valid phrases of 12 to 24 words from every list that the widget knows; the same at each run.
func randomPhrases(t *testing.T) []string {
	t.Helper()
	random := rand.NewChaCha8([32]byte{1})
	var phrases []string
	for _, list := range [][]string{
		wordlists.English, wordlists.Spanish, wordlists.French, wordlists.Japanese, wordlists.Korean,
		wordlists.ChineseSimplified, wordlists.ChineseTraditional,
	} {
		bip39.SetWordList(list)
		for i := range phrasesEach {
			entropy := make([]byte, 16+4*(i%5))
			_, err := random.Read(entropy)
			require.NoError(t, err)
			words, err := bip39.NewMnemonic(entropy)
			require.NoError(t, err)
			phrases = append(phrases, words)
		}
	}
	bip39.SetWordList(wordlists.English)
	return phrases
}

// whatPeopleWrite are the examples of the intents, and the harmless texts of the development data where they are.
func whatPeopleWrite(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../triage/intent/examples/*")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	if data := os.Getenv("DESKHAND_DEV_DATA"); data != "" {
		more, err := filepath.Glob(filepath.Join(data, "*", "benign*.jsonl"))
		require.NoError(t, err)
		names = append(names, more...)
	}
	var texts []string
	step := 1
	if os.Getenv("DESKHAND_DEV_DATA") == "" {
		step = 4 // a quarter is enough to notice a rule that went wrong, and takes seconds
	}
	for _, name := range names {
		file, err := os.Open(name)
		require.NoError(t, err)
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for i := 0; lines.Scan(); i++ {
			if i%step != 0 {
				continue
			}
			text := strings.TrimSpace(lines.Text())
			var row struct {
				Text string `json:"text"`
			}
			if json.Unmarshal([]byte(text), &row) == nil {
				text = row.Text
			}
			if text != "" {
				texts = append(texts, text)
			}
		}
		require.NoError(t, lines.Err())
		require.NoError(t, file.Close())
	}
	return texts
}
