package retrieval

import (
	"strings"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// Locale returns the tag under which the knowledge base keeps a language, as lexical.Locale does.
func Locale(tag string) (string, bool) { return lexical.Locale(tag) }

// LanguageMatch says how the language of an article relates to the customer's.
type LanguageMatch string

// From best to worst. Related are the two scripts of Chinese; unknown is a query that named no language.
const (
	LanguageExact   LanguageMatch = "exact"
	LanguageRelated LanguageMatch = "related"
	LanguageOther   LanguageMatch = "other"
	LanguageUnknown LanguageMatch = "unknown"
)

func matchLanguage(wanted, locale string) LanguageMatch {
	switch {
	case wanted == "":
		return LanguageUnknown
	case wanted == locale:
		return LanguageExact
	case strings.HasPrefix(wanted, "zh-") && strings.HasPrefix(locale, "zh-"):
		return LanguageRelated
	default:
		return LanguageOther
	}
}

// preferred returns the languages in which a customer is shown an article, best first: their own, for Chinese the other
// script, then the fallback.
func preferred(wanted, fallback string) []string {
	switch wanted {
	case "zh-Hans":
		return []string{wanted, "zh-Hant", fallback}
	case "zh-Hant":
		return []string{wanted, "zh-Hans", fallback}
	default:
		return []string{wanted, fallback}
	}
}
