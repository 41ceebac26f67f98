package redact

import (
	"strings"
	"testing"
)

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	texts := map[string]string{
		"english": "I made a withdrawal of 250 USDT two hours ago and it still says processing. Could you please check what is wrong with it? ",
		"chinese": "我昨天提现了二百五十个泰达币,到现在还没有到账,麻烦帮我查一下是什么原因,谢谢。",
		"russian": "Я вывел 250 USDT два часа назад, а статус всё ещё в обработке. Проверьте, пожалуйста, что с ним не так. ",
		"words":   strings.ReplaceAll(broken24, " ", " the ") + ". ",
		"secrets": broken24 + ". My password is hunter2x! ",
		"tokens":  "tx 9f5080adb96fc251fb87387ec4a1f77506cb59e14ef1d87d3a018a0cd41a9eeb token key ",
		"letters": strings.Repeat("a", 100),
		"open":    "[{<⟦otp:",
	}
	r := newRedactor(b)
	for name, text := range texts {
		text = strings.Repeat(text, 100_000/len(text))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r.Redact(text)
			}
		})
	}
}
