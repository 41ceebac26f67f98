package lexical_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/terms"
)

const termbase = "en\tzh-Hans\tes\tru\tko\n" +
	"withdrawal|withdraw\t提现|提币\tretiro|retirar fondos\tвывод|вывод средств\t출금\n" +
	"wallet address\t钱包地址|地址\tdirección de billetera\tадрес кошелька\t지갑 주소\n" +
	"wallet\t钱包\tbilletera\tкошелёк\t지갑\n" +
	"API key\tAPI密钥\tclave API\tAPI-ключ\tAPI 키\n"

func newAnalyzer(t testing.TB) *lexical.Analyzer {
	t.Helper()
	concepts, err := terms.ParseTSV(termbase)
	require.NoError(t, err)
	return lexical.NewAnalyzer(lexical.NewTermbase(concepts...))
}

// termsOf lists what a text in an unknown language is indexed under, sorted.
func termsOf(a *lexical.Analyzer, text string) []string {
	return termsIn(a, text, "")
}

func termsIn(a *lexical.Analyzer, text, locale string) []string {
	var list []string
	for term := range a.Document(text, locale).Counts {
		list = append(list, term)
	}
	slices.Sort(list)
	return list
}

func TestFoldMakesSpellingsMeet(t *testing.T) {
	t.Parallel()
	a := newAnalyzer(t)
	for _, same := range [][]string{
		{"contrasena", "Contraseña", "CONTRASEN\u0303A"},
		{"sifre", "Şifre", "ŞIFRE", "şıfre", "ŞİFRE"},
		{"rut tien", "rút tiền"},
		{"dang nhap", "đăng nhập", "Đăng Nhập"},
		{"еще", "ещё", "ЕЩЁ"},
		{"الايداع", "الإيداع", "الإيداعُ", "الايـداع"},
		{"2024", "２０２４", "٢٠٢٤", "۲۰۲۴"},
		{"账户验证", "帳戶驗證", "帐户验证"},
		{"ｶﾀｶﾅ", "カタカナ"},
		{"strasse", "Straße"},
	} {
		for _, text := range same[1:] {
			require.Equal(t, a.Fold(same[0]), a.Fold(text))
		}
	}
	require.NotEqual(t, a.Fold("が"), a.Fold("か"), "a sound mark is part of the letter")
	require.NotEqual(t, a.Fold("ที่"), a.Fold("ท"), "a Thai vowel is part of the word")
}

func TestTermsOfEachScript(t *testing.T) {
	t.Parallel()
	a := newAnalyzer(t)
	for text, want := range map[string][]string{
		"BEP-20 network":        {"20", "bep", "bep20", "network"},
		"error -1021 ERR_42":    {"1021", "42", "err", "error"},
		"0.0005 BTC, 1,000.50":  {"0.0005", "1000.50", "btc"},
		"0,5 BTC":               {"0.5", "btc"},
		"don't":                 {"dont"},
		"手续费":                   {"手", "手续", "续", "续费", "费"},
		"币":                     {"币"},
		"USDT充值":                {"usdt", "值", "充", "充值"},
		"입금이 안":                 {"금이", "안", "입금"},
		"0xAbC123ffffffffffff…": {"0xabc123ffffffffffff"},
		"fees fee":              {"fee"},
		"комиссия комиссии":     {"комисс"},
		"":                      nil,
		"?! …":                  nil,
	} {
		require.Equal(t, want, termsOf(a, text), text)
	}
}

func TestTermsOfEveryLanguageMeetOnTheConcept(t *testing.T) {
	t.Parallel()
	a := newAnalyzer(t)
	for _, text := range []string{"My withdrawals", "提币未到账", "提幣未到帳", "mis retiros", "вывода нет", "вывод средств", "출금이 지연", "出金 提现"} {
		require.Contains(t, termsOf(a, text), "t:withdrawal", text)
	}
	for _, text := range []string{"the wallet address", "钱包地址", "адрес кошелька", "지갑 주소", "지갑주소를"} {
		require.Contains(t, termsOf(a, text), "t:wallet-address", text)
		require.NotContains(t, termsOf(a, text), "t:wallet", "the longest variant is consumed: %s", text)
	}
	require.Contains(t, termsOf(a, "我的API密钥"), "t:api-key")
	require.NotContains(t, termsOf(a, "wallet. Address"), "t:wallet-address", "a variant does not cross a full stop")
}

func TestQueryUnitsCarryTheirConcepts(t *testing.T) {
	t.Parallel()
	a := newAnalyzer(t)
	units := a.Query("where is my withdrawal withdrawal", "en")
	require.Equal(t, []lexical.Unit{
		{Count: 1, Stop: true, Term: "wher"},
		{Count: 1, Stop: true, Term: "is"},
		{Count: 1, Stop: true, Term: "my"},
		{Concepts: []string{"t:withdrawal"}, Count: 2, Term: "withdrawal"},
	}, units)
}

func TestInflectedFormsMeetInTheirLanguage(t *testing.T) {
	t.Parallel()
	a := newAnalyzer(t)
	for locale, forms := range map[string][]string{
		"":   {"withdrawal", "withdrawals"},
		"ar": {"السحب", "سحب"},
		"de": {"gebühren", "gebühr"},
		"en": {"confirmation", "confirmations"},
		"es": {"confirmación", "confirmaciones", "confirmacion"},
		"fr": {"frais", "frais"},
		"pt": {"verificação", "verificações", "verificacao"},
		"ru": {"перевод", "переводы", "переводами", "переводов"},
		"tr": {"ücret", "ücreti"},
	} {
		for _, form := range forms {
			require.Equal(t, termsIn(a, forms[0], locale), termsIn(a, form, locale), "%s: %s", locale, form)
		}
	}
	for _, whole := range []string{"0xAbC1230000ffffeeee", "ERR_42", "TRC20", "-1021"} {
		for _, locale := range []string{"es", "pt", "ru"} {
			require.Equal(t, termsOf(a, whole), termsIn(a, whole, locale), "codes are the same in every language: %s", whole)
		}
	}
}

func TestStopWordsAndConceptsAreKnownInEveryLanguage(t *testing.T) {
	t.Parallel()
	a := newAnalyzer(t)
	for _, locale := range []string{"", "es", "pt", "ru"} {
		for i, u := range a.Query("cómo retirar fondos", locale) {
			require.Equal(t, i == 0, u.Stop, "%s: %s", locale, u.Term)
		}
		require.Contains(t, termsIn(a, "quiero retirar fondos, вывод", locale), "t:withdrawal")
	}
}

func TestAWordThatMeansSomethingElseInALanguageNamesNoConceptThere(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../termbase.tsv")
	require.NoError(t, err)
	built, err := terms.ParseTSV(string(source))
	require.NoError(t, err)
	a := lexical.NewAnalyzer(lexical.NewTermbase(built...))
	for _, tt := range []struct{ text, locale, concept string }{
		{"how long does a deposit take", "en", "t:long-position"},
		{"stop sending me e-mails", "en", "t:stop-loss"},
		{"my sim card was swapped", "en", "t:driver's-license"},
		{"换了sim卡以后收不到验证码", "zh-Hans", "t:driver's-license"},
		{"para retirar", "es", "t:funds"},
		{"para sacar, sim", "pt", "t:driver's-license"},
		{"lo envié ayer", "es", "t:lost-money"},
	} {
		require.NotContains(t, termsIn(a, tt.text, tt.locale), tt.concept, tt.text)
	}
	for _, tt := range []struct{ text, locale, concept string }{
		{"close my long position", "en", "t:long-position"},
		{"我的long被强平了", "zh-Hans", "t:long-position"},
		{"تم تصفية صفقة long", "ar", "t:long-position"},
		{"param gelmedi, para nerede", "tr", "t:funds"},
		{"SIM saya ditolak", "id", "t:driver's-license"},
		{"para", "", "t:funds"},
	} {
		require.Contains(t, termsIn(a, tt.text, tt.locale), tt.concept, tt.text)
	}
}

func TestConceptsOfOneNameAreOne(t *testing.T) {
	t.Parallel()
	own := lexical.Concept{Name: "withdrawal", Terms: []lexical.Term{{Locale: "en", Text: "cash out"}}}
	built, err := terms.ParseTSV(termbase)
	require.NoError(t, err)
	a := lexical.NewAnalyzer(lexical.NewTermbase(append(built, own)...))
	require.Contains(t, termsOf(a, "how do I cash out"), "t:withdrawal")
	require.Contains(t, termsOf(a, "提币"), "t:withdrawal")
}

func TestFingerprintFollowsTheTermbase(t *testing.T) {
	t.Parallel()
	first, again := newAnalyzer(t).Fingerprint(), newAnalyzer(t).Fingerprint()
	require.Equal(t, first, again)
	require.NotEqual(t, first, lexical.NewAnalyzer(lexical.Termbase{}).Fingerprint())
}

func FuzzAnalyzer(f *testing.F) {
	for _, seed := range []string{"提币 withdrawal", "don’t 1,000.5 BEP-20", "สวัสดี", "\u0301\u0301", "İIıi", "a\xffb", "ﷺ"} {
		f.Add(seed)
	}
	a := newAnalyzer(f)
	f.Fuzz(func(t *testing.T, text string) {
		locale := []string{"", "en", "es", "pt", "ru"}[len(text)%5]
		d := a.Document(text, locale)
		total := 0
		for term, count := range d.Counts {
			require.Positive(t, count)
			require.NotEmpty(t, term)
			require.True(t, utf8.ValidString(term))
			if !strings.HasPrefix(term, lexical.ConceptPrefix) {
				require.NotContains(t, term, ":")
				total += count
			}
			id := lexical.ID(term)
			require.True(t, id >= 1 && id <= lexical.Dimensions)
		}
		require.Equal(t, d.Length, total)
		for _, u := range a.Query(text, locale) {
			require.Contains(t, d.Counts, u.Term)
			for _, concept := range u.Concepts {
				require.Contains(t, d.Counts, concept)
			}
		}
	})
}
