package retrieval

import (
	"strings"

	"golang.org/x/text/language"
)

// Locale returns the tag under which the knowledge base keeps a language: the base language, and for Chinese also the
// script (zh-CN and zh become zh-Hans, zh-TW and zh-HK zh-Hant, pt-BR pt). It returns false for what is not a language.
func Locale(tag string) (string, bool) {
	parsed, err := language.Parse(strings.TrimSpace(tag))
	if err != nil {
		return "", false
	}
	base, confidence := parsed.Base()
	if confidence == language.No || base.String() == "und" {
		return "", false
	}
	if base.String() != "zh" {
		return base.String(), true
	}
	script, _ := parsed.Script()
	if script.String() == "Hant" {
		return "zh-Hant", true
	}
	return "zh-Hans", true
}

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
