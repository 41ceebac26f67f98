package redact

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tyler-smith/go-bip39/wordlists"
)

// newRedactor returns one Redactor for all tests: it is immutable, and building it
// takes longer than most of them.
func newRedactor(t testing.TB) *Redactor {
	t.Helper()
	r, err := sharedRedactor()
	require.NoError(t, err)
	return r
}

var sharedRedactor = sync.OnceValues(func() (*Redactor, error) { return New(Config{}) })

// Phrases made for these tests from the English list; the first has a valid
// checksum.
const (
	phrase12 = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	broken12 = "orbit velvet cactus ribbon maple juice tunnel hockey garlic palace index frown"
	monero25 = "abbey abducts ability ablaze abnormal abort abrasive absorb abyss academy aces aching acidic acoustic acquire across actress acumen adapt addicted adept adhesive adjust adopt abbey"
	broken24 = broken12 + " lizard copper nephew silver dragon essay kite marble opera quiz rocket theme"
)

// chinese12 is a phrase of rare characters of the Chinese list.
func chinese12() string {
	var b strings.Builder
	for i := range 12 {
		b.WriteString(wordlists.ChineseSimplified[700+97*i])
	}
	return b.String()
}

func TestRedactRemovesSecrets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want string
	}{
		{"phrase alone", phrase12, "⟦seed_phrase⟧"},
		{"phrase with a wrong checksum", broken12, "⟦seed_phrase⟧"},
		{"phrase of 24", "words: " + broken24 + ".", "words: ⟦seed_phrase⟧."},
		{"phrase in capitals", strings.ToUpper(broken12), "⟦seed_phrase⟧"},
		{"phrase with commas", "it is " + strings.ReplaceAll(broken12, " ", ", ") + " ok?", "it is ⟦seed_phrase⟧ ok?"},
		{"phrase in lines", "these:\n" + strings.ReplaceAll(broken12, " ", "\n") + "\nthanks", "these:\n⟦seed_phrase⟧\nthanks"},
		{"phrase with numbers", "1. orbit 2. velvet 3. cactus 4. ribbon 5. maple 6. juice 7. tunnel 8. hockey 9. garlic 10. palace 11. index 12. frown", "1. ⟦seed_phrase⟧"},
		{"phrase with labels", "word 1: orbit word 2: velvet word 3: cactus word 4: ribbon word 5: maple word 6: juice word 7: tunnel word 8: hockey word 9: garlic word 10: palace word 11: index word 12: frown", "word 1: ⟦seed_phrase⟧"},
		{"phrase in quotes and brackets", `["` + strings.ReplaceAll(broken12, " ", `","`) + `"]`, `["⟦seed_phrase⟧"]`},
		{"phrase in HTML", "<li>" + strings.ReplaceAll(broken12, " ", "</li><li>") + "</li>", "<li>⟦seed_phrase⟧</li>"},
		{"phrase in angle brackets", "<" + broken12 + ">", "<⟦seed_phrase⟧>"},
		{"numbered phrase with a word for numbers", "1 orbit 2 velvet 3 cactus 4 ribbon 5 number 6 juice 7 tunnel 8 hockey 9 garlic 10 palace 11 index 12 frown", "1 ⟦seed_phrase⟧"},
		{"phrase with one typo", strings.Replace(broken12, "hockey", "hokcey", 1), "⟦seed_phrase⟧"},
		{"phrase with two typos", strings.Replace(strings.Replace(broken12, "orbit", "orbjt", 1), "garlic", "garic", 1), "⟦seed_phrase⟧"},
		{"phrase with an unknown word inside", strings.Replace(broken12, "juice", "qqqqq", 1), "⟦seed_phrase⟧"},
		{"phrase in full width", "ｏｒｂｉｔ　ｖｅｌｖｅｔ　ｃａｃｔｕｓ　ｒｉｂｂｏｎ　ｍａｐｌｅ　ｊｕｉｃｅ　ｔｕｎｎｅｌ　ｈｏｃｋｅｙ　ｇａｒｌｉｃ　ｐａｌａｃｅ　ｉｎｄｅｘ　ｆｒｏｗｎ", "⟦seed_phrase⟧"},
		{"phrase with zero-width characters", strings.ReplaceAll(broken12, "e", "e\u200b"), "⟦seed_phrase⟧"},
		{"phrase behind a direction override", "\u202e" + broken12 + "\u202c", "\u202e⟦seed_phrase⟧"},
		{"phrase with zalgo", strings.ReplaceAll(broken12, "a", "a\u0335\u0321\u0489"), "⟦seed_phrase⟧"},
		{"phrase with Cyrillic look-alikes", strings.ReplaceAll(broken12, "o", "о"), "⟦seed_phrase⟧"},
		{"phrase without spaces", strings.ReplaceAll(broken12, " ", ""), "⟦seed_phrase⟧"},
		{"phrase in camel case", "Orbit" + "VelvetCactusRibbonMapleJuiceTunnelHockeyGarlicPalaceIndexFrown", "⟦seed_phrase⟧"},
		{"first four letters", "orbi velv cact ribb mapl juic tunn hock garl pala inde frow", "⟦seed_phrase⟧"},
		{"password that shares a fingerprint with a function word", "my password is Kupola7!Zx", "my password is ⟦password⟧"},
		{"Arabic password, feminine", "كلمة المرور الخاصة بي هي Sunset9!Qw", "كلمة المرور الخاصة بي هي ⟦password⟧"},
		{"Chinese without spaces", "助记词:" + chinese12() + "，请帮我", "助记词:⟦seed_phrase⟧，请帮我"},
		{"Chinese without a separator", "我的助记词是" + chinese12(), "我的助记词是⟦seed_phrase⟧"},
		{"Chinese without spaces, bare", chinese12(), "⟦seed_phrase⟧"},
		{"Monero", "my seed is " + monero25 + " thanks", "my seed is ⟦seed_phrase⟧ thanks"},
		{"Portuguese inside a sentence", "olha: povoar gorjeta injetar janta saturar paciente ovelha vaidoso cancelar limpador confuso degelo e agora", "olha: ⟦seed_phrase⟧ e agora"},
		{"Russian inside a sentence", "вот они ящик шанс абзац абонент абсурд авангард яйцо шутить ящик шанс абзац абсурд и всё", "вот они ⟦seed_phrase⟧ и всё"},
		{"words of no list, announced", "my seed phrase: plim gorka tavel nostra bifel kurama dolnep swarik pentol zumbar krafin oblex", "my seed phrase: ⟦seed_phrase⟧"},
		{"numbers of words", "SeedQR 173318430246145410930945187804310687125208830713", "SeedQR ⟦seed_phrase⟧"},
		{"WIF", "key 5KQmDryMNDcisTzRp3zEq9e4awRmJrEVU1j5vFRTKpRNYPqYrMg pls", "key ⟦private_key⟧ pls"},
		{"WIF with a typo", "5KQmDryMNDcisTzRp3zEq9e4awRmJrEVU1j5vFRTKpRNYPqYrMx", "⟦private_key⟧"},
		{"hex key", "my private key is 0x8a1f0b5e4c7d9326aa01bc44de5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071", "my private key is ⟦private_key⟧"},
		{"hex key before its name", "8a1f0b5e4c7d9326aa01bc44de5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071 is my private key", "⟦private_key⟧ is my private key"},
		{"PEM", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIOXk0000\n-----END EC PRIVATE KEY-----\nhelp", "⟦private_key⟧\nhelp"},
		{"keystore", `here {"address":"00","crypto":{"cipher":"aes-128-ctr","ciphertext":"d172bf743a674da9","kdf":"scrypt"},"version":3} ok`, "here ⟦keystore⟧ ok"},
		{"byte array", "[" + strings.Repeat("12,", 63) + "200]", "⟦private_key⟧"},
		{"otpauth", "otpauth://totp/Quayside:me?secret=JBSWY3DPEHPK3PXP&issuer=Quayside here", "⟦totp_secret⟧ here"},
		{"TOTP key", "my 2FA key is JBSW Y3DP EHPK 3PXP", "my 2FA key is ⟦totp_secret⟧"},
		{"API secret", "here is my binance api secret NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j", "here is my binance api secret ⟦api_key⟧"},
		{"card", "card 4111 1111 1111 1111 declined", "card ⟦card⟧ declined"},
		{"card with dashes", "5555-5555-5555-4444", "⟦card⟧"},
		{"card in a row", "4111111111111111", "⟦card⟧"},
		{"CVV", "cvv is 123", "cvv is ⟦cvv⟧"},
		{"code before its name", "482913 is my verification code", "⟦one_time_code⟧ is my verification code"},
		{"code in groups", "the code is 482 913.", "the code is ⟦one_time_code⟧."},
		{"Google's code", "google code G-482913", "google code ⟦one_time_code⟧"},
		{"PIN", "my pin is 4821", "my pin is ⟦password⟧"},
		{"quoted password", `password: "correct horse battery"`, `password: "⟦password⟧"`},
		{"plain password", "my password is sunshine", "my password is ⟦password⟧"},
		{"user and password", "user: bob\npassword: hunter2\n", "user: bob\npassword: ⟦password⟧\n"},
		{"JSON password", `{"password":"Tr0ub4dor&3"}`, `{"password":"⟦password⟧"}`},
		{"two secrets", "my password is hunter2! and the sms code 482913", "my password is ⟦password⟧ and the sms code ⟦one_time_code⟧"},
	}
	r := newRedactor(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, r.Redact(tt.text).Text)
		})
	}
}

func TestRedactKeepsWhatSupportNeeds(t *testing.T) {
	t.Parallel()
	texts := []string{
		"tx 0x9f5080adb96fc251fb87387ec4a1f77506cb59e14ef1d87d3a018a0cd41a9eeb not arrived",
		"9f5080adb96fc251fb87387ec4a1f77506cb59e14ef1d87d3a018a0cd41a9eeb",
		"My password is fine, the txid is 9f5080adb96fc251fb87387ec4a1f77506cb59e14ef1d87d3a018a0cd41a9eeb",
		"I never shared my private key. Tx hash: 0x9f5080adb96fc251fb87387ec4a1f77506cb59e14ef1d87d3a018a0cd41a9eeb",
		"交易哈希 0x9f5080adb96fc251fb87387ec4a1f77506cb59e14ef1d87d3a018a0cd41a9eeb 提币两个小时了还没到账",
		"BTC 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 or 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
		"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"ETH 0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe",
		"TRON TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
		"XRP rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh tag 1234567",
		"SOL 7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV",
		"solana tx 5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW",
		"xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Q5JXayek4PRsn35jii4veMimro1xefsM58PgBMrvdYre8QyULY",
		"order 4539578763621486 and ticket QS-2026-00012345",
		"Order number 20261121-48291300 of 2026-11-21 14:05",
		"amount 1,234.56 USDT, fee 0.0005 BTC, memo 100482913",
		"call +1 415 555 0100 or +86 138 0013 8000",
		"error code 482913 on the page",
		"错误代码 482913",
		"код ошибки 482913",
		"my referral code is 48291377",
		"I forgot my password",
		"reset password please",
		"my password is not working",
		"password is wrong!!",
		"password: forgotten, please reset",
		"忘记密码了怎么办",
		"密码是错误的",
		"كلمة المرور غير صحيحة",
		"my verification code did not arrive in 2026",
		"the sms code never came, I waited 15 minutes",
		"收不到验证码，等了30分钟",
		"How do I back up my seed phrase of 12 words?",
		"what is a seed phrase and where do I write it down",
		"my api key is not working, what should I do",
		"is my private key safe with you?",
		"BTC ETH SOL XRP DOGE ADA DOT LTC BCH UNI ATOM LINK TRX",
		"比特币是完全虚拟和非物质的吗？",
		"提币两个小时了还没到账,怎么办?",
		"",
		" \n\t ",
		"🚀🚀🚀",
		"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
	}
	r := newRedactor(t)
	for _, text := range texts {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := r.Redact(text)
			require.Equal(t, text, got.Text)
			require.Empty(t, got.Findings)
		})
	}
}

func TestRedactUnderstandsCuesInEveryLanguage(t *testing.T) {
	t.Parallel()
	// Per language: sentences that announce a password, a code, a private key and a
	// phrase; %s is where the secret stands.
	tests := map[string][4]string{
		"en":      {"my password is %s", "the verification code is %s", "my private key: %s", "my seed phrase is %s please help"},
		"zh-Hans": {"我的密码是%s", "验证码是%s", "我的私钥是%s", "我的助记词是 %s 请帮我"},
		"zh-Hant": {"我的密碼是%s", "驗證碼:%s", "私鑰 %s", "助記詞 %s 謝謝"},
		"vi":      {"mật khẩu của tôi là %s", "mã xác minh là %s", "khóa riêng tư của tôi: %s", "cụm từ khôi phục của tôi: %s"},
		"tr":      {"şifrem %s", "doğrulama kodu: %s", "özel anahtarım %s", "kurtarma ifadem: %s yardım edin"},
		"ru":      {"мой пароль: %s", "код подтверждения %s", "мой приватный ключ %s", "моя сид-фраза: %s помогите"},
		"ko":      {"비밀번호는 %s", "인증번호는 %s", "개인키: %s", "시드 구문은 %s 입니다"},
		"es":      {"mi contraseña es %s", "el código de verificación es %s", "mi clave privada es %s", "mi frase semilla es %s ayuda"},
		"pt":      {"minha senha é %s", "o código de verificação é %s", "minha chave privada: %s", "minha frase de recuperação é %s"},
		"id":      {"kata sandi saya adalah %s", "kode verifikasi %s", "kunci privat saya: %s", "frasa pemulihan saya: %s tolong"},
		"ar":      {"كلمة المرور هي %s", "رمز التحقق هو %s", "المفتاح الخاص بي هو %s", "عبارة الاسترداد هي %s ساعدوني"},
		"ja":      {"パスワードは%s", "認証コードは%s", "秘密鍵は%s", "シードフレーズは %s です"},
		"de":      {"mein Passwort ist %s", "der Bestätigungscode lautet %s", "mein privater Schlüssel: %s", "meine Wiederherstellungsphrase: %s"},
		"fr":      {"mon mot de passe est %s", "le code de vérification est %s", "ma clé privée est %s", "ma phrase de récupération est %s"},
	}
	secrets := [4]string{"Hunter2x!", "482913", "8a1f0b5e4c7d9326aa01bc44de5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071", broken12}
	kinds := [4]Kind{Password, OneTimeCode, PrivateKey, SeedPhrase}
	r := newRedactor(t)
	for language, sentences := range tests {
		for i, sentence := range sentences {
			t.Run(language+" "+string(kinds[i]), func(t *testing.T) {
				t.Parallel()
				got := r.Redact(strings.ReplaceAll(sentence, "%s", secrets[i]))
				require.NotContains(t, got.Text, secrets[i])
				require.Equal(t, []Kind{kinds[i]}, got.Kinds(), got.Text)
			})
		}
	}
}

func TestRedactReportsWhereThePlaceholdersAre(t *testing.T) {
	t.Parallel()
	got := newRedactor(t).Redact("é my seed: " + phrase12 + ". My Password is hunter2!")
	require.Equal(t, "é my seed: ⟦seed_phrase⟧. My Password is ⟦password⟧", got.Text)
	require.Len(t, got.Findings, 2)
	require.Equal(t, []Kind{SeedPhrase, Password}, got.Kinds())
	for _, f := range got.Findings {
		require.Equal(t, Placeholder(f.Kind), got.Text[f.Start:f.End])
	}
	require.True(t, got.Findings[0].Verified)
	require.False(t, got.Findings[1].Verified)
}

func TestRedactMarksOnlyValidChecksumsAsVerified(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	require.True(t, r.Redact(phrase12).Findings[0].Verified)
	require.False(t, r.Redact(strings.Replace(phrase12, "yellow", "zebra", 1)).Findings[0].Verified)
	require.True(t, r.Redact("5KQmDryMNDcisTzRp3zEq9e4awRmJrEVU1j5vFRTKpRNYPqYrMg").Findings[0].Verified)
	require.False(t, r.Redact("5KQmDryMNDcisTzRp3zEq9e4awRmJrEVU1j5vFRTKpRNYPqYrMx").Findings[0].Verified)
}

func TestRedactIsNotSwitchedOffByTheText(t *testing.T) {
	t.Parallel()
	got := newRedactor(t).Redact("token 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 gitleaks:allow")
	require.Equal(t, []Kind{APIKey}, got.Kinds())
}

func TestRedactSettlesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	for _, text := range []string{
		"password: password: hunter2x! hunter3x!",
		"otp 123456 123456 123456 is my code 123456",
		"api key " + strings.Repeat("a1b2c3d4e5f6g7h8i9 ", 20),
		strings.Repeat(broken12+" xxx yyy ", 5),
		"⟦seed_phrase⟧ ⟦password⟧ my password is ⟦password⟧ ok",
	} {
		first := r.Redact(text)
		second := r.Redact(first.Text)
		require.Equal(t, first.Text, second.Text)
		require.Empty(t, second.Findings)
	}
}

func TestRedactSurvivesAnyInput(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	for name, text := range map[string]string{
		"invalid UTF-8":   "\xff\xfe" + strings.ReplaceAll(broken12, " ", "\xff ") + "\xc3",
		"only marks":      strings.Repeat("\u0301", 1000),
		"only open marks": strings.Repeat("⟦", 1000),
		"half open":       "⟦seed_phrase",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotContains(t, r.Redact(text).Text, "velvet")
		})
	}
}

func TestRedactIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				got := r.Redact("token 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 and " + broken12)
				if len(got.Findings) != 2 {
					t.Errorf("found %v", got.Kinds())
				}
			}
		})
	}
	group.Wait()
}
