package guard

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold is the form in which words are compared: plain (see unmask), lower case, without Arabic vowel marks and letter
// variants, Latin words without letters of another script, one space between words, ASCII sentence punctuation. Line breaks
// stay, for they end a clause. Accents stay: Vietnamese words differ by nothing else.
func fold(text string) string {
	plain := unmask(text).lower
	plain = norm.NFC.String(plain)
	folded := make([]byte, 0, len(plain))
	for _, r := range plain {
		folded = appendFolded(folded, r)
	}
	return unmixScripts(string(folded))
}

// appendFolded adds one character; of several spaces it keeps the first, of spaces with a line break the break.
func appendFolded(folded []byte, r rune) []byte {
	last := byte('\n')
	if len(folded) > 0 {
		last = folded[len(folded)-1]
	}
	switch {
	case r == '\n':
		if last == ' ' {
			folded = folded[:len(folded)-1]
		}
		return append(folded, '\n')
	case r == ' ' || r == '\t':
		if last == ' ' || last == '\n' {
			return folded
		}
		return append(folded, ' ')
	case r < utf8.RuneSelf:
		return append(folded, byte(r))
	case r >= 0x064b && r <= 0x065f || r == 0x0640 || r == 0x0670:
		return folded
	}
	if plain, ok := foldedRunes[r]; ok {
		return append(folded, plain...)
	}
	return utf8.AppendRune(folded, r)
}

// foldedRunes are the characters that are written differently for the same.
var foldedRunes = map[rune]string{
	'أ': "ا", 'إ': "ا", 'آ': "ا", 'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ک': "ك", 'ё': "е", 'ı': "i", 'ß': "ss",
	'。': ".", '．': ".", '，': ",", '،': ",", '！': "!", '？': "?", '؟': "?", '；': ";", '؛': ";", '：': ":", '…': ".",
	'’': "'", '‘': "'", '“': `"`, '”': `"`, '„': `"`, '«': `"`, '»': `"`, '「': `"`, '」': `"`, '『': `"`, '』': `"`,
	'（': "(", '）': ")", '–': "-", '—': "-", '％': "%",
}

// unmixScripts replaces look-alikes in words that mix Latin with another narrow script: "pаssword" with a Cyrillic letter.
func unmixScripts(text string) string {
	if !strings.ContainsFunc(text, isLookalikeScript) {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	for len(text) > 0 {
		n := strings.IndexFunc(text, func(r rune) bool { return !isNarrow(r) })
		if n < 0 {
			n = len(text)
		}
		word := text[:n]
		if strings.ContainsFunc(word, isLatinLetter) && strings.ContainsFunc(word, isLookalikeScript) {
			word = skeleton(word)
		}
		out.WriteString(word)
		text = text[n:]
		n = strings.IndexFunc(text, isNarrow)
		if n < 0 {
			n = len(text)
		}
		out.WriteString(text[:n])
		text = text[n:]
	}
	return out.String()
}

func isLatinLetter(r rune) bool { return r >= 'a' && r <= 'z' }

func isLookalikeScript(r rune) bool {
	return r >= 0x0250 && r <= 0x058f && unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Latin)
}

// withoutAccents strips combining marks from Latin letters.
func withoutAccents(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}
