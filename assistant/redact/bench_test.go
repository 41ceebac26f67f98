package redact

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// everyday are harmless messages in the 14 languages.
var everyday = map[string]string{
	"en":      "I made a withdrawal of 250 USDT two hours ago and it still says processing. Could you please check what is wrong with it? ",
	"zh-Hans": "我昨天提现了二百五十个泰达币,到现在还没有到账,麻烦帮我查一下是什么原因,谢谢。",
	"zh-Hant": "我昨天提現了 250 USDT，到現在還沒有到帳，麻煩幫我查一下是什麼原因，謝謝。",
	"vi":      "Tôi đã rút 250 USDT cách đây hai giờ mà trạng thái vẫn đang xử lý. Xin kiểm tra giúp tôi xem có vấn đề gì không. ",
	"tr":      "İki saat önce 250 USDT çektim ama hâlâ işleniyor görünüyor. Lütfen ne olduğunu kontrol eder misiniz? ",
	"ru":      "Я вывел 250 USDT два часа назад, а статус всё ещё в обработке. Проверьте, пожалуйста, что с ним не так. ",
	"ko":      "두 시간 전에 250 USDT를 출금했는데 아직도 처리 중이라고 나옵니다. 무엇이 문제인지 확인해 주세요. ",
	"es":      "Hice un retiro de 250 USDT hace dos horas y todavía aparece en proceso. ¿Pueden revisar qué está pasando, por favor? ",
	"pt":      "Fiz um saque de 250 USDT há duas horas e ainda aparece em processamento. Podem verificar o que está acontecendo? ",
	"id":      "Saya menarik 250 USDT dua jam yang lalu dan statusnya masih diproses. Tolong periksa apa yang salah. ",
	"ar":      "قمت بسحب 250 USDT قبل ساعتين وما زالت الحالة قيد المعالجة. هل يمكنكم التحقق من المشكلة من فضلكم؟ ",
	"ja":      "2時間前に250 USDTを出金しましたが、まだ処理中と表示されています。何が問題なのか確認していただけますか。",
	"de":      "Ich habe vor zwei Stunden 250 USDT ausgezahlt und es steht immer noch auf „wird bearbeitet“. Können Sie bitte nachsehen? ",
	"fr":      "J'ai fait un retrait de 250 USDT il y a deux heures et il est toujours « en cours ». Pouvez-vous vérifier, s'il vous plaît ? ",
}

// hostile are the beginnings of texts that try to make a search slow.
var hostile = map[string]string{
	"list words":     broken24 + " ",
	"filled words":   strings.ReplaceAll(broken24, " ", " and ") + " and ",
	"short forms":    "orbi velv cact ribb mapl juic tunn hock garl pala inde frow ",
	"digits":         "1234567890",
	"fours":          "0123 1456 ",
	"letters":        "a",
	"joined words":   strings.ReplaceAll(broken12, " ", ""),
	"Chinese":        chinese12(),
	"quotes":         `"`,
	"numbering":      "1. 2. 3. ",
	"base64":         "bGVnYWwgd2lubmVyIHRoYW5rIHllYXIgd2F2ZSBzYXVzYWdl",
	"hexadecimal":    "6c6567616c2077696e6e6572",
	"pairs":          "6c 65 ",
	"pieces":         "K1a 5Zb ",
	"cues":           "password: password is otp key ",
	"tokens":         "tx 9f5080adb96fc251fb87387ec4a1f77506cb59e14ef1d87d3a018a0cd41a9eeb token key ",
	"assignments":    "token: a1 key= b2 api_key: ",
	"services":       "adobe1: twitter= dropbox, jfrog: kraken? okta: ",
	"long values":    "auth_token: " + strings.Repeat("a1b2c3d4", 60) + " ",
	"secrets":        broken24 + ". My password is hunter2x! ",
	"open brackets":  "[{<⟦otp:",
	"escapes":        "%25",
	"references":     "&amp;",
	"combining":      "a\u0301\u200b",
	"mail addresses": "a@b.",
	"begin":          "-----BEGIN PRIVATE KEY",
	"ciphertext":     `{"ciphertext":{"kdf":`,
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(Config{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	r := newRedactor(b)
	for _, texts := range []map[string]string{everyday, hostile} {
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			text := strings.Repeat(texts[name], 100_000/len(texts[name]))
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					r.Redact(text)
				}
			})
		}
	}
}

// BenchmarkScan is the least that any search does, to compare [BenchmarkRedact] with
// on the same machine: it decodes every character once.
func BenchmarkScan(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(everyday)) {
		text := strings.Repeat(everyday[name], 100_000/len(everyday[name]))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			n := 0
			for b.Loop() {
				for i := 0; i < len(text); n++ {
					_, size := utf8.DecodeRuneInString(text[i:])
					i += size
				}
			}
			require.Positive(b, n)
		})
	}
}

func TestRedactTakesLinearTime(t *testing.T) {
	r := newPersonalRedactor(t)
	for _, name := range slices.Sorted(maps.Keys(hostile)) {
		took := func(size int) time.Duration {
			text := strings.Repeat(hostile[name], size/len(hostile[name]))
			start := time.Now()
			r.Redact(text)
			return time.Since(start)
		}
		// Quadratic work would take 256 times as long, in every round; a pause of the machine does not come in all of them.
		const size, times, rounds = 2 << 10, 16, 12
		var small, large time.Duration
		for round := range rounds {
			if round > 1 && large < small*times*8 {
				break
			}
			now := took(size)
			if round == 0 || now < small {
				small = now
			}
			if now = took(size * times); round == 0 || now < large {
				large = now
			}
		}
		t.Logf("%-15s %6.2f MB/s", name, size*times/1e6/large.Seconds())
		require.Less(t, large, small*times*8+20*time.Millisecond, "%s: %v for %d bytes, %v for %d times as many", name, small, size, large, times)
	}
}
