package guard

import (
	"fmt"
	"regexp"
	"strings"
)

// Markup that a page or a Markdown renderer would act on.
var (
	htmlTag       = regexp.MustCompile(`(?i)<\s*(?:[a-z][a-z0-9-]*(?:[\s/>]|$)|[/!?])`)
	markdownImage = regexp.MustCompile(`!\[[^\]]*\]\s*[(\[:]`)
	reference     = regexp.MustCompile(`(?m)^\s{0,3}\[[^\]]+\]:\s*\S`)
)

// checkMarkup reports HTML, images, link definitions, and characters that change the direction of the text or cannot be
// seen. An address in angle brackets is not HTML: checkContacts judges it.
func checkMarkup(text string) []Finding {
	if match := htmlTag.FindString(text); match != "" {
		return []Finding{{CheckMarkup, fmt.Sprintf("HTML: %q", match)}}
	}
	if match := markdownImage.FindString(text); match != "" {
		return []Finding{{CheckMarkup, fmt.Sprintf("image: %q", excerpt(match))}}
	}
	if match := reference.FindString(text); match != "" {
		return []Finding{{CheckMarkup, fmt.Sprintf("link definition: %q", excerpt(match))}}
	}
	if i := strings.IndexFunc(text, isHostile); i >= 0 {
		r := []rune(text[i:])[0]
		return []Finding{{CheckMarkup, fmt.Sprintf("control character %U", r)}}
	}
	return nil
}

// isHostile reports characters with which a text can be made to look different from what it is: control characters,
// direction overrides and isolates, tags, and invisible separators inside words. The marks and joiners that Arabic and
// emoji need are not among them.
func isHostile(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || r == '\r':
		return false
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r >= 0xe0000 && r <= 0xe007f,
		r == 0x00ad, r == 0x200b, r == 0x2060, r == 0xfeff:
		return true
	}
	return false
}
