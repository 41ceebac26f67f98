package lang

import (
	"slices"
	"strings"
)

// Tags with a meaning of their own in this package.
const (
	english       = "en"
	simplified    = "zh-Hans"
	traditional   = "zh-Hant"
	undetermined  = "und"
	maxHintLength = 64 // bytes; a longer "tag" is a mistake of the caller's site, not a tag
	maxSubtag     = 8  // characters, RFC 5646 section 2.1
)

// Supported lists the 14 languages the desk writes in, as BCP 47 tags; the desk's first two languages come first.
func Supported() []string {
	return []string{
		english, simplified, traditional, "vi", "tr", "ru", "ko", "es", "pt", "id", "ar", "ja", "de", "fr",
	}
}

// Canonical maps what sites and browsers send as a language ("zh_CN", "pt-BR", "in", "en-GB,en;q=0.9", "de_DE.UTF-8",
// "zho") to the tag that this package uses, and reports whether it is one of the languages known here. An unknown,
// invalid or empty tag gives "und" and false. Chinese is told apart by its script subtag, else by its region
// (RFC 5646; Taiwan, Hong Kong and Macao write traditional characters).
func Canonical(tag string) (string, bool) {
	if len(tag) > maxHintLength {
		return undetermined, false
	}
	tag, _, _ = strings.Cut(tag, ",") // the first entry of an Accept-Language list
	tag, _, _ = strings.Cut(tag, ";") // its quality
	tag, _, _ = strings.Cut(tag, ".") // the encoding of a POSIX locale
	tag, _, _ = strings.Cut(tag, "@") // its modifier
	tag = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	subtags := strings.Split(tag, "-")
	if !slices.ContainsFunc(subtags, invalidSubtag) {
		if base, ok := primaryTag(subtags[0]); ok {
			if base == simplified && writesTraditional(subtags) {
				base = traditional
			}
			return base, true
		}
	}
	return undetermined, false
}

func invalidSubtag(subtag string) bool {
	if subtag == "" || len(subtag) > maxSubtag {
		return true
	}
	for _, c := range []byte(subtag) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return true
		}
	}
	return false
}

// primaryTag maps a primary language subtag: ISO 639-1, the 639-2 and 639-3 codes of the same languages, and the
// retired ones that old Java and Android versions still send ("in").
func primaryTag(subtag string) (string, bool) {
	switch subtag {
	case "en", "vi", "tr", "ru", "ko", "es", "pt", "id", "ar", "ja", "de", "fr",
		"uk", "fa", "hi", "th", "it", "pl", "nl", "bn", "ur", "tl", "ms":
		return subtag, true
	case "zh", "zho", "chi", "cmn", "yue":
		return simplified, true
	case "in", "ind":
		return "id", true
	case "fil", "tgl":
		return "tl", true
	}
	if tag, ok := longTags[subtag]; ok {
		return tag, true
	}
	return undetermined, false
}

// longTags maps codes of ISO 639-2 and 639-3 to tags; read-only.
var longTags = map[string]string{
	"ara": "ar", "arb": "ar", "ben": "bn", "deu": "de", "dut": "nl", "eng": "en", "fas": "fa", "fra": "fr",
	"fre": "fr", "ger": "de", "hin": "hi", "ita": "it", "jpn": "ja", "kor": "ko", "may": "ms", "msa": "ms",
	"nld": "nl", "per": "fa", "pes": "fa", "pol": "pl", "por": "pt", "prs": "fa", "rus": "ru", "spa": "es",
	"tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur", "vie": "vi", "zsm": "ms",
}

// writesTraditional reads the subtags of a Chinese tag: a script decides over a region.
func writesTraditional(subtags []string) bool {
	if slices.Contains(subtags, "hans") {
		return false
	}
	return subtags[0] == "yue" || slices.ContainsFunc(subtags[1:], func(s string) bool {
		return s == "hant" || s == "tw" || s == "hk" || s == "mo" || s == "cht" || s == "yue"
	})
}
