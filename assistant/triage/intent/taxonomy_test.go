package intent

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDefaultTaxonomy(t *testing.T) {
	t.Parallel()

	taxonomy, err := Default()
	require.NoError(t, err)
	require.Len(t, taxonomy.Intents(), 80)

	it, ok := taxonomy.Lookup("withdrawal.cancel_request")
	require.True(t, ok)
	require.Equal(t, "withdrawal", it.Category)
	require.Equal(t, "P1", it.Priority)
	require.Equal(t, AutoAnswerNever, it.AutoAnswer)
	require.Contains(t, it.Collect, "withdrawal ID")
	require.NotEmpty(t, it.Definition)
	require.NotEmpty(t, it.Why)

	_, ok = taxonomy.Lookup("withdrawal.nothing")
	require.False(t, ok)
}

func TestNoSecurityIntentMayBeAnsweredFreely(t *testing.T) {
	t.Parallel()

	taxonomy, err := Default()
	require.NoError(t, err)
	for _, it := range taxonomy.Intents() {
		if it.Category == "security" && it.ID != "security.verify_official_contact" {
			require.NotEqual(t, AutoAnswerYes, it.AutoAnswer, it.ID)
		}
		for _, ask := range it.Collect {
			for secret := range strings.SplitSeq("password,seed,private key,cvv", ",") {
				require.False(t, strings.HasPrefix(strings.ToLower(ask), secret), "%s asks for %q", it.ID, ask)
			}
		}
	}
}

func TestIntentsCannotBeChangedThroughACopy(t *testing.T) {
	t.Parallel()

	taxonomy, err := Default()
	require.NoError(t, err)
	taxonomy.Intents()[0].Collect[0] = "your password"
	it, _ := taxonomy.Lookup(taxonomy.Intents()[0].ID)
	it.Collect[0] = "your password"
	require.NotEqual(t, "your password", taxonomy.Intents()[0].Collect[0])
}

func TestParseNamesTheLineOfEveryMistake(t *testing.T) {
	t.Parallel()

	const good = "intents:\n" +
		"  - id: fiat.how_to\n" + // line 2
		"    definition: d\n" +
		"    priority: P4\n" +
		"    auto_answer: yes\n" +
		"    why: w\n" +
		"    collect: [country]\n" // line 7
	_, err := Parse(strings.NewReader(good), "t.yaml")
	require.NoError(t, err)

	for name, test := range map[string]struct {
		old, new string
		want     string
	}{
		"an unknown field":         {"    why: w\n", "    why: w\n    reason: r\n", `t.yaml:7: unknown field "reason"`},
		"an unknown top field":     {"intents:", "version: 1\nintents:", `t.yaml:1: unknown field "version"`},
		"a missing field":          {"    why: w\n", "", `t.yaml:2: field "why" is missing`},
		"an empty field":           {"definition: d", "definition:", `t.yaml:3: field "definition" is empty`},
		"a wrong priority":         {"P4", "P5", `t.yaml:4: priority "P5" is not one of P1, P2, P3, P4`},
		"a wrong auto_answer":      {"auto_answer: yes", "auto_answer: true", `t.yaml:5: auto_answer "true" is not one of`},
		"an id without a category": {"fiat.how_to", "how_to", `t.yaml:2: id "how_to" is not <category>.<name>`},
		"an id in upper case":      {"fiat.how_to", "Fiat.HowTo", `t.yaml:2: id "Fiat.HowTo" is not`},
		"a field given twice":      {"    why: w\n", "    why: w\n    why: v\n", "t.yaml:7: "},
		"a text for a list":        {"[country]", "country", `t.yaml:7: field "collect" must be a list`},
		"a list for a text":        {"definition: d", "definition: [d]", `t.yaml:3: field "definition" must be a text`},
		"an empty list entry":      {"[country]", `["country", ""]`, `t.yaml:7: field "collect" has an empty entry`},
		"an anchor":                {"definition: d", "definition: &a d", `t.yaml:3: field "definition" uses an anchor`},
		"a list at the top":        {"intents:\n", "", "t.yaml:1: expected a mapping"},
		"broken YAML":              {"    priority: P4", "    priority: [P4", "t.yaml:"},
		"invalid UTF-8":            {"definition: d", "definition: \xff", "t.yaml:3: text is not valid UTF-8"},
		"a second document":        {"[country]\n", "[country]\n---\na: b\n", "t.yaml:9: file has more than one document"},
		"a duplicate id":           {"intents:\n", "intents:\n" + strings.TrimPrefix(good, "intents:\n"), `t.yaml:8: id "fiat.how_to" is a duplicate of entry 1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			text := strings.Replace(good, test.old, test.new, 1)
			require.NotEqual(t, good, text)
			_, err := Parse(strings.NewReader(text), "t.yaml")
			require.ErrorContains(t, err, test.want)
			var syntax *SyntaxError
			require.ErrorAs(t, err, &syntax)
		})
	}
}

func TestParseReportsAllMistakesAtOnce(t *testing.T) {
	t.Parallel()

	_, err := Parse(strings.NewReader("intents:\n  - id: a.b\n    definition: d\n    priority: high\n"+
		"    auto_answer: maybe\n    why: w\n    collect: []\n  - id: a.c\n"), "t.yaml")
	for _, want := range []string{"t.yaml:4:", "t.yaml:5:", `t.yaml:8: field "why" is missing`} {
		require.ErrorContains(t, err, want)
	}
}

func TestParseEmptyFiles(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"", "\n\n", "# nothing\n", "intents: []\n", "intents:\n", "---\n"} {
		_, err := Parse(strings.NewReader(text), "t.yaml")
		require.Error(t, err, "%q", text)
	}
}

func TestParsePassesOnAReadError(t *testing.T) {
	t.Parallel()

	broken := errors.New("disk is gone")
	_, err := Parse(failingReader{broken}, "t.yaml")
	require.ErrorIs(t, err, broken)
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func FuzzParse(f *testing.F) {
	f.Add(defaultTaxonomy[:3000])
	f.Add("intents:\n  - id: a.b\n")
	f.Add("intents: &a [*a]\n")
	f.Add("? a\n: |\n  b\n---\n!!x {")
	f.Fuzz(func(t *testing.T, text string) {
		taxonomy, err := Parse(strings.NewReader(text), "f.yaml")
		if err != nil {
			return
		}
		for _, it := range taxonomy.Intents() {
			found, ok := taxonomy.Lookup(it.ID)
			require.True(t, ok)
			require.Equal(t, it, found)
		}
	})
}
