package guard

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestContactsFindsLinksInEveryDisguise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://evil.example/login":              "https://evil.example/login",
		"HTTPS://EVIL.Example/A":                  "https://evil.example/A",
		"hxxps://evil.example/a":                  "https://evil.example/a",
		"http : //evil.example":                   "http://evil.example",
		`https:\\evil.example`:                    "evil.example",
		"//evil.example/x":                        "evil.example/x",
		"evil.example":                            "evil.example",
		"www.evil":                                "www.evil",
		"evil[.]example/login":                    "evil.example/login",
		"evil (dot) com":                          "evil.com",
		"evil dot com":                            "evil.com",
		"evil. com":                               "evil.com",
		"evil。com":                                "evil.com",
		"evil点com":                                "evil.com",
		"ｅｖｉｌ．ｃｏｍ":                                "evil.com",
		"𝐞𝐯𝐢𝐥.𝐜𝐨𝐦":                                "evil.com",
		"ⓔⓥⓘⓛ.ⓒⓞⓜ":                                "evil.com",
		"e\u200bvil.com":                          "evil.com",
		"evil\u00ad.com":                          "evil.com",
		"**evil**.com":                            "evil.com",
		`evil\.com`:                               "evil.com",
		"evil&#46;com":                            "evil.com",
		"evil%2ecom":                              "evil.com",
		"quаyside.example":                        "xn--quyside-3fg.example", // Cyrillic а
		"пример.рф":                               "xn--e1afmkfd.xn--p1ai",
		"例子.公司":                                   "xn--fsqu00a.xn--55qx5d",
		"请访问evil.example查看":                       "evil.example",
		"请看 https://evil.example/a，然后":            "https://evil.example/a",
		"evil.exampleを開く":                         "evil.example",
		"راجع evil.example، ثم":                   "evil.example",
		"[here](https://evil.example)":            "https://evil.example",
		"![x](//evil.example/p.png)":              "evil.example/p.png",
		"https://quayside.example@evil.example/x": "https://quayside.example@evil.example/x",
		"quayside.example.evil.example":           "quayside.example.evil.example",
		"https://evil.example:8443/x":             "https://evil.example:8443/x",
		"192.168.1.1":                             "192.168.1.1",
		"t.me/quayside_help":                      "t.me/quayside_help",
		"tg://resolve?domain=quayside_help":       "tg://resolve?domain=quayside_help",
		"javascript:alert(1)":                     "javascript:alert(1)",
		"data:text/html;base64,PHNjcmlwdD4=":      "data:text/html;base64,PHNjcmlwdD4=",
		"write to @evil.example addresses":        "evil.example",
	} {
		found := Contacts(text)
		require.Len(t, found, 1, text)
		require.Equal(t, KindLink, found[0].Kind, text)
		require.Equal(t, want, found[0].Value, text)
	}
}

func TestContactsFindsEveryWordForADotAndAnAt(t *testing.T) {
	t.Parallel()
	for _, word := range dotWords {
		for _, form := range []string{"open evil %s example to unlock", "evil[%s]example", "evil (%s) example"} {
			found := Contacts(fmt.Sprintf(form, word))
			require.Len(t, found, 1, form, word)
			require.Equal(t, "evil.example", found[0].Value, word)
		}
	}
	for _, word := range atWords {
		for _, form := range []string{"write to help %s evil dot example", "help[%s]evil.example", "help {%s} evil {dot} example"} {
			found := Contacts(fmt.Sprintf(form, word))
			require.Len(t, found, 1, form, word)
			require.Equal(t, KindEmail, found[0].Kind, word)
			require.Equal(t, "help@evil.example", found[0].Value, word)
		}
	}
}

func TestContactsFindsHandlesOnEveryPlatform(t *testing.T) {
	t.Parallel()
	forms := []string{"%s: quayside_help", "%s quayside_help", "add me on %s @quayside_help now", "%s @quayside_help", "%s - quayside_help", "%s号quayside_help"}
	for _, platform := range platforms {
		for _, word := range platform.words {
			for _, form := range forms {
				text := fmt.Sprintf(form, word)
				found := Contacts(text)
				require.Len(t, found, 1, text)
				require.Equal(t, Contact{
					Kind: KindHandle, Platform: platform.name, Value: "quayside_help", Start: found[0].Start, End: found[0].End,
				}, found[0], text)
			}
		}
	}
}

func TestContactsFindsNamesWithoutAnUnderscoreBehindAColon(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Telegram: quaysidehelp":           "quaysidehelp",
		"WhatsApp: Quayside Customer Care": "quayside customer care",
		"微信：qs88661":                       "qs88661",
		"LINE ID：qs_service88":             "qs_service88",
		"QQ 12345678":                      "12345678",
	} {
		found := Contacts(text)
		require.Len(t, found, 1, text)
		require.Equal(t, want, found[0].Value, text)
	}
}

func TestContactsFindsPhoneNumbers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"+1 (202) 555-0143", "+12025550143"},
		{"00442079460958", "+442079460958"},
		{"202-555-0143", "2025550143"},
		{"(11) 91234-5678", "11912345678"},
		{"1-800-555-0199", "18005550199"},
		{"1-800-QUAYSIDE", "1800quayside"},
		{"020 7946 0958", "02079460958"},
		{"400-820-8820", "4008208820"},
		{"13812345678", "13812345678"},
		{"8 (800) 555-35-35", "88005553535"},
		{"01.99.00.12.34", "0199001234"},
		{"拨打95588", "95588"},
		{"Call 1900 6868 now", "19006868"},
		{"٠٠٩٧١٤٥٥٥٠١٢٣", "+97145550123"},
		{"＋１ ２０２ ５５５ ０１４３", "+12025550143"},
		{"四零零八二零八八二零", "4008208820"},
		{"WhatsApp +1 202 555 0143", "+12025550143"},
		{"tel:+12025550143", "+12025550143"},
		{"Rufen Sie an: 030 1234567", "0301234567"},
		{"phone: five five five zero one nine nine", "5550199"},
	} {
		text, want := test.text, test.want
		found := Contacts(text)
		require.Len(t, found, 1, text)
		require.Equal(t, KindPhone, found[0].Kind, text)
		require.Equal(t, want, found[0].Value, text)
	}
}

func TestContactsFindsPlacesToSendMoneyTo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa":                                                "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
		"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq":                                        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ":                                        "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ",
		"bc1q ar0s rrr7 xfkv y5l6 43ly dnw9 re59 gtzz wf5m dq":                              "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"0x52908400098527886E0F7030069857D2E4169EE7":                                        "0x52908400098527886E0F7030069857D2E4169EE7",
		"T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb":                                                "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb",
		"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh":                                                "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
		"4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T":                                      "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T",
		"ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9":                                       "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
		"DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L":                                                "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L",
		"EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N":                                  "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N",
		"addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8":                        "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8",
		"bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a":                            "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
		"bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq?amount=1":                       "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"address 0x0000000000000000000000000000000000000000000000000000000000000002 on Sui": "0x0000000000000000000000000000000000000000000000000000000000000002",
		"send it to quayside-refund.eth":                                                    "quayside-refund.eth",
		"DE89370400440532013000":                                                            "DE89370400440532013000",
		"ｂｃ１ｑａｒ０ｓｒｒｒ７ｘｆｋｖｙ５ｌ６４３ｌｙｄｎｗ９ｒｅ５９ｇｔｚｚｗｆ５ｍｄｑ": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"bc1qar0srrr7xfkvy5l643lydnw9rе59gtzzwf5mdq":       "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", // Cyrillic е
		"0x5290840009852788\u200b6E0F7030069857D2E4169EE7": "0x52908400098527886E0F7030069857D2E4169EE7",
		"请转到T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb。":           "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb",
	} {
		found := Contacts(text)
		require.Len(t, found, 1, text)
		require.Equal(t, KindAddress, found[0].Kind, text)
		require.Equal(t, want, found[0].Value, text)
	}
}

func TestContactsLeavesProseAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Order 48151623, ticket Q-1048213, UID 12345678, memo 1029384756, block 812345.",
		"1,000,000 USDT, 1.000.000 VND, 25 000 000 đ, $1,234,567.89, 0.00012345 BTC, 100000000 SHIB",
		"2025-03-14 10:25, 14.03.2025, 14/03/2025, 10–20 business days, 24/7, 09:00-17:00 UTC+8",
		"TxID 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
		"tx 0x4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
		"E.g. Node.js, i.e. v1.2, USDT.e, p.m., z. B. oder d.h., т.е. и т.д.",
		"We never write first on Telegram, WhatsApp or WeChat. Line by line, please.",
		"我们绝不会在 Telegram、WhatsApp 或微信上主动联系您。App 内可以查看。",
		"لن نراسلك أولًا على تيليجرام أو واتساب.",
		"Bitcoin: BTC. Note: the data: none. Market: up. Price @ 50000.",
		"Profile → Security → Withdrawal addresses; TRC20, ERC-20, BEP20, ISO 20022.",
	} {
		require.Empty(t, Contacts(text), text)
	}
}

func TestContactsTakesThePlatformFromTheWordsAround(t *testing.T) {
	t.Parallel()
	found := Contacts("**X:** @quayside_example. **Telegram:** @quayside_news, and @quayside_help on WhatsApp.")
	require.Len(t, found, 3)
	require.Equal(t, "x", found[0].Platform)
	require.Equal(t, "telegram", found[1].Platform)
	require.Equal(t, "quayside_help", found[2].Value)
	require.Equal(t, "telegram", Contacts("电报@quayside_news")[0].Platform)
	require.Equal(t, "telegram", Contacts("راسلنا على تيليجرام @quayside_news")[0].Platform)
	require.Empty(t, Contacts("Write to @quayside_news.")[0].Platform)
}

func TestDisplayCannotBeClickedAndHidesNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://quayside-help.example/login?x=1": "quayside-help[.]example/login?x=1",
		"quаyside.example":                        "xn--quyside-3fg[.]example",
		"support@quayside-help.example":           "support@quayside-help[.]example",
		"@exchange_help_desk":                     "@exchange_help_desk",
		"+1 202 555 0143":                         "+12025550143",
		"javascript:alert(1)":                     "javascript[:]alert1",
		"@客服小王":                                   "@客服小王",
	} {
		found := Contacts(text)
		require.Len(t, found, 1, text)
		require.Equal(t, want, found[0].Display(), text)
	}
	long := Contacts("https://evil.example/" + strings.Repeat("a.", 200) + "b")[0].Display()
	require.LessOrEqual(t, utf8.RuneCountInString(long), maxDisplay)
	require.True(t, strings.HasSuffix(long, "…"))
}

func FuzzContacts(f *testing.F) {
	for _, seed := range []string{
		"hxxps://evil[.]example", "Telegram: @quayside_help", "+1 (202) 555-0143", "bc1q ar0s rrr7", "请访问quаyside.example查看",
		"a@b", "&#x2e;", "http : //", "٠٠٩٧", "javascript:", "@@..@", "v信：qs", "1-800-QUAYSIDE", "[.]", "x.com", "\xff.\xfe@",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := Contacts(text)
		end := 0
		for _, c := range found {
			if c.Start < end || c.End <= c.Start || c.End > len(text) {
				t.Fatalf("%q: span %d..%d after %d", text, c.Start, c.End, end)
			}
			end = c.End
			display := c.Display()
			if utf8.RuneCountInString(display) > maxDisplay+3 || strings.ContainsFunc(display, func(r rune) bool {
				return unicode.In(r, unicode.Cc, unicode.Cf) || strings.ContainsRune("<>()\"'`*", r)
			}) {
				t.Fatalf("%q: unsafe display %q", text, display)
			}
		}
		require.Equal(t, found, Contacts(text))
	})
}

// Whoever is named with a messenger in one sentence is somebody to write to, wherever the name stands.
func TestAnAccountIsFoundAnywhereInASentenceThatNamesAMessenger(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	for language, sentences := range map[string][]string{
		"ar":      {"ابحث عن QuaysideArabia على تيليجرام.", "معرفنا على تليجرام هو quaysidear"},
		"de":      {"Suchen Sie auf Telegram nach QuaysideHilfe.", "Schreiben Sie quay_hilfe auf Telegram an."},
		"en":      {"Message our manager quay_vip on Telegram.", "Find QuaysideCare on WhatsApp.", "Add the Discord user helper#4821."},
		"es":      {"Busca QuaysideSoporte en Telegram.", "Escribe a arroba quay_ayuda en Telegram."},
		"fr":      {"Notre pseudo Telegram est quaysidefr."},
		"id":      {"Hubungi quay_cs di Telegram."},
		"ja":      {"「quay_help_jp」にDMしてください。"},
		"pt":      {"Fale com quay_suporte no Telegram."},
		"ru":      {"Найдите QuayHelper в телеграме."},
		"tr":      {"Telegram'da quay_destek hesabına yazın.", "Instagram hesabımız quay.destek üzerinden ulaşın."},
		"vi":      {"Tìm QuaysideVN trên Telegram."},
		"zh-Hans": {"飞机号：quay_help，加我即可。"},
	} {
		for _, sentence := range sentences {
			require.Contains(t, checks(g.Check(Text{Body: sentence, Language: language}, registry)), CheckHandle, sentence)
		}
	}
	for _, sentence := range []string{
		"We never write to you first on Telegram, also not about TRC-20 or USDT.", "Quayside's Telegram channel is on the list of official channels.",
		"我们不会通过微信或电报主动联系您。", "لن نراسلك أولا عبر تيليجرام.", "The sub_account API is described below. Nobody asks for it on Telegram.",
	} {
		require.NotContains(t, checks(g.Check(Text{Body: sentence, Language: "en"}, registry)), CheckHandle, sentence)
	}
}
