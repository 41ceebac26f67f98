package guard

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// scriptOf is the script in which each of the desk's languages is written.
var scriptOf = map[string]*unicode.RangeTable{
	"zh-Hans": unicode.Han, "zh-Hant": unicode.Han, "ja": unicode.Han, "ko": unicode.Hangul, "ru": unicode.Cyrillic,
	"ar": unicode.Arabic, "en": unicode.Latin, "vi": unicode.Latin, "tr": unicode.Latin, "es": unicode.Latin,
	"pt": unicode.Latin, "id": unicode.Latin, "de": unicode.Latin, "fr": unicode.Latin,
}

// latinLanguages are the desk's languages in Latin script with frequent words that tell them apart.
var latinLanguages = []struct{ language, words string }{
	{"en", "the and you your is are of to in for with that this we can it from will not on be by at or if have"},
	{"vi", "và của bạn là không được cho để trong có khi này vào một các với nếu hãy đã từ trên sẽ hoặc thì"},
	{"tr", "ve bir bu için ile da de olarak veya daha en çok sizin lütfen değil kadar sonra var ise hesabınız"},
	{"es", "el la los las de que y en un una por con para su se del al es no lo como más o si está desde"},
	{"pt", "o a os as de que e em um uma por com para seu sua se do da no na é não ao ou mais você está"},
	{"id", "dan yang di ke untuk dari anda dengan ini itu tidak akan pada atau dapat jika bisa kami adalah dalam"},
	{"de", "der die das und sie ist nicht ein eine zu den mit für von auf im ihr ihre wenn oder wird dem werden bei"},
	{"fr", "le la les des et vous votre de un une est pour dans que sur par avec ne pas au ou du ce si vos sont"},
}

// stopwords has, for each of these words, one bit for every language that it belongs to.
var stopwords = func() map[string]uint16 {
	bits := make(map[string]uint16)
	for i, list := range latinLanguages {
		for word := range strings.FieldsSeq(list.words) {
			bits[word] |= 1 << i
		}
	}
	return bits
}()

// Characters that only simplified or only traditional Chinese uses, among the most frequent of support texts.
const (
	onlySimplified  = "们这为请户码证账时钱币过实内没关么设备还进让问题选择网络页点击开链联系应该记录输确认额数据处复转载动计费询无后统将两样从间图邮务级险单订买卖总类现规则办许请变换给结营际语说错误词钥协议审"
	onlyTraditional = "們這為請戶碼證帳時錢幣過實內沒關麼設備還進讓問題選擇網絡頁點擊開鏈聯繫應該記錄輸確認額數據處復轉載動計費詢無後統將兩樣從間圖郵務級險單訂買賣總類現規則辦許變換給結營際語說錯誤詞鑰協議審幫驗"
)

// checkLanguage reports a text that is not in the customer's language. It looks at the script, for Latin scripts at
// frequent words, for Chinese at the characters; each line by itself, so that a single foreign sentence shows. Contacts are
// left out of the text.
func checkLanguage(text, language string) []Finding {
	script := scriptOf[language]
	if script == nil {
		return nil
	}
	prose := withoutCode(text)
	for line := range strings.Lines(prose) {
		if found := lineLanguage(line, language, script); found != "" {
			return []Finding{{CheckLanguage, fmt.Sprintf("expected %s, found %s: %q", language, found, excerpt(strings.TrimSpace(line)))}}
		}
	}
	if script == unicode.Latin {
		if other := latinLanguage(prose); other != "" && other != language {
			return []Finding{{CheckLanguage, fmt.Sprintf("expected %s, found %s", language, other)}}
		}
	}
	return nil
}

// foreign reports a sentence that the detector is sure to be in another language of the same script. Names are foreign
// everywhere, so that a sentence may be made of the words of a source in the customer's language.
func (v *review) foreign(text string, sources []*source) []Finding {
	const sure, fewestLetters, known = 0.9, 4, 0.6
	script := scriptOf[v.text.Language]
	if script == nil {
		return nil
	}
	letters, words, own := 0, 0, 0
	for _, r := range text {
		if unicode.Is(script, r) {
			letters++
		}
	}
	tag, certainty := "Latin script", 1.0
	switch {
	case letters == 0 && script != unicode.Latin: // a sentence of names is one, if they are in a source
	case letters < fewestLetters || v.guard.detect == nil:
		return nil
	default:
		tag, certainty = v.guard.detect(text)
	}
	if certainty < sure || tag == v.text.Language || tag == "und" {
		return nil
	}
	for word := range strings.FieldsFuncSeq(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) }) {
		words++
		if slices.ContainsFunc(sources, func(s *source) bool { return s.isIn(v.text.Language) && strings.Contains(s.fold(), word) }) {
			own++
		}
	}
	if words == 0 || float64(own) >= known*float64(words) {
		return nil
	}
	return []Finding{{CheckLanguage, fmt.Sprintf("expected %s, found %s: %q", v.text.Language, tag, excerpt(strings.TrimSpace(text)))}}
}

// lineLanguage names what a line is written in if that is not the language.
func lineLanguage(line, language string, script *unicode.RangeTable) string {
	const fewestWords, fewestLetters = 6, 6
	n := countScripts(line)
	switch {
	case n.han+n.kana+n.hangul+n.cyrillic+n.arabic < 2 && script != unicode.Latin && n.latinWords >= fewestWords:
		return "Latin script"
	case script == unicode.Latin && n.wide() >= fewestLetters && n.wide() > n.latinWords:
		return n.largest()
	case script == unicode.Hangul && n.hangul*2 < n.han+n.kana+n.cyrillic+n.arabic && n.wide() >= fewestLetters,
		script == unicode.Cyrillic && n.cyrillic*2 < n.han+n.kana+n.hangul+n.arabic && n.wide() >= fewestLetters,
		script == unicode.Arabic && n.arabic*2 < n.han+n.kana+n.hangul+n.cyrillic && n.wide() >= fewestLetters,
		script == unicode.Han && (n.han+n.kana)*2 < n.hangul+n.cyrillic+n.arabic && n.wide() >= fewestLetters:
		return n.largest()
	case language == "ja" && n.kana == 0 && n.han >= 12:
		return "Chinese"
	case strings.HasPrefix(language, "zh") && n.kana >= 4 && n.kana*4 > n.han:
		return "Japanese"
	case language == "zh-Hans" && n.traditional >= 2 && n.traditional > n.simplified:
		return "traditional Chinese"
	case language == "zh-Hant" && n.simplified >= 2 && n.simplified > n.traditional:
		return "simplified Chinese"
	}
	return ""
}

// scriptCount counts characters by script; Latin is counted in words, as names are Latin everywhere.
type scriptCount struct{ han, kana, hangul, cyrillic, arabic, latinWords, simplified, traditional int }

func countScripts(text string) scriptCount {
	var n scriptCount
	inLatin := false
	for _, r := range text {
		latin := unicode.Is(unicode.Latin, r)
		if latin && !inLatin {
			n.latinWords++
		}
		inLatin = latin || inLatin && r == '\''
		if latin || r < 0x80 {
			continue
		}
		switch {
		case unicode.Is(unicode.Han, r):
			n.han++
			simplified, traditional := strings.ContainsRune(onlySimplified, r), strings.ContainsRune(onlyTraditional, r)
			if simplified && !traditional {
				n.simplified++
			}
			if traditional && !simplified {
				n.traditional++
			}
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			n.kana++
		case unicode.Is(unicode.Hangul, r):
			n.hangul++
		case unicode.Is(unicode.Cyrillic, r):
			n.cyrillic++
		case unicode.Is(unicode.Arabic, r):
			n.arabic++
		}
	}
	return n
}

func (n scriptCount) wide() int { return n.han + n.kana + n.hangul + n.cyrillic + n.arabic }

func (n scriptCount) largest() string {
	name, most := "Chinese", n.han
	for _, other := range []struct {
		name  string
		count int
	}{{"Japanese", n.kana * 2}, {"Korean", n.hangul}, {"Cyrillic script", n.cyrillic}, {"Arabic script", n.arabic}} {
		if other.count > most {
			name, most = other.name, other.count
		}
	}
	return name
}

// latinLanguage names the language of a text in Latin script, or nothing when it is not sure: the best language must have
// enough stop words and clearly more than the others.
func latinLanguage(text string) string {
	const fewest = 4
	counts := stopwordCounts(text)
	best, second := 0, -1
	for i := 1; i < len(counts); i++ {
		switch {
		case counts[i] > counts[best]:
			best, second = i, best
		case second < 0 || counts[i] > counts[second]:
			second = i
		}
	}
	if counts[best] < fewest || counts[best]*2 < counts[second]*3 {
		return ""
	}
	return latinLanguages[best].language
}

// stopwordCounts counts the stop words of each of the Latin languages.
func stopwordCounts(text string) []int {
	counts := make([]int, len(latinLanguages))
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		bits := stopwords[word]
		for i := 0; bits != 0; i++ {
			counts[i] += int(bits & 1)
			bits >>= 1
		}
	}
	return counts
}

// languageOf names the language of a source: one of the desk's, or nothing when it is not sure.
func languageOf(text string) string {
	n := countScripts(text)
	switch {
	case n.kana*5 > n.han && n.kana > 4:
		return "ja"
	case n.han > n.latinWords && n.han > 4:
		if n.traditional > n.simplified {
			return "zh-Hant"
		}
		return "zh-Hans"
	case n.hangul > n.latinWords:
		return "ko"
	case n.cyrillic > n.latinWords:
		return "ru"
	case n.arabic > n.latinWords:
		return "ar"
	}
	return latinLanguage(text)
}

// withoutCode blanks what stands in code marks: names of fields and commands.
func withoutCode(text string) string {
	if strings.IndexByte(text, '`') < 0 {
		return text
	}
	out := []byte(text)
	inCode := false
	for i, b := range out {
		if b == '`' {
			inCode = !inCode
		}
		if b == '\n' {
			inCode = false
		}
		if inCode {
			out[i] = ' '
		}
	}
	return string(out)
}

// excerpt bounds what a finding quotes.
func excerpt(text string) string {
	const longest = 80
	count := 0
	for i := range text {
		if count == longest {
			return text[:i] + "…"
		}
		count++
	}
	return text
}
