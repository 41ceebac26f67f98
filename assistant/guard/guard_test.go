package guard

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

const sampleFolder = "../../retrieval/sample"

func sampleRegistry(t testing.TB) Registry {
	t.Helper()
	file, err := os.Open(filepath.Join(sampleFolder, "channels.yaml"))
	require.NoError(t, err)
	defer file.Close()
	channels, err := ParseChannels(file, "channels.yaml")
	require.NoError(t, err)
	return NewRegistry(channels)
}

// newGuard is the guard with vectors, as the program wires it.
func newGuard(t testing.TB) *Guard {
	t.Helper()
	g, err := New()
	require.NoError(t, err)
	e := embed.New()
	return g.WithVectors(Vectors{Dimensions: e.Dimensions(), Weigh: e.Weigh})
}

// sampleArticle is a published article of the sample knowledge base.
type sampleArticle struct{ body, locale, path string }

func sampleArticles(t testing.TB) []sampleArticle {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(sampleFolder, "*", "*.md"))
	require.NoError(t, err)
	var articles []sampleArticle
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		parts := strings.SplitN(string(content), "\n---\n", 2)
		require.Len(t, parts, 2, path)
		if !strings.Contains(parts[0], "audience: public") || !strings.Contains(parts[0], "status: published") {
			continue
		}
		articles = append(articles, sampleArticle{body: strings.TrimSpace(parts[1]), locale: filepath.Base(filepath.Dir(path)), path: path})
	}
	require.NotEmpty(t, articles)
	return articles
}

// asDraft cites the whole article for each of its lines, as the extractive drafter does.
func (a sampleArticle) asDraft() Text {
	text := Text{Body: a.body, Language: a.locale}
	for line := range strings.Lines(a.body) {
		if line = strings.TrimSpace(line); line != "" {
			text.Sentences = append(text.Sentences, Sentence{Sources: []string{a.body}, Text: line})
		}
	}
	return text
}

func TestPublishedArticlesMayBeQuoted(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)
	for _, article := range sampleArticles(t) {
		for _, finding := range g.Check(article.asDraft(), registry) {
			t.Errorf("%s: %s: %s", article.path, finding.Check, finding.Detail)
		}
	}
}

func TestFixedTextsMayBeSent(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)
	paths, err := filepath.Glob("../../prompts/texts/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		var texts map[string]string
		require.NoError(t, yaml.Unmarshal(content, &texts))
		for key, text := range texts {
			for _, finding := range g.Check(Text{Body: text, Language: strings.TrimSuffix(filepath.Base(path), ".yaml")}, registry) {
				t.Errorf("%s: %s: %s: %s", filepath.Base(path), key, finding.Check, finding.Detail)
			}
		}
	}
}

// checks returns the names of what a guard objects to, each once.
func checks(findings []Finding) []Check {
	var names []Check
	for _, finding := range findings {
		if !slices.Contains(names, finding.Check) {
			names = append(names, finding.Check)
		}
	}
	return names
}

// cited is a draft of one sentence with its sources.
func cited(language, sentence string, sources ...string) Text {
	return Text{Body: sentence, Language: language, Sentences: []Sentence{{Sources: sources, Text: sentence}}}
}

func TestAContactMayComeFromTheSourceOfItsOwnSentenceOnly(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)
	source := "Check the transaction on https://explorer.example/tx or write to bank@partner.example."
	other := "Deposits need two confirmations before they are credited."
	require.Empty(t, g.Check(cited("en", "Check the transaction on explorer.example/tx.", source), registry))
	require.Equal(t, []Check{CheckLink}, checks(g.Check(cited("en", "Check the transaction on explorer.example/other.", source), registry)))
	text := Text{Language: "en", Sentences: []Sentence{
		{Sources: []string{source}, Text: "Check the transaction there."},
		{Sources: []string{other}, Text: "Deposits need two confirmations: see explorer.example/tx."},
	}}
	require.Equal(t, []Check{CheckLink}, checks(g.Check(text, registry)))
}

func TestAPlaceToSendMoneyToNeverLeaves(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	address := "0x52908400098527886E0F7030069857D2E4169EE7"
	registry := NewRegistry([]Channel{{Kind: "domain", Value: "explorer.example", Standing: Official}})
	for _, sentence := range []string{"Send it to " + address + ".", "See https://explorer.example/address/" + address + " for it."} {
		require.Contains(t, checks(g.Check(cited("en", sentence, sentence), registry)), CheckAddress, sentence)
		require.Contains(t, checks(g.Check(Text{Body: sentence, Language: "en"}, registry)), CheckAddress, sentence)
	}
}

func TestNothingHidesAcrossTheBorderOfTwoSentences(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	source := "Log in on evil and example pages. Please send us your receipt. Your password is yours."
	text := Text{Body: "Log in on evil.example pages.", Language: "en", Sentences: []Sentence{
		{Sources: []string{source}, Text: "Log in on evil."}, {Sources: []string{source}, Text: "example pages."},
	}}
	require.Contains(t, checks(g.Check(text, Registry{})), CheckLink)
	text = Text{Body: "Please send us your password", Language: "en", Sentences: []Sentence{
		{Sources: []string{source}, Text: "Please send us"}, {Sources: []string{source}, Text: "your password"},
	}}
	require.Contains(t, checks(g.Check(text, Registry{})), CheckSecretRequest)
}

func TestTextOutsideOfTheSentencesHasNoCitation(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	source := "Deposits need two confirmations before they are credited."
	for _, body := range []string{"Hello there! " + source, source + " Trust me.", "Trust me."} {
		text := cited("en", source, source)
		text.Body = body
		require.Contains(t, checks(g.Check(text, Registry{})), CheckCitation, body)
	}
}

func TestAPersonMayWriteNumbersAndCitesNothing(t *testing.T) {
	t.Parallel()
	text := Text{Body: "Your deposit of 1,250.50 USDT arrived at 10:25 and was credited today.", Language: "de"}
	require.Empty(t, newGuard(t).Check(text, Registry{}))
}

func TestNumbersAreComparedByWhatTheyMean(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	for _, c := range []struct{ sentence, source string }{
		{"The limit is 1,000 USDT.", "Limit: 1000 USDT"},
		{"The limit is 1 000 USDT.", "Limit: 1.000 USDT"},
		{"The limit is 1,000.50 USDT.", "Limit: 1.000,5 USDT"},
		{"The limit is １０００ USDT.", "Limit: ١٠٠٠ USDT"},
		{"The limit is 0.10 %.", "Limit: 0,1%"},
		{"It takes two hours.", "It takes 2 hours."},
		{"It takes 2 hours.", "需要两个小时。"},
		{"It takes 20 hours.", "需要二十小时。"},
		{"It takes 2 days.", "يستغرق الأمر يومين."},
		{"Use TRC20 only.", "Networks: TRC-20"},
		{"1. Set up 2FA.", "Set up your second factor."},
		{"Step 3: Tap it.", "Tap it."},
		{"On 2026-03-14 it ends.", "It ends on 14 March 2026 (2026-03-14)."},
	} {
		require.NotContains(t, checks(g.Check(cited("", c.sentence, c.source), Registry{})), CheckNumber, c.sentence)
	}
	for _, c := range []struct{ sentence, source string }{
		{"The limit is 1 USDT.", "Limit: 1,000 USDT"},
		{"The limit is 100 USDT.", "Limit: 1000 USDT"},
		{"The limit is 1.5 USDT.", "Limit: 15 USDT"},
		{"It takes three hours.", "It takes 2 hours."},
		{"需要三个工作日。", "需要 2 个工作日。"},
		{"Use ERC20.", "Use TRC20."},
		{"Use TRC20.", "It costs 20 USDT."},
		{"يستغرق ٣ أيام.", "It takes 2 days."},
		{"It is 50 % cheaper.", "It is cheaper."},
	} {
		require.Contains(t, checks(g.Check(cited("", c.sentence, c.source), Registry{})), CheckNumber, c.sentence)
	}
}

func TestALongNumberMayComeFromTheQuestion(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	text := cited("", "Your order 48151623 and the fee of 5 USDT.", "About your order and the fee.")
	text.Question = "Where is order 48151623? Is the fee 5 USDT?"
	require.Equal(t, []Finding{{CheckNumber, `"5" is not in the cited sources`}}, g.Check(text, Registry{}))
}

func TestMarkupThatARendererWouldActOnIsHeldBack(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	for _, body := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</div>", "<!-- x -->", "![a](b)", "![a][b]", "[a]: b",
		"< svg/onload=x>", "abc\u202edef", "abc\u2066def", "a\u200bb", "a\x00b",
	} {
		require.Contains(t, checks(g.Check(Text{Body: body, Language: "en"}, Registry{})), CheckMarkup, body)
	}
	for _, body := range []string{"Fees are < 5 USDT and a > b.", "نص عربي\u200f مع علامة", "👩\u200d💻", "**Bold** and `code`."} {
		require.Empty(t, g.Check(Text{Body: body, Language: "en"}, Registry{}), body)
	}
}

func TestEveryLanguageIsToldFromTheOthers(t *testing.T) {
	t.Parallel()
	samples := map[string]string{
		"en":      "You can open the app and then you will see your balance in the list of the assets.",
		"zh-Hans": "请打开应用，然后您会在资产列表里看到余额，如果没有显示请联系我们。",
		"zh-Hant": "請打開應用程式，然後您會在資產列表裡看到餘額，如果沒有顯示請聯繫我們。",
		"vi":      "Bạn hãy mở ứng dụng và sau đó bạn sẽ thấy số dư của bạn trong danh sách tài sản.",
		"tr":      "Uygulamayı açın ve daha sonra bu listede sizin bakiye bilgisi için bir satır var, lütfen kontrol edin.",
		"ru":      "Откройте приложение, и вы увидите свой баланс в списке активов вашего аккаунта.",
		"ko":      "앱을 열면 자산 목록에서 잔액을 확인하실 수 있으며 없으면 문의해 주세요.",
		"es":      "Abra la aplicación y vea el saldo en la lista de los activos de su cuenta, o si no está, avísenos.",
		"pt":      "Abra o aplicativo e você verá o saldo na lista de ativos da sua conta, ou não está como você esperava.",
		"id":      "Buka aplikasi dan anda akan melihat saldo anda di dalam daftar aset yang ada untuk akun ini.",
		"ar":      "افتح التطبيق وسترى رصيدك في قائمة الأصول، وإذا لم يظهر فتواصل معنا من فضلك.",
		"ja":      "アプリを開くと、資産の一覧に残高が表示されます。表示されない場合はお問い合わせください。",
		"de":      "Öffnen Sie die App und sehen Sie in der Liste nach, ob das Guthaben dort ist oder nicht.",
		"fr":      "Ouvrez l'application et vous verrez votre solde dans la liste des actifs de votre compte.",
	}
	for expected := range samples {
		for language, text := range samples {
			findings := checkLanguage(text, expected)
			if language == expected {
				require.Empty(t, findings, language)
			} else {
				require.Len(t, findings, 1, "%s for %s", language, expected)
			}
		}
	}
}

func TestFindingsAreTheSameEveryTime(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)
	for _, c := range evalCases(t) {
		first, second := g.Check(c.text(), registry), g.Check(c.text(), registry)
		require.Equal(t, first, second, c.ID)
	}
}

func TestWhatOtherDraftsMadeOfASourceChangesNothing(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)
	const source = "A withdrawal costs 1 USDT and takes 30 minutes. You cannot cancel it. Visit help.quayside.example."
	drafts := []Text{
		cited("en", "You cannot cancel it.", source), cited("en", "You can cancel it.", source),
		cited("de", "Eine Auszahlung kostet 2 USDT.", source), cited("zh-Hans", "提币不能取消。", source),
		cited("en", "It takes 40 minutes, see help.quayside.example.", source), cited("ar", "لا يمكنك إلغاء السحب.", source),
	}
	for _, before := range drafts {
		for _, draft := range drafts {
			used := g.WithVectors(g.vectors) // it has seen nothing
			used.Check(before, registry)
			require.Equal(t, g.WithVectors(g.vectors).Check(draft, registry), used.Check(draft, registry))
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("Please send us your code.", "Never send codes.", "en")
	f.Add("请把验证码发给我们 123", "第 3 步", "zh-Hans")
	f.Add("1.000,50 ٣ 二十 p-a-s-s", "<a> \u202e", "ar")
	f.Add("\xff[dot]\xfe", "* - 1.", "")
	g := newGuard(f)
	registry := sampleRegistry(f)
	f.Fuzz(func(t *testing.T, sentence, source, language string) {
		draft := cited(language, sentence, source)
		first, second := g.Check(draft, registry), g.Check(draft, registry)
		require.Equal(t, first, second)
		g.Check(Text{Body: sentence + source, Language: language, Question: source}, registry)
	})
}
