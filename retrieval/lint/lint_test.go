package lint_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/lint"
)

var today = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func article(slug, locale, title, body string) retrieval.Article {
	return retrieval.Article{
		Audience: retrieval.AudiencePublic, Body: body, Locale: locale, Slug: slug, Status: retrieval.StatusPublished, Title: title,
	}
}

// check returns what is found as "level check slug (locale): message".
func check(options lint.Options, articles ...retrieval.Article) []string {
	options.Now = today
	found := []string{}
	for i := range articles {
		if articles[i].ReviewBy.IsZero() {
			articles[i].ReviewBy = today.AddDate(1, 0, 0)
		}
	}
	for _, f := range lint.Check(articles, options) {
		found = append(found, string(f.Level)+" "+f.Check+" "+f.Slug+" ("+f.Locale+"): "+f.Message)
	}
	return found
}

func TestLintComparesTheNumbersOfLanguages(t *testing.T) {
	t.Parallel()
	english := "1. The fee is 1,000.5 USDT or 0.10 %.\n2. It takes 24 hours, at most 3–5 business days, or one week. Support opens at 09:00."
	for _, c := range []struct{ locale, body, want string }{
		{"zh-Hans", "手续费为 1,000.5 USDT 或 0.10%，需要 24 小时，最长 3–5 个工作日，09:00 开放。", ""},
		{"zh-Hans", "手续费为 1,000.5 USDT，需要 48 小时，最长 3–5 个工作日。", "says 2 days where en says 24 h"},
		{"zh-Hant", "手續費為 ２ USDT。", "says 2 USDT where en says 1000.5 USDT"},
		{"es", "La comisión es de 1.000,5 USDT o 0,10 %. Tarda 1 día, como máximo de 3 a 5 días hábiles.", ""},
		{"es", "La comisión es de 1.000,5 USDT o 0,20 %.", "says 0.2 % where en says 0.1 %"},
		{"ru", "Комиссия 1 000,5 USDT или 0,10 %. Это занимает 24 часа, не более 3–5 рабочих дней.", ""},
		{"ru", "Это занимает 24 часа, не более 7–9 рабочих дней.", "says 7 days, 9 days where en says 3 days, 5 days"},
		{"tr", "Ücret 1.000,5 USDT veya %0,10. İşlem 24 saat, en fazla 3-5 iş günü sürer.", ""},
		{"tr", "İşlem 12 saat sürer.", "says 12 h where en says 24 h, 3 days, 5 days"},
		{"ar", "الرسوم ١٬٠٠٠٫٥ USDT أو ٠٫١٠٪ ويستغرق ٢٤ ساعة، وبحد أقصى ٣–٥ أيام عمل.", ""},
		{"ar", "يستغرق 36 ساعة.", "says 36 h where en says 24 h, 3 days, 5 days"},
		{"ko", "수수료는 1,000.5 USDT 또는 0.10%이며 24시간, 최대 3~5영업일이 걸립니다.", ""},
		{"ko", "24시간, 최대 10영업일이 걸립니다. 10:00에 열립니다.", "says 10 days where en says 3 days, 5 days"},
		{"vi", "Phí là 1.000,5 USDT hoặc 0,10 %. Mất 24 giờ, tối đa 3–5 ngày làm việc.", ""},
		{"pt", "A taxa é de 1.000,5 USDT ou 0,10 %. Leva 30 minutos.", "says 30 min where en says 24 h, 3 days, 5 days"},
		{"pt", "Sem números.", ""},
	} {
		found := check(lint.Options{}, article("fee", "en", "Fee", english), article("fee", c.locale, "Fee", c.body))
		if c.want == "" {
			require.Empty(t, found, c.body)
			continue
		}
		require.Contains(t, found, "error contradiction fee ("+c.locale+"): "+c.want, c.body)
	}
}

func TestLintFindsLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	options := lint.Options{Hosts: []string{"help.example"}, Redirects: map[string]string{"old": "older", "older": "b", "x": "y"}}
	body := "[a](https://help.example/en/b) https://help.example/ar/b [c](https://help.example/en/none) [d](https://other.example/en/none)\n" +
		"[e](https://help.example/contact) [f](../money/b.md) [g](nothing.md#part) [h](https://help.example/en/old) [i](mailto:a@b.example) [j](#top)"
	require.Equal(t, []string{
		"error dead-link a (en): https://help.example/en/none leads to no article",
		"error dead-link a (en): nothing.md#part leads to no article",
		"warning dead-link a (en): https://help.example/ar/b: the article is not in ar",
		`warning redirect x (): leads to "y", and there is no such article`,
		`note dead-link a (en): https://help.example/en/old leads to "b" by now`,
	}, check(options, article("a", "en", "A", body), article("b", "en", "B", "Text.")))
}

func TestLintFindsTextsThatAreNearlyTheSame(t *testing.T) {
	t.Parallel()
	for locale, text := range map[string]string{
		"en":      "Open Assets, choose Withdraw, pick the network that the receiver supports, paste the address, and confirm with your code. ",
		"zh-Hans": "打开资产页面，选择提币，选择收款方支持的网络，粘贴地址，然后用验证码确认，最后查看提币记录。",
		"ar":      "افتح الأصول واختر السحب ثم حدد الشبكة التي يدعمها المستلم والصق العنوان وأكد بالرمز الخاص بك. ",
	} {
		other := map[string]string{"en": "Deposits need confirmations on the chain before they are credited to you.", "zh-Hans": "充值需要链上确认之后才会到账。", "ar": "تحتاج الإيداعات إلى تأكيدات على السلسلة قبل إضافتها."}[locale]
		found := check(lint.Options{}, article("a", locale, "A", text+other[:15]), article("b", locale, "B", other[:9]+text), article("c", locale, "C", other))
		require.Len(t, found, 1, locale)
		require.Contains(t, found[0], "warning duplicate a ("+locale+"): says nearly the same as b")
	}
}

func TestLintNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	a := article("a", "en", "a", "Text.")
	a.Intents, a.ReviewBy = []string{"withdrawal.fees", "made.up"}, today.AddDate(0, 0, 10)
	stale := article("s", "ar", "قديم", "نص.")
	stale.ReviewBy = today.AddDate(0, 0, -1)
	archived := stale
	archived.Slug, archived.Status = "z", retrieval.StatusArchived
	options := lint.Options{
		DueWithin: 30 * 24 * time.Hour, Intents: []string{"withdrawal.fees"},
		Traffic: []lint.Traffic{
			{Intent: "withdrawal.fees", Locale: "zh-Hans", Questions: 25},
			{Intent: "withdrawal.fees", Locale: "ar", Questions: 5},
			{Intent: "other.thing", Locale: "ko", Questions: 900},
		},
	}
	require.Equal(t, []string{
		`error intent a (en): the taxonomy has no intent "made.up"`,
		"warning stale s (ar): was to be reviewed by 2026-11-20: it feeds no automatic answer",
		"warning title a (en): the title only repeats the slug",
		"warning translation a (zh-Hans): 25 questions about it were asked in zh-Hans, and it is not in that language",
		"note due-soon a (en): is to be reviewed by 2026-12-01",
	}, check(options, a, stale, archived))

	never := article("n", "en", "N", "Text.")
	found := lint.Check([]retrieval.Article{never}, lint.Options{Now: today})
	require.Len(t, found, 1)
	require.Equal(t, "no-review", found[0].Check)
}

func FuzzLint(f *testing.F) {
	f.Add("1,000.5 USDT 24 h", "１.0.0 % ٢٤ ساعة [a](b) <http://[::1]>")
	f.Fuzz(func(_ *testing.T, one, two string) {
		check(lint.Options{Hosts: []string{"a"}}, article("a", "en", "A", one), article("a", "ar", "A", two), article("b", "en", "B", one))
	})
}
