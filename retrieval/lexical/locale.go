package lexical

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
