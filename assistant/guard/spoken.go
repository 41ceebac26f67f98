package guard

import (
	"regexp"
	"strings"
)

// Names that are written to be read by people only. They are never in an article, so that they need no place in the text.
var (
	// spaced is a run of single characters: "q u a y s i d e . t o p".
	spaced = regexp.MustCompile(`(?:[a-z0-9:/.@_-] ){5,}[a-z0-9:/.@_-]`)

	// spokenEnding is a name with the word for a dot and an ending of another script: "quayside-login 닷컴".
	spokenEnding = regexp.MustCompile(`[a-z0-9][a-z0-9-]{2,} ?(?:닷 ?(?:컴|넷|케이알)|ドット ?(?:コム|ネット|ジェーピー)|точка ?(?:ру|ком|рф|нет|орг)|` +
		`(?:دوت|نقطة) ?(?:كوم|نت|اورج|أورج))`)

	// spokenCountry is one with the ending of a country. "un point de contact" is none: the name must look like one.
	spokenCountry = regexp.MustCompile(`[a-z0-9]*[0-9-][a-z0-9-]* (?:dot|point|punto|ponto|punkt|nokta|titik|chấm|точка|دوت|نقطة) ` +
		`(?:[a-z]{2}|info|biz|top|help|support|shop|club|live|link|world|finance)(?:[^a-z]|$)`)
)

// spelledOut returns what a text spells out, as it is meant.
func spelledOut(text unmasked) []Contact {
	var found []Contact
	for _, run := range spaced.FindAllString(text.lower, -1) {
		inner, _ := scan(unmask(strings.ReplaceAll(run, " ", "")))
		found = append(found, inner...)
	}
	for _, pattern := range []*regexp.Regexp{spokenEnding, spokenCountry} {
		for _, name := range pattern.FindAllString(text.lower, -1) {
			found = append(found, Contact{Kind: KindLink, Value: strings.TrimSpace(name)})
		}
	}
	return found
}
