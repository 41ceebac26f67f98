package redact

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// hidings are disguises that nobody writes who does not mean to hide a phrase.
var hidings = []disguise{
	{"leetspeak", latin, func(words []string) string {
		return strings.NewReplacer("o", "0", "l", "1").Replace(strings.Join(words, " "))
	}},
	{"leetspeak, all vowels", latin, func(words []string) string {
		return strings.NewReplacer("a", "4", "e", "3", "i", "1", "o", "0").Replace(strings.Join(words, " "))
	}},
	{"leetspeak with signs, numbered", latin, func(words []string) string {
		return strings.NewReplacer("a", "@", "s", "$", "e", "3", "t", "7").Replace(numbered("%d. %s ")(words))
	}},
	{"l-e-t-t-e-r-s", latin, letters("-", " ")},
	{"l e t t e r s, all alike", latin + " ko", letters(" ", " ")},
	{"l.e.t.t.e.r.s, commas", latin, letters(".", ", ")},
	{"l e t t e r s in lines", latin, letters(" ", "\n")},
	{"l_e_t_t_e_r_s, numbered", latin, func(words []string) string {
		var b strings.Builder
		for i, w := range words {
			fmt.Fprintf(&b, "%d. %s\n", i+1, letters("_", "")([]string{w}))
		}
		return b.String()
	}},
	{"emoji inside words", latin, each(func(w string) string { r := []rune(w); return string(r[:2]) + "🔥" + string(r[2:]) })},
	{"emoji between, no space", "", between("🔑")},
	{"numbered backwards", "", func(words []string) string {
		var b strings.Builder
		for i, w := range slices.Backward(words) {
			fmt.Fprintf(&b, "%d. %s ", i+1, w)
		}
		return b.String()
	}},
	{"next", "", between(" next ")},
	{"and then", "", between(" and then ")},
	{"luego", spaced, between(" luego ")},
	{"depois", spaced, between(" depois ")},
	{"puis", spaced, between(", puis ")},
	{"dann", spaced, between(" dann ")},
	{"затем", spaced, between(" затем ")},
	{"接着", spaced, between(" 接着 ")},
	{"다음", spaced, between(" 다음 ")},
	{"次に", spaced, between("、次に")},
	{"それから", spaced, between("、それから")},
	{"kemudian", spaced, between(" kemudian ")},
	{"sonra", spaced, between(" sonra ")},
	{"rồi", spaced, between(" rồi ")},
	{"ثم", spaced, between(" ثم ")},
}

// letters writes every word letter by letter.
func letters(within, between string) func([]string) string {
	return func(words []string) string {
		out := make([]string, len(words))
		for i, w := range words {
			out[i] = strings.Join(strings.Split(norm.NFC.String(w), ""), within)
		}
		return strings.Join(out, between)
	}
}
