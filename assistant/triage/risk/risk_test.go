package risk

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func defaultRules(tb testing.TB) *Rules {
	tb.Helper()
	rules, err := Default()
	require.NoError(tb, err)
	return rules
}

func risksOf(matches []Match) []Risk {
	var risks []Risk
	for _, m := range matches {
		risks = append(risks, m.Risk)
	}
	return risks
}

func TestHiddenRiskWordsAreStillFound(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	for name, text := range map[string]string{
		"accents on English":                "my àccount wàs hàcked",
		"arabic diacritics":                 "تَمَّ اخْتِراقُ حِسابي",
		"arabic tatweel":                    "تم اختـــراق حسابي",
		"bold mathematical letters":         "my 𝐚𝐜𝐜𝐨𝐮𝐧𝐭 was 𝐡𝐚𝐜𝐤𝐞𝐝",
		"character references":              "my account was &#104;acked",
		"circled letters":                   "my account was ⓗⓐⓒⓚⓔⓓ",
		"cyrillic look-alikes":              "my aссоunt was hасkеd",
		"dots between letters":              "my account was h.a.c.k.e.d",
		"emoji between words":               "my 😭 account 😭 was 😭 hacked",
		"full width":                        "ｍｙ　ａｃｃｏｕｎｔ　ｗａｓ　ｈａｃｋｅｄ",
		"inline tags":                       "my account was ha<b></b>cked",
		"invalid bytes":                     "my account was ha\xffcked",
		"leetspeak":                         "my acc0unt was h4ck3d",
		"line breaks":                       "my account\nwas\nhacked",
		"no spaces":                         "myaccountwashacked",
		"repeated letters":                  "my accouuuunt was haaaacked",
		"right-to-left override":            "my account was \u202ehacked\u202c",
		"soft hyphen":                       "my acc\u00adount was hac\u00adked",
		"spaced letters":                    "my account was h a c k e d",
		"spaces between Chinese":            "账 户 被 盗 了",
		"transliterated":                    "vzlomali akkaunt",
		"typing errors":                     "my acount was hackedd",
		"upper case":                        "MY ACCOUNT WAS HACKED",
		"zalgo":                             "my account was h̷̢̛a̴͓̋c̶̨͝k̵̗̈́e̷̺͂d̸̘̆",
		"zero-width in Chinese":             "账\u200b户被\u200d盗了",
		"zero-width inside":                 "my account was h\u200ba\u200cc\u2060k\ufeffed",
		"zero-width inside a tag":           "my account was ha<\u200bb>cked",
		"zero-width by name as a reference": "my account was ha&ZeroWidthSpace;cked",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, risksOf(rules.Match(text)), AccountTakeover, "%q", text)
		})
	}
}

func TestTextsWithoutRiskStayQuiet(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	for _, text := range []string{
		"", " \n\t ", "\x00", "\xff\xfe\xfd", "😀😀😀", "?!…", "\u202e\u200b\ufeff", "1234567890", "0x52908400098527886E0F7030069857D2E4169EE7",
		"my withdrawal is pending, why?", "提币两个小时了还没到账,怎么办?", "how do I set up 2FA", "is @exchange_help_desk on telegram really you",
		"where do I find my seed phrase", "someone asks me for my seed phrase, should I give it?", "growth hacks", "when is the next hackathon",
		"c2VjcmV0IGJhc2U2NCB0ZXh0IHRoYXQgbWVhbnMgbm90aGluZyBhdCBhbGw=",
	} {
		require.Empty(t, rules.Match(text), "%q", text)
	}
}

func TestSpansAreBytesOfTheOriginal(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	text := "hello 👋 — ｍｙ account\u200b was h\u200backed\u0301!!"
	matches := rules.Match(text)
	require.NotEmpty(t, matches)
	for _, m := range matches {
		if m.Rule == "en.hacked" {
			require.Equal(t, "ｍｙ account\u200b was h\u200backed\u0301", text[m.Start:m.End])
			return
		}
	}
	require.Fail(t, "en.hacked did not fire")
}

func TestRuleFiresOncePerText(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range defaultRules(t).Match(strings.Repeat("my account was hacked. ", 50)) {
		require.False(t, seen[m.Rule], m.Rule)
		seen[m.Rule] = true
	}
	require.NotEmpty(t, seen)
}

func TestGuardedPlaceDoesNotHideAnotherOne(t *testing.T) {
	t.Parallel()
	require.Contains(t, risksOf(defaultRules(t).Match("How do I avoid being hacked? Anyway. My account was hacked.")), AccountTakeover)
}

// Time must grow with the length of a text and no faster. Of two lengths in one run, sixteen times the text takes some
// sixteen times as long, up to forty where the longer one no longer fits the processor's cache; a quadratic step takes 256.
func TestLongTextsTakeLinearTime(t *testing.T) {
	rules := defaultRules(t)
	for name, unit := range map[string]string{
		"alternating risk words": "account hacked withdraw stolen seed gave code phone lost ",
		"arabic":                 "كيف أحمي حسابي من الاختراق ",
		"base64":                 "QWxhZGRpbjpvcGVuIHNlc2FtZQ",
		"combining marks":        "a\u0301\u0302\u0303",
		"commas":                 ",,,,",
		"entities":               "&#104;",
		"guarded everywhere":     "if my account is hacked ",
		"guards only":            "how to avoid if my not ",
		"invalid utf-8":          "\xf0\x9f",
		"less-than":              "<a",
		"spelled out":            "h a c k e d ",
		"words without rules":    "lorem ipsum dolor sit amet ",
		"chinese":                "如果账户被盗了怎么办",
	} {
		t.Run(name, func(t *testing.T) {
			match := func(size int) float64 {
				text := strings.Repeat(unit, size/len(unit))
				begin := time.Now()
				rules.Match(text)
				return time.Since(begin).Seconds()
			}
			// Sixteen times the text takes sixteen times as long, or 256 times where the work is quadratic. A busy machine
			// makes single times longer and not shorter, so the least of each counts, and they are taken until they agree.
			short, long := math.Inf(1), math.Inf(1)
			require.Eventually(t, func() bool {
				short, long = min(short, match(8<<10)), min(long, match(128<<10))
				return long < 100*short
			}, time.Minute, time.Millisecond)
		})
	}
}

func FuzzMatch(f *testing.F) {
	for _, text := range []string{"my account was hacked", "我的账户被盗了", "تم اختراق حسابي", "h a c k e d <b>x", "&#104;\xff", "가짜 사이트", "ha\u0301cked"} {
		f.Add(text, 3)
	}
	rules := defaultRules(f)
	f.Fuzz(func(t *testing.T, text string, at int) {
		matches := rules.Match(text)
		for _, m := range matches {
			require.True(t, 0 <= m.Start && m.Start < m.End && m.End <= len(text), "%+v in %d bytes", m, len(text))
		}
		// Insert a zero-width space between two characters: what is found stays the same.
		bounds := []int{0}
		for i := range text {
			bounds = append(bounds, i)
		}
		i := bounds[int(uint(at)%uint(len(bounds)))]
		hidden := rules.Match(text[:i] + "\u200b" + text[i:])
		require.Equal(t, ruleIDs(matches), ruleIDs(hidden))
	})
}

func BenchmarkMatch(b *testing.B) {
	rules := defaultRules(b)
	for name, text := range map[string]string{
		"ar":        "السلام عليكم، السحب الخاص بي معلق منذ ساعتين ولم يصل إلى محفظتي، ماذا أفعل؟",
		"en":        "Hi team, I made a withdrawal of 250 USDT to my wallet about two hours ago and it is still pending, can you tell me why and what I should do?",
		"en_hacked": "hello please help me someone logged into my account last night and withdrew my btc, i did not make this withdrawal",
		"vi":        "mình rút tiền về ví từ hai tiếng trước mà vẫn chưa thấy, lệnh đang chờ duyệt, cho mình hỏi bao lâu thì xong ạ",
		"zh":        "你好，我两个小时前提币250个USDT到我的钱包，现在还没到账，状态一直是处理中，请问是什么原因，该怎么办？",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rules.Match(text)
			}
		})
	}
}
