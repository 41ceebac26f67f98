package lexical_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

func wordingAnalyzer(own ...lexical.Concept) *lexical.Analyzer {
	concept := func(en, hans, ar string) lexical.Concept {
		return lexical.Concept{Name: lexical.ConceptName(en), Terms: []lexical.Term{
			{Locale: "en", Text: en}, {Locale: "zh-Hans", Text: hans}, {Locale: "ar", Text: ar},
		}}
	}
	built := []lexical.Concept{concept("withdrawal", "提币", "سحب"), concept("fee", "手续费", "رسوم"), concept("network", "网络", "شبكة")}
	return lexical.NewAnalyzer(lexical.NewTermbase(append(built, own...)...))
}

func TestWordingNamesWhatTheQuestionAndItsPassagesSpeakOf(t *testing.T) {
	t.Parallel()

	passages := []string{"The network fee depends on the network.", "Choose a network."}
	require.Equal(t, []lexical.Wording{{Concept: "withdrawal", Word: "提币"}, {Concept: "network", Word: "网络"}, {Concept: "fee", Word: "手续费"}},
		wordingAnalyzer().Wording("zh-Hans", "我的提币", passages, 10), "the question's first, then what most passages name")
	require.Equal(t, []lexical.Wording{{Concept: "fee", Word: "رسوم"}}, wordingAnalyzer().Wording("ar", "كم رسوم السحب؟ رسوم", nil, 1), "within the limit")
	require.Empty(t, wordingAnalyzer().Wording("en", "withdrawal fee", passages, 10), "nothing to tell in English")
	require.Empty(t, wordingAnalyzer().Wording("ja", "withdrawal fee", passages, 10), "no word in that language")
}

// A desk's own word stands before the built-in one, and an empty cell takes nothing away.
func TestWordingOfADeskComesFirst(t *testing.T) {
	t.Parallel()

	analyzer := wordingAnalyzer(lexical.Concept{Name: "withdrawal", Terms: []lexical.Term{{Locale: "en", Text: "withdrawal"}, {Locale: "zh-Hans", Text: "提现"}}})
	require.Equal(t, []lexical.Wording{{Concept: "withdrawal", Word: "提现"}}, analyzer.Wording("zh-Hans", "提币", nil, 10))
	require.Equal(t, []lexical.Wording{{Concept: "withdrawal", Word: "سحب"}}, analyzer.Wording("ar", "withdrawal", nil, 10))
}
