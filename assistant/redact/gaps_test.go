package redact

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tyler-smith/go-bip39/wordlists"
)

// Keys of public test vectors: Bitcoin Core's and BIP-32's.
const (
	wifKey  = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn"
	xprvKey = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"
	bip38   = "6PRVWUbkzzsbcVac2qwfssoUJAN1Xhrg6bNk8J7Nzm5H7kxEbn2Nh2ZoGg"
	hexKey  = "8a1f0b5e4c7d9326aa01bc44de5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071"
)

// inGroups cuts a text into groups of n characters.
func inGroups(text string, n int, between string) string {
	var groups []string
	for len(text) > n {
		groups = append(groups, text[:n])
		text = text[n:]
	}
	return strings.Join(append(groups, text), between)
}

// seedDigits is the SeedQR form of phrase words.
func seedDigits(words []string, between string) string {
	order := map[string]int{}
	for i, w := range wordlists.English {
		order[w] = i
	}
	numbers := make([]string, len(words))
	for i, w := range words {
		numbers[i] = fmt.Sprintf("%04d", order[w])
	}
	return strings.Join(numbers, between)
}

func TestRedactRemovesSecretsThatAreCutEncodedOrCutOff(t *testing.T) {
	t.Parallel()
	keystore := `{
  "version": 3,
  "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  "crypto": {
    "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    "cipherparams": { "iv": "6087dab2f9fdbbfaddc31a909735c1e6" },
    "kdf": "pbkdf2",
    "kdfparams": { "c": 262144, "dklen": 32, "prf": "hmac-sha256", "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd" },
    "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"
  }
}`
	tests := []struct {
		name, before, secret, after string
		kind                        Kind
	}{
		{"phrase in base64", "here: ", base64.StdEncoding.EncodeToString([]byte(phrase12)), " ok", SeedPhrase},
		{"phrase in base64, lines of 64", "here:\n", inGroups(base64.StdEncoding.EncodeToString([]byte(broken24)), 64, "\n"), "\nok", SeedPhrase},
		{"phrase in base64 of URLs", "", base64.RawURLEncoding.EncodeToString([]byte(phrase12)), "", SeedPhrase},
		{"phrase in hexadecimal", "here: ", hex.EncodeToString([]byte(phrase12)), " ok", SeedPhrase},
		{"phrase in hexadecimal with 0x", "here: ", "0x" + hex.EncodeToString([]byte(phrase12)), " ok", SeedPhrase},
		{"phrase in spaced hexadecimal", "here: ", inGroups(hex.EncodeToString([]byte(phrase12)), 2, " "), " ok", SeedPhrase},
		{"Chinese phrase in base64", "", base64.StdEncoding.EncodeToString([]byte(chinese12())), "", SeedPhrase},
		{"private key in base64", "key ", base64.StdEncoding.EncodeToString([]byte("private key " + wifKey)), " ok", PrivateKey},
		{"WIF in groups of four", "my key is ", inGroups(wifKey, 4, " "), " please help", PrivateKey},
		{"WIF in groups of eight", "", inGroups(wifKey, 8, " "), "", PrivateKey},
		{"WIF in two lines", "this:\n", inGroups(wifKey, 26, "\n"), "\nhelp", PrivateKey},
		{"WIF with dashes", "", inGroups(wifKey, 13, "-"), "", PrivateKey},
		{"xprv in lines", "my wallet:\n", inGroups(xprvKey, 32, "\n"), "\nthanks", ExtendedKey},
		{"xprv in groups", "my wallet: ", inGroups(xprvKey, 10, " "), " thanks", ExtendedKey},
		{"BIP-38 in groups", "paper wallet ", inGroups(bip38, 4, " "), " thanks", BIP38Key},
		{"hex key in groups of four", "my private key is ", inGroups(hexKey, 4, " "), " thanks", PrivateKey},
		{"hex key in groups of eight", "private key: ", inGroups(hexKey, 8, " "), " thanks", PrivateKey},
		{"hex key in two lines", "приватный ключ:\n", inGroups(hexKey, 32, "\n"), "\nспасибо", PrivateKey},
		{"hex key in bytes", "私钥 ", inGroups(hexKey, 2, " "), " 谢谢", PrivateKey},
		{"hex key in bytes with colons", "my private key ", inGroups(hexKey, 2, ":"), " thanks", PrivateKey},
		{"hex key in bytes with 0x", "my private key: ", "0x" + inGroups(hexKey, 2, ", 0x"), " thanks", PrivateKey},
		{"hex key in capitals", "MY PRIVATE KEY ", strings.ToUpper(hexKey), " THANKS", PrivateKey},
		{"SeedQR", "qr says ", seedDigits(strings.Fields(phrase12), ""), " ok", SeedPhrase},
		{"SeedQR of 24", "", seedDigits(strings.Fields(broken24), ""), "", SeedPhrase},
		{"SeedQR in fours", "qr says ", seedDigits(strings.Fields(broken12), " "), " ok", SeedPhrase},
		{"SeedQR in fours with commas", "numbers ", seedDigits(strings.Fields(broken24), ", "), " ok", SeedPhrase},
		{"SeedQR in lines", "", seedDigits(strings.Fields(broken12), "\n"), "", SeedPhrase},
		{"Stellar seed", "secret ", "SBFFC2X7IRHUUUTHVNUFJGYBYLPMKWMD2ZZOCSKHHGDXLSNE7TZRXYAD", "", PrivateKey},
		{"XRP seed", "", "snoPBrXtMeMyMHUVTgbuqAfg1SUTb", " is it", PrivateKey},
		{"PEM without an end", "look\n", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu", "", PrivateKey},
		{"PEM in one line", "", "-----BEGIN RSA PRIVATE KEY----- MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj -----END RSA PRIVATE KEY-----", " ok", PrivateKey},
		{"PEM with escaped lines", "", `-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIOXk0000MHcCAQEEIOXk0000MHcCAQEEIOXk0000\n-----END EC PRIVATE KEY-----\n`, " ok", PrivateKey},
		{"PEM without dashes at the end of the label", "", "-----BEGIN OPENSSH PRIVATE KEY\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW", "", PrivateKey},
		{"keystore, pretty", "file: ", keystore, " ok", Keystore},
		{"keystore, cut at the end", "file: ", strings.SplitN(keystore, `"mac"`, 2)[0] + `"mac": "517ead92`, "", Keystore},
		{"keystore, cut at the beginning", "", `"ciphertext"` + strings.SplitN(keystore, `"ciphertext"`, 2)[1], "", Keystore},
		{"keystore in capitals", "", strings.ReplaceAll(keystore, "crypto", "Crypto"), "", Keystore},
		{"otpauth", "scan ", "otpauth://totp/Quayside:me%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Quayside&algorithm=SHA256&digits=8&period=60", " ok", TOTPSecret},
		{"otpauth, HTML", `<a href="`, "otpauth://totp/Quayside?issuer=Quayside&amp;secret=JBSWY3DPEHPK3PXP&amp;digits=6", `">`, TOTPSecret},
		{"otpauth, encoded", "", "otpauth%3A%2F%2Ftotp%2FQuayside%3Fsecret%3DJBSWY3DPEHPK3PXP%26issuer%3DQuayside", "", TOTPSecret},
		{"otpauth with an image", "", "otpauth://hotp/Q?secret=GEZDGNBVGY3TQOJQ&counter=4&image=https://q.example/i.png", "", TOTPSecret},
		{"card in full width", "卡号 ", "４１１１ １１１１ １１１１ １１１１", " 谢谢", Card},
		{"card in Arabic digits", "رقم البطاقة ", "٤١١١١١١١١١١١١١١١", "", Card},
		{"card in two lines", "my card: ", "4111 1111\n1111 1111", " ok", Card},
		{"card with two spaces", "card ", "4111  1111  1111  1111", " ok", Card},
		{"quoted password", "my password is ", `"open sesame"`, " and it fails", Password},
		{"password in curly quotes", "my password is “", "Tr0ub4dor", "” ok", Password},
		{"password in CJK quotes", "密码是「", "abc12345", "」", Password},
		{"password with spaces around", "password :   ", "Tr0ub4dor&3", "   thanks", Password},
		{"password in brackets", "password [", "Tr0ub4dor&3", "]", Password},
		{"password in parentheses", "my password (", "Tr0ub4dor&3", ") fails", Password},
		{"password with an arrow", "password -> ", "Tr0ub4dor&3", "", Password},
		{"password after login", "login/password: ", "bob@example.com/Tr0ub4dor&3", "", Password},
		{"password in bold", "**Password:** ", "Tr0ub4dor&3", "", Password},
		{"password in HTML", "<b>Password</b>: ", "Tr0ub4dor&amp;3", "<br>", Password},
		{"CVV with spaces", "CVV : ", "1 2 3", "", CVV},
		{"CVV in brackets", "cvc (", "123", ")", CVV},
		{"CVV in full width", "安全码：", "１２３", "", CVV},
		{"CVV behind a card", "4111 1111 1111 1111 12/27 ", "123", "", CVV},
		{"Cardano key", "", "ed25519_sk1l3r62zm5wkgryrwxc3pzq0rrgjlkvsvplfz7jmq8xvxfmrpe25uqdm0rzq", "", PrivateKey},
		{"Nostr key", "", "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5", "", PrivateKey},
	}
	r := newRedactor(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := r.Redact(tt.before + tt.secret + tt.after)
			require.Contains(t, got.Kinds(), tt.kind, got.Text)
			require.Zero(t, strings.Count(strings.TrimSuffix(strings.TrimPrefix(got.Text, tt.before), tt.after), "⟧")-len(got.Findings), got.Text)
			for i := 0; i+8 <= len(tt.secret); i += 4 {
				if part := strings.TrimSpace(tt.secret[i : i+8]); len(part) == 8 {
					require.NotContains(t, got.Text, part)
				}
			}
		})
	}
}

// announcements are sentences in the 14 languages; %s is where the secret stands.
type announcements map[string][]string

func (a announcements) run(t *testing.T, kind Kind, secrets ...string) {
	t.Helper()
	r := newRedactor(t)
	for language, sentences := range a {
		for _, sentence := range sentences {
			for _, secret := range secrets {
				t.Run(language+" "+sentence+" "+secret, func(t *testing.T) {
					t.Parallel()
					got := r.Redact(strings.ReplaceAll(sentence, "%s", secret))
					require.NotContains(t, got.Text, secret)
					require.Len(t, got.Findings, 1, got.Text)
					if kind != APIKey || got.Kinds()[0] != PrivateKey { // "secret key" says either
						require.Equal(t, []Kind{kind}, got.Kinds(), got.Text)
					}
				})
			}
		}
	}
}

func TestRedactRemovesPasswordsInEveryLanguage(t *testing.T) {
	t.Parallel()
	announcements{
		"en":      {"my password is: %s", `password "%s"`, "pwd = %s", "Password   %s", "the login password was %s and it worked", "use %s as my password", "pass: %s"},
		"zh-Hans": {"密码：%s", "我的登录密码是 %s 请帮忙", "密码“%s”", "密码%s", "登陆密码为%s，不行"},
		"zh-Hant": {"密碼：%s", "我的登入密碼是 %s 請幫忙", "密碼「%s」", "密碼%s"},
		"vi":      {"mật khẩu: %s", "mật khẩu của tôi là %s", "mật khẩu \"%s\"", "mk: %s", "matkhau: %s"},
		"tr":      {"şifrem: %s", "şifrem %s", "parola = %s", "sifre \"%s\""},
		"ru":      {"пароль: %s", "мой пароль %s", "пароль «%s»", "пароль - %s", "пароль от аккаунта %s"},
		"ko":      {"비밀번호: %s", "비밀번호는 %s 입니다", "비번 %s", "패스워드 \"%s\""},
		"es":      {"contraseña: %s", "mi contraseña es %s", "la clave es %s", "contraseña «%s»"},
		"pt":      {"senha: %s", "minha senha é %s", "a senha \"%s\"", "palavra-passe: %s"},
		"id":      {"kata sandi: %s", "kata sandi saya %s", "password saya %s", "sandi \"%s\""},
		"ar":      {"كلمة المرور: %s", "كلمة السر هي %s", "الباسورد %s", "كلمة المرور «%s»"},
		"ja":      {"パスワード：%s", "パスワードは%sです", "パスワード「%s」", "パスワードは %s です"},
		"de":      {"Passwort: %s", "mein Passwort lautet %s", "Kennwort: %s", "Passwort „%s“"},
		"fr":      {"mot de passe : %s", "mon mot de passe est %s", "mdp: %s", "mot de passe « %s »"},
	}.run(t, Password, "Hunter2x!", "qwerty12345")
}

func TestRedactRemovesTOTPKeysInEveryLanguage(t *testing.T) {
	t.Parallel()
	announcements{
		"en":      {"my authenticator key is %s", "2fa secret: %s", "the setup key %s does not work", "google authenticator backup key %s"},
		"zh-Hans": {"谷歌验证器密钥是%s", "谷歌验证密钥：%s", "2FA密钥 %s"},
		"zh-Hant": {"谷歌驗證器金鑰是%s", "備份金鑰：%s", "2FA密鑰 %s"},
		"vi":      {"khóa 2FA: %s", "khóa google authenticator của tôi là %s", "mã khóa 2fa %s"},
		"tr":      {"2FA anahtarım %s", "kurulum anahtarı: %s", "yedek anahtar %s"},
		"ru":      {"ключ 2fa: %s", "ключ google authenticator %s", "резервный ключ %s"},
		"ko":      {"2FA 키는 %s", "OTP 키: %s", "백업 키 %s"},
		"es":      {"clave 2fa: %s", "la clave de configuración es %s", "clave del autenticador %s"},
		"pt":      {"chave 2fa: %s", "a chave de configuração é %s", "chave do autenticador %s"},
		"id":      {"kunci 2fa: %s", "kunci cadangan saya %s", "kunci google authenticator %s"},
		"ar":      {"مفتاح المصادقة الثنائية: %s", "مفتاح 2FA هو %s", "مفتاح google authenticator %s"},
		"ja":      {"2FAキーは%s", "セットアップキー：%s", "バックアップキー %s"},
		"de":      {"2FA-Schlüssel: %s", "der Einrichtungsschlüssel lautet %s", "Backup-Schlüssel %s"},
		"fr":      {"clé 2fa : %s", "la clé de configuration est %s", "clé de sauvegarde %s"},
	}.run(t, TOTPSecret, "JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxp", "JBSW-Y3DP-EHPK-3PXP")
}

func TestRedactRemovesSecurityCodesInEveryLanguage(t *testing.T) {
	t.Parallel()
	announcements{
		"en":      {"cvv %s", "CVC: %s", "the card's security code is %s", "cvv2 = %s"},
		"zh-Hans": {"CVV是%s", "卡背面三位 %s"},
		"zh-Hant": {"CVV是%s", "末三碼 %s"},
		"vi":      {"mã CVV %s", "mã cvv là %s"},
		"tr":      {"CVV kodu %s", "cvv: %s"},
		"ru":      {"CVV код %s", "cvc %s"},
		"ko":      {"CVC 번호 %s", "cvc는 %s"},
		"es":      {"el cvv es %s"},
		"pt":      {"o cvv é %s"},
		"id":      {"kode CVV %s", "cvv saya %s"},
		"ar":      {"رمز CVV %s", "رمز الحماية %s"},
		"ja":      {"CVVは%s", "CVC: %s"},
		"de":      {"Kartenprüfnummer %s", "CVV ist %s"},
		"fr":      {"cryptogramme %s", "le cvv est %s"},
	}.run(t, CVV, "123")
}

func TestRedactRemovesAPIKeysWithoutASeparatorInEveryLanguage(t *testing.T) {
	t.Parallel()
	announcements{
		"en":      {"here is my binance api secret %s", "api key %s does not work", "my API secret is %s thanks", "I use this secret %s for the bot"},
		"zh-Hans": {"密钥是%s", "我的API密钥%s不能用", "API Secret 是 %s", "接口密钥：%s"},
		"zh-Hant": {"API金鑰是%s", "我的密鑰%s", "API Secret 為 %s"},
		"vi":      {"khóa api của tôi %s", "api secret của tôi là %s"},
		"tr":      {"api anahtarım %s", "gizli anahtar %s çalışmıyor"},
		"ru":      {"ключ %s", "мой api ключ %s", "секретный ключ %s не работает", "токен %s"},
		"ko":      {"api 키는 %s", "시크릿 키 %s"},
		"es":      {"mi clave api %s", "el secreto de la api es %s"},
		"pt":      {"minha chave api %s", "chave secreta %s"},
		"id":      {"kunci api saya %s", "api secret saya %s"},
		"ar":      {"مفتاح api %s", "المفتاح السري %s"},
		"ja":      {"APIキーは%sです", "シークレットキー %s"},
		"de":      {"mein API-Schlüssel %s", "geheimer Schlüssel %s"},
		"fr":      {"ma clé api %s", "clé secrète %s"},
	}.run(t, APIKey, "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j", "9f2a7c31-5b1e-4d0a-8c77-0e6f3a1b2c4d", "4Fq8Zt1Lw7Rk2Xp9")
}
