package redact

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"github.com/tyler-smith/go-bip39"
	"github.com/tyler-smith/go-bip39/wordlists"
	"golang.org/x/text/unicode/norm"
)

// testPhrase is a phrase of a public test vector.
type testPhrase struct {
	language string
	words    []string
}

// The entropies of the test vectors of BIP-39 that python-mnemonic publishes, and three with twelve words more.
var vectorEntropies = []string{
	"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f", "9e885d952ad362caeb4efe34a8e91bd2", "c0ba5a8e914111210f2bd131f3d5e08d", "23db8160a31d3e0dca3688ed941adbf3",
	"f30f8c1da665478f49b001d94c5fc452", "000102030405060708090a0b0c0d0e0f", "6610b25967cdcca9d59875f5cb50b0ea75433311869e930b",
	"b63a9c59a6e641f288ebc103017f1da9f8290b3da6bdef7b", "8197a4a47f0425faeaa69deebc05ca29c0a5b5cc76ceacc0", "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
	"9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863", "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad",
	"f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f", "00112233445566778899aabbccddeeff", "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
	"123456789abcdef0fedcba9876543210",
}

// testPhrases makes the phrases of the vectors in every language of go-bip39.
var testPhrases = sync.OnceValue(func() []testPhrase {
	defer bip39.SetWordList(wordlists.English)
	var phrases []testPhrase
	for _, list := range []struct {
		language string
		words    []string
	}{
		{"en", wordlists.English},
		{"zh-Hans", wordlists.ChineseSimplified},
		{"zh-Hant", wordlists.ChineseTraditional},
		{"cs", wordlists.Czech},
		{"fr", wordlists.French},
		{"it", wordlists.Italian},
		{"ja", wordlists.Japanese},
		{"ko", wordlists.Korean},
		{"es", wordlists.Spanish},
	} {
		bip39.SetWordList(list.words)
		for _, entropy := range vectorEntropies {
			raw, err := hex.DecodeString(entropy)
			if err != nil {
				panic(err)
			}
			phrase, err := bip39.NewMnemonic(raw)
			if err != nil {
				panic(err)
			}
			phrases = append(phrases, testPhrase{language: list.language, words: strings.Fields(phrase)})
		}
	}
	return phrases
})

// disguise is a way in which people write a phrase, or hide one.
type disguise struct {
	name      string
	languages string // of the phrases that can be written so; all when empty
	write     func(words []string) string
}

func between(separator string) func([]string) string {
	return func(words []string) string { return strings.Join(words, separator) }
}

func numbered(format string) func([]string) string {
	return func(words []string) string {
		var b strings.Builder
		for i, w := range words {
			fmt.Fprintf(&b, format, i+1, w)
		}
		return strings.TrimRight(b.String(), " \n,;")
	}
}

func each(change func(string) string) func([]string) string {
	return func(words []string) string {
		out := make([]string, len(words))
		for i, w := range words {
			out[i] = change(w)
		}
		return strings.Join(out, " ")
	}
}

// mistype swaps two letters in the middle of a word, or drops one.
func mistype(w string) string {
	r := []rune(w)
	n := len(r) / 2
	if len(r) > 3 && r[n] != r[n-1] {
		r[n], r[n-1] = r[n-1], r[n]
		return string(r)
	}
	return string(append(r[:n:n], r[n+1:]...))
}

func mistyped(places ...int) func([]string) string {
	return func(words []string) string {
		words = append([]string(nil), words...)
		for _, n := range places {
			words[n] = mistype(words[n])
		}
		return strings.Join(words, " ")
	}
}

func interrupted(by string, at ...int) func([]string) string {
	return func(words []string) string {
		var out []string
		for i, w := range words {
			for _, n := range at {
				if i == n {
					out = append(out, by)
				}
			}
			out = append(out, w)
		}
		return strings.Join(out, " ")
	}
}

func fullWidth(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '!' && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, text)
}

func mixedCase(text string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n%2 == 0 {
			return unicode.ToUpper(r)
		}
		return r
	}, text)
}

func circled(words []string) string {
	var b strings.Builder
	for i, w := range words {
		n := '①' + rune(i)
		if i >= 20 {
			n = '㉑' + rune(i-20)
		}
		fmt.Fprintf(&b, "%c %s ", n, w)
	}
	return strings.TrimSpace(b.String())
}

const (
	spaced = "en cs fr it es ko ja"
	latin  = "en cs fr it es"
	han    = "zh-Hans zh-Hant"
)

var disguises = []disguise{
	{"bare", "", between(" ")},
	{"1. word", "", numbered("%d. %s ")},
	{"1) word", "", numbered("%d) %s ")},
	{"1.word", "", numbered("%d.%s ")},
	{"1-word", "", numbered("%d-%s ")},
	{"(1) word", "", numbered("(%d) %s, ")},
	{"#1 word", "", numbered("#%d %s\n")},
	{"① word", "", circled},
	{"word1: x", "", numbered("word%d: %s ")},
	{"word 1: x", "", numbered("word %d: %s, ")},
	{"Word #1 - x", "", numbered("Word #%d - %s\n")},
	{"第1个 x", "", numbered("第%d个：%s ")},
	{"1番目 x", "", numbered("%d番目 %s ")},
	{"1번 x", "", numbered("%d번 %s ")},
	{"commas", "", between(", ")},
	{"commas, no space", "", between(",")},
	{"semicolons", "", between("; ")},
	{"slashes", "", between("/")},
	{"pipes", "", between(" | ")},
	{"plus signs", "", between(" + ")},
	{"arrows", "", between(" -> ")},
	{"dashes", "", between("-")},
	{"underscores", "", between("_")},
	{"dots", "", between(".")},
	{"line breaks", "", between("\n")},
	{"blank lines", "", between("\r\n\r\n")},
	{"tabs", "", between("\t")},
	{"bullets", "", func(words []string) string { return "• " + strings.Join(words, "\n• ") }},
	{"dash list", "", func(words []string) string { return "- " + strings.Join(words, "\n- ") }},
	{"quotes", "", each(func(w string) string { return `"` + w + `"` })},
	{"quotes and commas", "", func(words []string) string { return `["` + strings.Join(words, `","`) + `"]` }},
	{"curly quotes", "", each(func(w string) string { return "“" + w + "”" })},
	{"CJK quotes", "", each(func(w string) string { return "「" + w + "」" })},
	{"brackets", "", each(func(w string) string { return "[" + w + "]" })},
	{"capitals", "", func(words []string) string { return strings.ToUpper(strings.Join(words, " ")) }},
	{"Title Case", "", each(func(w string) string { r := []rune(w); return string(unicode.ToUpper(r[0])) + string(r[1:]) })},
	{"mIxEd CaSe", "", each(mixedCase)},
	{"full width", "", func(words []string) string { return fullWidth(strings.Join(words, "　")) }},
	{"one typo", spaced, mistyped(4)},
	{"two typos", spaced, mistyped(2, 8)},
	{"two typos, side by side", spaced, mistyped(5, 6)},
	{"typo in the first word", spaced, mistyped(0)},
	{"typo in the last word", spaced, func(words []string) string { return mistyped(len(words) - 1)(words) }},
	{"and", "", interrupted("and", 3, 6, 9, 11)},
	{"then", "", interrupted("then", 2, 4, 6, 8, 10)},
	{"y", "", interrupted("y", 3, 6, 9, 11)},
	{"然后", spaced, interrupted("然后", 4, 8)},
	{"two words swapped", "", func(words []string) string {
		words = append([]string(nil), words...)
		words[3], words[7] = words[7], words[3]
		return strings.Join(words, " ")
	}},
	{"first four letters", latin, each(func(w string) string { r := []rune(norm.NFC.String(w)); return string(r[:min(4, len(r))]) })},
	{"first four letters and dots", latin, each(func(w string) string { r := []rune(norm.NFC.String(w)); return string(r[:min(4, len(r))]) + "." })},
	{"without spaces", latin + " ja ko", between("")},
	{"Chinese without spaces", han, between("")},
	{"Chinese with 、", han, between("、")},
	{"Chinese with ，", han, between("，")},
	{"Chinese in groups", han, func(words []string) string {
		var b strings.Builder
		for i, w := range words {
			if i > 0 && i%4 == 0 {
				b.WriteByte(' ')
			}
			b.WriteString(w)
		}
		return b.String()
	}},
	{"Japanese space", "", between("\u3000")},
	{"zero width", "", each(func(w string) string { return strings.Join(strings.Split(w, ""), "\u200b") })},
	{"zero width between words", "en", between(" \u200d\u200c")},
	{"soft hyphens", "", each(func(w string) string { return strings.Join(strings.Split(w, ""), "\u00ad") })},
	{"spaced letters", "en", func(words []string) string {
		out := make([]string, len(words))
		for i, w := range words {
			out[i] = strings.Join(strings.Split(w, ""), " ")
		}
		return strings.Join(out, "   ")
	}},
	{"HTML entities between", "", between("&nbsp;")},
	{"HTML entities for letters", "", each(func(w string) string {
		var b strings.Builder
		for _, r := range w {
			fmt.Fprintf(&b, "&#%d;", r)
		}
		return b.String()
	})},
	{"HTML entities in hexadecimal", "", each(func(w string) string {
		var b strings.Builder
		for i, r := range []rune(w) {
			if i == 0 {
				fmt.Fprintf(&b, "&#x%x;", r)
			} else {
				b.WriteRune(r)
			}
		}
		return b.String()
	})},
	{"HTML list", "", func(words []string) string { return "<ol><li>" + strings.Join(words, "</li><li>") + "</li></ol>" }},
	{"HTML line breaks", "", between("<br/>")},
	{"HTML bold", "", each(func(w string) string { return "<b>" + w + "</b>" })},
	{"URL encoded", "", func(words []string) string { return url.PathEscape(strings.Join(words, " ")) }},
	{"URL query", "", func(words []string) string { return url.QueryEscape(strings.Join(words, " ")) }},
	{"URL encoded twice", "", func(words []string) string { return url.PathEscape(url.PathEscape(strings.Join(words, " "))) }},
	{"code block", "", func(words []string) string { return "```\n" + strings.Join(words, " ") + "\n```" }},
	{"inline code", "", each(func(w string) string { return "`" + w + "`" })},
	{"bold", "", each(func(w string) string { return "**" + w + "**" })},
	{"table", "", numbered("| %d | %s |\n")},
	{"escaped line breaks", "", between(`\n`)},
	{"JSON escapes", "", func(words []string) string {
		var b strings.Builder
		for _, r := range strings.Join(words, " ") {
			if r < 0x80 {
				b.WriteRune(r)
			} else if r < 0x10000 {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		}
		return b.String()
	}},
	{"Cyrillic look-alikes", "en", func(words []string) string {
		return strings.NewReplacer("o", "о", "a", "а", "e", "е").Replace(strings.Join(words, " "))
	}},
	{"emoji between", "", between(" 🔑 ")},
	{"quoted mail", "", func(words []string) string {
		return "> " + strings.Join(words[:6], " ") + "\n> " + strings.Join(words[6:], " ")
	}},
	{"backwards", "", func(words []string) string {
		out := make([]string, len(words))
		for i, w := range words {
			out[len(words)-1-i] = w
		}
		return strings.Join(out, " ")
	}},
}

// around are sentences before and behind a phrase in the 14 languages.
var around = map[string][2]string{
	"none":    {"", ""},
	"en":      {"Hello, I cannot get into my wallet, the words are ", " please help me quickly, thank you"},
	"zh-Hans": {"你好，我的钱包打不开了，单词是 ", " 请帮我看一下，谢谢"},
	"zh-Hant": {"你好，我的錢包打不開了，單詞是 ", " 請幫我看一下，謝謝"},
	"vi":      {"Xin chào, tôi không mở được ví, các từ là ", " xin hãy giúp tôi, cảm ơn"},
	"tr":      {"Merhaba, cüzdanıma giremiyorum, kelimeler ", " lütfen yardım edin, teşekkürler"},
	"ru":      {"Здравствуйте, не могу войти в кошелёк, вот слова ", " помогите, пожалуйста, спасибо"},
	"ko":      {"안녕하세요 지갑에 들어갈 수 없어요 단어는 ", " 입니다 도와주세요 감사합니다"},
	"es":      {"Hola, no puedo entrar en mi billetera, las palabras son ", " por favor ayúdenme, gracias"},
	"pt":      {"Olá, não consigo entrar na minha carteira, as palavras são ", " por favor me ajudem, obrigado"},
	"id":      {"Halo, saya tidak bisa masuk ke dompet saya, katanya ", " tolong bantu saya, terima kasih"},
	"ar":      {"مرحبا، لا أستطيع الدخول إلى محفظتي، الكلمات هي ", " ساعدوني من فضلكم، شكرا"},
	"ja":      {"こんにちは、ウォレットに入れません。単語は ", " です。助けてください。よろしくお願いします"},
	"de":      {"Hallo, ich komme nicht in meine Wallet, die Wörter sind ", " bitte helfen Sie mir, danke"},
	"fr":      {"Bonjour, je ne peux pas ouvrir mon portefeuille, les mots sont ", " aidez-moi s'il vous plaît, merci"},
}

// leastCaught are the shares, in percent, of disguises that do not always fail.
var leastCaught = map[string]int{
	"and": 99, "y": 99, "第1个 x": 99, // phrases of frequent Chinese characters
	"then": 99, "and then": 99, "luego": 99, "depois": 99, "puis": 99, "dann": 99, "затем": 99, "接着": 99, "다음": 99, "kemudian": 99, "sonra": 99,
	"rồi": 99, "ثم": 99, // a phrase that repeats its own words
	"Chinese in groups":      98,
	"Chinese without spaces": 99,
}

func TestNoDisguiseHidesASeedPhrase(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	for _, d := range slices.Concat(disguises, hidings) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			caught, total := 0, 0
			languages := slices.Sorted(maps.Keys(around))
			for i, p := range testPhrases() {
				if d.languages != "" && !strings.Contains(" "+d.languages+" ", " "+p.language+" ") {
					continue
				}
				body := d.write(p.words)
				// Each phrase stands in sentences of three of the languages in turn: all at once take minutes under the race detector.
				for j := range 3 {
					language := languages[(3*i+j)%len(languages)]
					total++
					if uncovered(r, around[language], body) <= len(body)/6 {
						caught++
					} else if testing.Verbose() {
						t.Logf("missed in %s: %q", language, body)
					}
				}
			}
			t.Logf("%s: %d of %d caught", d.name, caught, total)
			least, ok := leastCaught[d.name]
			if !ok {
				least = 100
			}
			require.GreaterOrEqual(t, caught*100, total*least)
		})
	}
}

// uncovered returns how many bytes of a secret stay when it stands in a sentence.
func uncovered(r *Redactor, sentence [2]string, secret string) int {
	got := r.Redact(sentence[0] + secret + sentence[1])
	left := len(got.Text) - len(sentence[0]) - len(sentence[1])
	if len(got.Findings) == 0 {
		return len(secret)
	}
	for _, f := range got.Findings {
		left -= f.End - f.Start
	}
	return left
}
