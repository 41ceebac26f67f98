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
func fold(text string) string { return foldUnmasked(unmask(text)) }

func foldUnmasked(text unmasked) string {
	plain := text.lower
	if !norm.NFC.IsNormalString(plain) {
		plain = norm.NFC.String(plain)
	}
	plain = strings.ReplaceAll(plain, "أُ", "ٲ") // the passive "was sent", which without its vowel reads "send!"
	folded := make([]byte, 0, len(plain))
	for _, r := range plain {
		folded = appendFolded(folded, r)
	}
	return unmixScripts(joinSpelled(string(folded)))
}

// joinSpelled joins letters that are spelled out ("p-a-s-s-w-o-r-d") and Chinese characters with spaces between them: both
// are read as the word.
func joinSpelled(text string) string {
	const fewest = 4 // letters
	var out []byte
	kept := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if isHan(r) && i+size+1 < len(text) && text[i+size] == ' ' && isUnspacedAt(text, i+size+1) {
			out = append(out, text[kept:i+size]...)
			i += size + 1
			kept = i
			continue
		}
		if letters, end := spelled(text, i); letters >= fewest {
			out = append(out, text[kept:i]...)
			for j := i; j < end; j += 2 {
				out = append(out, text[j])
			}
			i, kept = end, end
			continue
		}
		i += size
	}
	if kept == 0 {
		return text
	}
	return string(append(out, text[kept:]...))
}

// spelled counts the single ASCII letters at byte i that the same character stands between, and returns where they end.
func spelled(text string, i int) (letters, end int) {
	if !isLetterAt(text, i) || i > 0 && isAlnum(text[i-1]) || i+1 >= len(text) || strings.IndexByte(" -._", text[i+1]) < 0 {
		return 0, i
	}
	for j := i; isLetterAt(text, j); j += 2 {
		letters++
		if j+1 < len(text) && isAlnum(text[j+1]) {
			return letters - 1, j - 1
		}
		end = j + 1
		if j+1 >= len(text) || text[j+1] != text[i+1] {
			break
		}
	}
	return letters, end
}

func isLetterAt(text string, i int) bool { return i < len(text) && text[i] >= 'a' && text[i] <= 'z' }

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
		return utf8.AppendRune(folded, r)
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
	'أ': "ا", 'إ': "ا", 'آ': "ا", 'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ک': "ك", 'ё': "е", 'ı': "i", 'İ': "i", 'ß': "ss",
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
