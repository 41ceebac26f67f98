package lang_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/lang"
)

func newDetector(t testing.TB) *lang.Detector {
	t.Helper()
	d, err := lang.New()
	require.NoError(t, err)
	return d
}

func TestDetectNamesTheLanguageOfACustomersMessage(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	for want, texts := range map[string][]string{
		"en": {
			"hey my usdt withdrawal has been processing for like 5 hours", "why did you guys lock me out",
			"i can't get past the selfie step", "wheres my btc", "MY ACCOUNT GOT HACKED PLEASE FREEZE IT NOW",
			"do u charge anything for deposits", "didnt get the email", "whats ur fee", "I sent TRX to my ETH address, help",
		},
		"zh-Hans": {
			"提现两天了还没到账，怎么回事", "账号登录不了显示风控", "帮我看下这笔充值", "为什么一直审核中", "手续费是多少",
			"我的USDT被转走了！！！", "能不能快点处理啊", "换了手机谷歌验证码没了",
		},
		"zh-Hant": {
			"提領兩天了還沒到帳，怎麼回事", "帳號登入不了顯示風控", "幫我看一下這筆入金", "為什麼一直審核中", "手續費是多少",
			"我的USDT被轉走了！！！", "換了手機驗證碼沒了", "請問點解未收到錢",
		},
		"vi": {
			"mình rút usdt mà 5 tiếng rồi chưa về ví", "sao tài khoản em bị khoá vậy ạ", "phí nạp là bao nhiêu",
			"rut usdt tu sang den gio chua ve vi", "sao tai khoan em bi khoa vay a", "em chuyen nham dia chi vi roi",
			"mat khau cua em khong dung duoc", "toi can ho tro gap",
		},
		"tr": {
			"usdt çekimim beş saattir bekliyor", "neden hesabımı kilitlediniz", "yatırma için ücret alıyor musunuz",
			"neden hesabimi kilitlediniz", "param hala gelmedi ne zaman gelir", "sifremi degistiremiyorum",
			"parami geri istiyorum", "kimlik dogrulama neden onaylanmadi",
		},
		"ru": {
			"вывод usdt уже пять часов в обработке", "за что заблокировали аккаунт", "какая комиссия за пополнение",
			"не приходит письмо с кодом", "сколько ещё ждать то", "у меня украли деньги с кошелька",
			"нажал вывести и получил 'Withdrawal suspended due to risk control'",
		},
		"ko": {
			"usdt 출금이 다섯시간째 처리중이에요", "왜 계정이 잠긴거죠", "입금 수수료 있나요", "돈이 사라졌어요 도와주세요",
			"ㅠㅠ 언제 되나요", "QR 코드가 안 찍혀요",
		},
		"es": {
			"llevo cinco horas esperando mi retiro de usdt", "por que me bloquearon la cuenta", "cobran algo por depositar?",
			"no me llega el correo con el codigo", "cuando me devuelven la plata", "me robaron todo de la billetera",
			"al retirar me sale \"Withdrawal suspended due to risk control\", que hago", "contrasena incorrecta y no puedo entrar",
		},
		"pt": {
			"faz cinco horas que meu saque de usdt está processando", "por que bloquearam minha conta",
			"vocês cobram pra depositar?", "nao recebi o email com o codigo", "quando vcs vão devolver meu dinheiro",
			"roubaram tudo da minha carteira", "nao estou conseguindo fazer a verificacao",
		},
		"id": {
			"penarikan usdt saya sudah lima jam masih diproses", "kenapa akun saya diblokir min", "deposit kena biaya gak?",
			"email kodenya gak masuk masuk", "kapan uang saya dikembalikan", "dompet saya dikuras orang",
			"gimana cara ganti nomor hp", "blm bisa wd dari kemarin kak",
		},
		"ar": {
			"سحب usdt صار له خمس ساعات تحت المعالجة", "ليش قفلتوا حسابي", "هل يوجد رسوم على الإيداع",
			"ما وصلني ايميل الكود", "سرقوا كل شي من المحفظة", "لو سمحت متى ترجع فلوسي",
			"3ayez as7ab flousi mesh 3aref", "ana mesh 3aref as7ab el flous",
		},
		"ja": {
			"usdtの出金が５時間処理中のままです", "なんでアカウントがロックされたんですか", "入金に手数料かかりますか",
			"コードのメール来ません", "財布の中身が全部盗まれた", "出金方法を教えて", "本人確認書類の再提出",
		},
		"de": {
			"meine usdt auszahlung ist seit fünf stunden in bearbeitung", "warum habt ihr mein konto gesperrt",
			"kostet einzahlen was?", "die mail mit dem code kommt nicht an", "wann krieg ich mein geld wieder",
			"aus meiner wallet wurde alles gestohlen", "ich moechte mein passwort aendern", "Überweisung fehlt",
		},
		"fr": {
			"ça fait cinq heures que mon retrait usdt est en cours", "pourquoi vous avez bloqué mon compte",
			"vous prenez des frais sur les dépôts ?", "le mail avec le code n'arrive pas", "quand est ce que vous me rendez mon argent",
			"on m'a tout volé sur mon portefeuille", "j'ai pas recu mon virement", "verification d'identite refusee",
		},
	} {
		for _, text := range texts {
			require.Equal(t, want, d.Detect(text, lang.Hint{}).Tag, text)
		}
	}
}

func TestDetectNamesLanguagesTheDeskDoesNotWrite(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	for want, text := range map[string]string{
		"uk":  "не можу вивести гроші, допоможіть",
		"fa":  "چرا حساب من بسته شده است؟",
		"ur":  "میرے پیسے ابھی تک کیوں نہیں آئے؟",
		"hi":  "मेरा पैसा अभी तक नहीं आया",
		"th":  "เงินยังไม่เข้าเลยครับ",
		"bn":  "আমার টাকা এখনো আসেনি",
		"it":  "non mi arriva il codice per prelevare",
		"pl":  "dlaczego moje konto zostało zablokowane",
		"nl":  "waarom is mijn rekening geblokkeerd",
		"tl":  "bakit hindi ko makuha ang pera ko",
		"ms":  "kenapa akaun saya tak boleh keluarkan duit",
		"und": "γιατί δεν ήρθαν τα χρήματά μου",
	} {
		got := d.Detect(text, lang.Hint{})
		require.Equal(t, want, got.Tag, text)
		require.Greater(t, got.Certainty, 0.5, text)
	}
	require.Equal(t, "und", d.Detect("miért nem érkezett meg a pénzem a számlára", lang.Hint{}).Tag)
	require.Equal(t, "hi", d.Detect("mera paisa kab wapas aayega bhai", lang.Hint{}).Tag)
	require.Equal(t, "ru", d.Detect("pochemu ne prihodyat dengi", lang.Hint{}).Tag)
}

func TestDetectIgnoresWhatCarriesNoLanguage(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	for want, texts := range map[string][]string{
		"ru": {
			"где деньги? https://quayside.example/withdraw/history?status=pending&page=2",
			"TXID 0x8f3c2ab1d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f не вижу",
			"пишет «Your account has been temporarily restricted, please contact support» что это",
			"моя фраза ⟦seed_phrase⟧ помогите",
		},
		"es": {
			"mi correo es john.smith@mailbox.example y no entra", "sale `ERR_RISK_CONTROL: request denied by policy` que hago",
			"mandé a bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq y no llega",
			"```{\"error\":\"withdrawals are disabled for this account\"}``` no entiendo",
		},
		"de":      {"Fehlermeldung „Withdrawal is currently not available“ was tun", "<div class=\"user message\">geht nicht</div>"},
		"ja":      {"「Withdrawal suspended」と出ます", "2FAのcodeが届かない"},
		"zh-Hans": {"我的withdrawal一直pending，TXID查不到", "deposit没到账", "请看https://status.quayside.example/incidents现在怎么办"},
		"zh-Hant": {"我的 withdrawal pending 很久了，什麼時候到帳", "kyc verification 被拒絕"},
		"en":      {"what does 提币 mean", "my friend said \"no puedo retirar\" is an error, is it"},
		"ar":      {"تظهر رسالة \"Withdrawal suspended, contact support\" ايش اسوي"},
	} {
		for _, text := range texts {
			require.Equal(t, want, d.Detect(text, lang.Hint{}).Tag, text)
		}
	}
}

func TestDetectBorrowsWhenTheTextTellsNothing(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	for _, text := range []string{
		"", " ", "12345", "👍👍", "ok", "OK!", "???", "0x8f3c2ab1d4e5f60718293a4b5c6d7e8f90a1b2c3", "100 USDT", "BTC", "KYC?",
		"a@b.example", "⟦password⟧", "https://quayside.example/en/help", "TRC20", "2FA",
	} {
		talk := d.Detect(text, lang.Hint{Conversation: "zh-CN", Caller: "fr"})
		site := d.Detect(text, lang.Hint{Conversation: "junk!", Caller: "pt-BR"})
		none := d.Detect(text, lang.Hint{Conversation: "und", Caller: "*"})
		require.Equal(t, "zh-Hans", talk.Tag, text)
		require.Equal(t, "pt", site.Tag, text)
		require.Equal(t, "en", none.Tag, text)
		require.Greater(t, talk.Certainty, site.Certainty, text)
		require.Greater(t, site.Certainty, none.Certainty, text)
		require.Less(t, none.Certainty, 0.5, text)
	}
}

func TestDetectLetsAHintSettleOnlyWhatTheTextLeavesOpen(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	require.Equal(t, "zh-Hant", d.Detect("你好", lang.Hint{Conversation: "zh-TW"}).Tag)
	require.Equal(t, "zh-Hans", d.Detect("你好", lang.Hint{Conversation: "zh-CN"}).Tag)
	require.Equal(t, "zh-Hans", d.Detect("为什么还没到账", lang.Hint{Conversation: "zh-TW", Caller: "zh-TW"}).Tag)
	require.Equal(t, "pt", d.Detect("transferencia", lang.Hint{Conversation: "pt"}).Tag)
	require.Equal(t, "es", d.Detect("transferencia", lang.Hint{Conversation: "es"}).Tag)
	require.Equal(t, "de", d.Detect("warum ist mein konto gesperrt", lang.Hint{Conversation: "en", Caller: "en"}).Tag)
	require.Equal(t, "en", d.Detect("please close my account", lang.Hint{Conversation: "zh-CN", Caller: "zh-CN"}).Tag)
	require.Equal(t, "ko", d.Detect("왜 안돼요", lang.Hint{Conversation: "en", Caller: "en"}).Tag)
}

func TestDetectReadsDisguisedLetters(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	for want, text := range map[string]string{
		"en": "ｗｈｅｒｅ　ｉｓ　ｍｙ　ｍｏｎｅｙ",                                                                            // full-width
		"fr": "j'ai oublie\u0301 mon mot de passe de\u0301finitivement",                                      // decomposed accents
		"ru": "почему\u200b\u200b не\u202e пришли\ufeff деньги",                                              // zero-width and direction controls
		"es": "do\u0336n\u0336d\u0336e\u0336 est\u0336a\u0336 mi\u0336 di\u0336n\u0336e\u0336r\u0336o\u0336", // struck through
		"ar": "أَيْنَ أَمْـــوَالِي يَا جَمَاعَة",                                                            // vowel marks, tatweel
	} {
		require.Equal(t, want, d.Detect(text, lang.Hint{}).Tag, text)
	}
}

func TestDetectSurvivesAnyInput(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	for _, text := range []string{
		strings.Repeat("a", 1<<20), strings.Repeat("提现 ", 1<<18), strings.Repeat("⟦", 1<<16), strings.Repeat("'", 1<<16),
		strings.Repeat("```", 1<<14), strings.Repeat("<b", 1<<14), "\xff\xfe\xfd", "abc\xffdef", "\x00", "\u202e", "&;", "<", "@",
		strings.Repeat("e\u0301\u0302\u0303", 1<<14), "𝕳𝖊𝖑𝖕", "´", "''", "'a", "ß", "ſ", "İ", "ﷺ",
	} {
		got := d.Detect(text, lang.Hint{Caller: text, Conversation: text})
		require.NotEmpty(t, got.Tag)
		require.True(t, got.Certainty >= 0 && got.Certainty <= 1)
	}
}

func TestDetectReadsTheBeginningOfALongText(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	for want, text := range map[string]string{
		"ja":      strings.Repeat("出金が三日間も反映されないので至急確認をお願いします", 50),
		"zh-Hans": strings.Repeat("提现三天了还没有到账请尽快帮我处理一下", 50),
		"zh-Hant": strings.Repeat("提領三天了還沒有到帳請盡快幫我處理一下", 50),
		"ru":      strings.Repeat("почему мой вывод до сих пор не пришёл, ", 500),
	} {
		require.Equal(t, want, d.Detect(text, lang.Hint{Conversation: "en"}).Tag)
	}
}

func FuzzDetect(f *testing.F) {
	d := newDetector(f)
	known := knownTags()
	for _, seed := range []string{
		"where is my money", "提币没到账", "「x」 'y' \"z\"", "<a href=x>y</a> &amp; ⟦pin⟧", "3ayez flousi", "\xf0\x28", "a.b@c/d", "```",
	} {
		f.Add(seed, "zh-CN", "en")
	}
	f.Fuzz(func(t *testing.T, text, talk, site string) {
		got := d.Detect(text, lang.Hint{Caller: site, Conversation: talk})
		require.Contains(t, known, got.Tag)
		require.True(t, got.Certainty >= 0 && got.Certainty <= 1, got.Certainty)
		require.Equal(t, got, d.Detect(text, lang.Hint{Caller: site, Conversation: talk}))
	})
}

func knownTags() []string {
	return append(lang.Supported(), "uk", "fa", "hi", "th", "it", "pl", "nl", "bn", "ur", "tl", "ms", "und")
}

func BenchmarkDetect(b *testing.B) {
	d := newDetector(b)
	for name, text := range map[string]string{
		"short_latin": "hey my usdt withdrawal has been processing for like 5 hours",
		"short_han":   "提现两天了还没到账，怎么回事",
		"short_ru":    "вывод usdt уже пять часов в обработке",
		"page":        strings.Repeat("warum ist mein konto gesperrt und wo bleibt mein geld. ", 100),
	} {
		require.True(b, utf8.ValidString(text))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Detect(text, lang.Hint{Caller: "en-GB", Conversation: "de"})
			}
		})
	}
}
