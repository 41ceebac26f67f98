package guard

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A sentence that says the opposite of its source has all of its words, so that grounding cannot see it: "withdrawals can be
// cancelled" of "withdrawals cannot be cancelled". What is compared is a sentence of the draft without a denial with what
// the source denies, and a part of the draft with a denial with what the source states.
const (
	opposed  = 0.6 // share of the draft's content that the source's statement must have
	opposing = 0.5 // and the other way round: the statement must be about nothing else
	fewest   = 3   // words or pairs of characters, below which nothing can be said but of the very same ones
)

// denials are the words that turn a statement round, by language. An entry that ends in * may go on, one that begins with *
// ends a word; those of scripts without spaces stand anywhere.
var denials = map[string][]string{
	"ar": {"لا", "لم", "لن", "ليس", "ليست", "غير", "دون", "بدون", "عدم", "ممنوع", "يستحيل", "مستحيل", "ولا", "ولن", "ولم", "فلا", "فلن", "وليس"},
	"de": {"nicht", "kein*", "nie", "niemals", "ohne", "unmöglich*", "weder", "niemand*", "nirgend*", "unwiderruflich*", "endgültig*"},
	"en": {"not", "cannot", "never", "no", "none", "nobody", "without", "impossible", "unable", "neither", "nor", "irreversibl*", "t", "cant", "wont", "dont"},
	"es": {"no", "nunca", "jamás", "sin", "tampoco", "ningún*", "ningun*", "nadie", "imposible*", "ni", "irreversibl*"},
	"fr": {"ne", "n", "pas", "jamais", "aucun*", "sans", "impossible*", "ni", "personne", "irréversibl*"},
	"id": {"tidak", "tak", "bukan", "jangan", "belum", "tanpa", "mustahil"},
	"ja": {"ません", "ない", "なく", "せず", "できず", "不可", "不能", "無効"},
	"ko": {"없", "않", "못", "마세요", "마십시오", "지 말", "불가", "아니", "아닙"},
	"pt": {"não", "nunca", "jamais", "sem", "nenhum*", "ninguém", "impossível", "nem", "irreversíve*"},
	"ru": {"не", "нельзя", "нет", "никогда", "никто", "никому", "ни", "без", "невозможн*", "запрещ*", "необратим*"},
	"tr": {
		"değil*", "yok", "*maz", "*mez", "*mazsınız", "*mezsiniz", "*mayın", "*meyin", "*mayınız", "*meyiniz", "*mayız", "*meyiz", "*mazlar",
		"*mezler", "*mıyor", "*miyor", "*muyor", "*müyor", "asla", "imkansız", "hiçbir", "*mamalı", "*memeli", "*maksızın",
	},
	"vi": {"không", "chưa", "đừng", "chẳng", "chớ"},
	"zh": {"不", "无法", "無法", "没", "沒", "未", "勿", "别", "別", "禁止", "无需", "無需", "无须"},
}

// noDenials contain what looks like a denial.
var noDenials = strings.NewReplacer(
	"不过", "", "不過", "", "不仅", "", "不僅", "", "不但", "", "不同", "", "不久", "", "不断", "", "不斷", "", "不足", "低于", "不少", "", "未来", "", "未來", "",
	"特别", "", "特別", "", "识别", "", "識別", "", "类别", "", "類別", "", "级别", "", "級別", "", "个别", "", "個別", "", "分别", "", "分別", "", "区别", "", "區別", "",
	"少なくとも", "", "なくす", "", "not only", "", "no matter", "", "cannot wait", "",
)

// statement is what a part of a text says, and whether it denies it.
type statement struct {
	denies  bool
	content map[string]bool
}

// checkPolarity reports a sentence that says the opposite of what its sources say.
func checkPolarity(folded, language string, sources []*source) []Finding {
	words, ok := denialsOf(language)
	if !ok {
		return nil
	}
	var stated []statement
	for _, s := range sources {
		if s.isIn(language) {
			stated = append(stated, s.statements(words)...)
		}
	}
	for _, text := range sentencesOf(folded) {
		if quoted(text, sources) {
			continue // its own words cannot be its opposite, whatever stands beside them
		}
		parts := []string{text}
		if isDenied(text, words) {
			parts = slices.DeleteFunc(partsOf(text), func(part string) bool { return !isDenied(part, words) })
		}
		for _, part := range parts {
			if newStatement(part, words).contradicts(stated) {
				return []Finding{{CheckContradiction, fmt.Sprintf("says the opposite of its source: %q", excerpt(strings.TrimSpace(part)))}}
			}
		}
	}
	return nil
}

// quoted reports whether a source has the text word for word, as a sentence or a part of one: what stands before it could
// deny it.
func quoted(text string, sources []*source) bool {
	text = strings.TrimSpace(text)
	return slices.ContainsFunc(sources, func(s *source) bool {
		for before, rest, found := strings.Cut(s.fold(), text); found; before, rest, found = strings.Cut(rest, text) {
			before = strings.TrimRight(before, " \"(*_[")
			if last, _ := utf8.DecodeLastRuneInString(before); before == "" || strings.ContainsRune(".!?:;,\n)-|>→←、·•", last) {
				return true
			}
		}
		return false
	})
}

// statements returns what the source says, in whole sentences and in their parts.
func (s *source) statements(denials []string) []statement {
	if s.said != nil {
		return s.said
	}
	for _, text := range sentencesOf(s.fold()) {
		s.said = append(s.said, newStatement(text, denials))
		parts := partsOf(text)
		if len(parts) < 2 {
			continue
		}
		stated := statement{content: make(map[string]bool)} // all that the sentence says without a denial
		for _, part := range parts {
			said := newStatement(part, denials)
			s.said = append(s.said, said)
			if !said.denies {
				maps.Copy(stated.content, said.content)
			}
		}
		s.said = append(s.said, stated)
	}
	return s.said
}

func newStatement(text string, denials []string) statement {
	return statement{denies: isDenied(text, denials), content: contentOf(withoutDenials(text, denials))}
}

// contradicts reports whether the statement is nearer to one that says the opposite than to any that agrees.
func (s statement) contradicts(stated []statement) bool {
	if len(s.content) < fewest-1 {
		return false
	}
	agrees, opposes := 0.0, 0.0
	for _, other := range stated {
		common := 0
		for gram := range s.content {
			if other.content[gram] {
				common++
			}
		}
		share := float64(common) / float64(len(s.content))
		switch {
		case s.denies == other.denies:
			agrees = max(agrees, share)
		case len(s.content) < fewest && len(other.content) > len(s.content): // too little to say that it is about the same
		case float64(common) >= opposing*float64(len(other.content)):
			opposes = max(opposes, share)
		}
	}
	return opposes >= opposed && opposes > agrees
}

// denialsOf returns the denials of a language by its tag.
func denialsOf(language string) ([]string, bool) {
	base, _, _ := strings.Cut(language, "-")
	words, ok := denials[base]
	return words, ok
}

func isDenied(text string, denials []string) bool {
	return withoutDenials(text, denials) != noDenials.Replace(text)
}

// withoutDenials takes the denials out of a text.
func withoutDenials(text string, denials []string) string {
	text = noDenials.Replace(text)
	if isUnspacedAt(denials[0], 0) {
		for _, denial := range denials {
			text = strings.ReplaceAll(text, denial, "")
		}
		return text
	}
	var out strings.Builder
	kept := 0
	for word, at := range words(text) {
		if !slices.ContainsFunc(denials, func(denial string) bool { return isWord(word, denial) }) {
			continue
		}
		end := at + len(word)
		if strings.HasPrefix(denials[0], "değil") { // the verb carries the denial and is content too
			end = at + denialStem(word)
			out.WriteString(text[kept:end])
			kept = at + len(word)
			continue
		}
		out.WriteString(text[kept:at])
		kept = end
	}
	out.WriteString(text[kept:])
	return out.String()
}

// denialStem is how much of a Turkish verb stands before its ending.
func denialStem(verb string) int {
	for _, ending := range []string{"maz", "mez", "may", "mey", "mıyor", "miyor", "muyor", "müyor", "mad", "med", "mam", "mem", "mak"} {
		if i := strings.LastIndex(verb, ending); i > 0 {
			return i
		}
	}
	return 0
}

// isWord reports whether a word is that of an entry.
func isWord(word, entry string) bool {
	if ending, ok := strings.CutPrefix(entry, "*"); ok {
		return strings.HasSuffix(word, ending) || strings.HasSuffix(word, strings.ReplaceAll(ending, "ı", "i"))
	}
	if beginning, ok := strings.CutSuffix(entry, "*"); ok {
		return strings.HasPrefix(word, beginning)
	}
	return word == entry
}

// wrapped is a line break within a sentence: an article's text is broken where the line was full.
var wrapped = regexp.MustCompile(`([^.!?:\n])\n(\pL)`)

// sentencesOf cuts a folded text at its sentence ends, but not where a line was wrapped.
func sentencesOf(folded string) []string {
	folded = wrapped.ReplaceAllString(folded, "$1 $2")
	var all []string
	for start := 0; start < len(folded); {
		end := sentenceEnd(folded, start)
		if strings.TrimSpace(folded[start:end]) != "" {
			all = append(all, folded[start:end])
		}
		start = end
	}
	return all
}

// joint is what stands between two parts of a sentence. The Arabic "and" is written with its denial.
var joint = regexp.MustCompile(
	`[,:;、]| (?:and|but|und|aber|et|mais|y|pero|e|mas|ve|ama|fakat|и|но|а|dan|tetapi|tapi|và|nhưng|لكن|ولكن) | و(?:لا|لن|لم) `)

// partsOf cuts a sentence at its commas, colons and conjunctions.
func partsOf(text string) []string {
	var parts []string
	start := 0
	for _, at := range joint.FindAllStringIndex(text, -1) {
		parts = append(parts, text[start:at[0]])
		start = at[0]
	}
	return slices.DeleteFunc(append(parts, text[start:]), func(part string) bool {
		return !strings.ContainsFunc(part, unicode.IsLetter)
	})
}

// contentOf returns what a text is about: Chinese characters one by one, for the words between them change with the
// denial, and what grams finds else.
func contentOf(text string) map[string]bool {
	content := make(map[string]bool)
	for gram := range grams(text) {
		if !strings.ContainsFunc(gram, isHan) {
			content[gram] = true
		}
	}
	for _, r := range text {
		if isHan(r) && !strings.ContainsRune(hanGrammar, r) {
			content[string(r)] = true
		}
	}
	return content
}
