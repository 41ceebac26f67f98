package prompts

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/deskhand/deskhand/assistant/triage/risk"
)

func newLibrary(t testing.TB) *Library {
	t.Helper()
	library, err := New()
	require.NoError(t, err)
	return library
}

// eachText calls check with every text of every language, once per language in its own subtest.
func eachText(t *testing.T, check func(t *testing.T, key Key, language, text string)) {
	t.Helper()
	library := newLibrary(t)
	for _, language := range Languages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			for _, key := range Keys() {
				check(t, key, language, library.Text(key, language, nil))
			}
		})
	}
}

func TestEveryLanguageHasAFileAndEveryFileALanguage(t *testing.T) {
	t.Parallel()
	entries, err := files.ReadDir("texts")
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".yaml"))
	}
	require.ElementsMatch(t, Languages(), names)
}

func TestCheckFindsWhatIsWrongWithTheTexts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(texts map[Key]string)
		want  string
	}{
		{"missing", func(texts map[Key]string) { delete(texts, AckHuman) }, `text "ack.human" is missing`},
		{"empty", func(texts map[Key]string) { texts[AckHuman] = " \n" }, `text "ack.human" is missing`},
		{"unknown", func(texts map[Key]string) { texts["ack.humans"] = "Hello" }, `text "ack.humans" is unknown`},
		{
			"parameter lost in translation", func(texts map[Key]string) { texts[ChannelFake] = "No. {contacto} is not us." },
			`text "channel.fake" lacks the parameter {contact}`,
		},
		{
			"parameter that nothing fills", func(texts map[Key]string) { texts[AckHuman] = "Hello {name}" },
			`text "ack.human" has a parameter that nothing fills`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			texts := make(map[Key]string)
			for _, key := range Keys() {
				texts[key] = "Some text"
				for _, parameter := range parameters[key] {
					texts[key] += " {" + parameter + "}"
				}
			}
			require.NoError(t, check(texts))
			tt.spoil(texts)
			require.ErrorContains(t, check(texts), tt.want)
		})
	}
}

// Contacts come from the registry through parameters only (P4), and a ticket, not a text, says when a person answers. The
// only digits are those of step numbers and of the term 2FA, which also keeps out phone numbers, times and amounts.
func TestTextsContainNoContactAndNoNumber(t *testing.T) {
	t.Parallel()
	contact := regexp.MustCompile(`(?i)https?:|www\.|@|\b[a-z0-9-]+\.[a-z]{2,}\b`)
	harmless := regexp.MustCompile(`(?m)^[1-9]\. |2FA`)
	eachText(t, func(t *testing.T, key Key, _, text string) {
		t.Helper()
		require.NotRegexp(t, contact, text, key)
		rest := harmless.ReplaceAllString(text, "")
		require.NotContains(t, strings.Map(digitsOnly, rest), "d", "%s: %s", key, text)
	})
}

func digitsOnly(r rune) rune {
	if unicode.IsNumber(r) {
		return 'd'
	}
	return -1
}

// A menu name or a product name stays in Latin letters; a forgotten sentence does not pass as one.
func TestTextsAreWrittenInTheScriptOfTheirLanguage(t *testing.T) {
	t.Parallel()
	names := map[string]bool{
		"API": true, "App": true, "FA": true, "ID": true, "Memo": true, "Quayside": true, "SIM": true, "Secret": true, "Telegram": true,
		"TxID": true, "WeChat": true, "WhatsApp": true,
	}
	scripts := map[string][]*unicode.RangeTable{
		"ar": {unicode.Arabic}, "ja": {unicode.Han, unicode.Hiragana, unicode.Katakana}, "ko": {unicode.Hangul},
		"ru": {unicode.Cyrillic}, "zh-Hans": {unicode.Han}, "zh-Hant": {unicode.Han},
	}
	parameter := regexp.MustCompile(`\{[a-z]+\}`)
	latinWord := regexp.MustCompile(`\p{Latin}+`)
	eachText(t, func(t *testing.T, key Key, language, text string) {
		t.Helper()
		text = parameter.ReplaceAllString(text, "")
		own, latinOnly := scripts[language], false
		if own == nil {
			own, latinOnly = []*unicode.RangeTable{unicode.Latin}, true
		}
		if !latinOnly {
			for _, word := range latinWord.FindAllString(text, -1) {
				require.True(t, names[word], "%s: %s", key, word)
			}
			text = latinWord.ReplaceAllString(text, "")
		}
		require.True(t, strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, own...) }), key)
		for _, r := range text {
			if unicode.IsLetter(r) && r != 'ー' { // the long vowel mark belongs to no script in Unicode
				require.True(t, unicode.In(r, own...), "%s: %q", key, r)
			}
		}
	})
}

// GB 2312 holds no character that only traditional Chinese writes, and Big5 none that only simplified Chinese writes.
func TestChineseTextsKeepToTheirCharacters(t *testing.T) {
	t.Parallel()
	library := newLibrary(t)
	tests := []struct {
		language string
		charset  encoding.Encoding
		foreign  string
	}{
		{"zh-Hans", simplifiedchinese.HZGB2312, "們"},
		{"zh-Hant", traditionalchinese.Big5, "们"},
	}
	for _, tt := range tests {
		t.Run(tt.language, func(t *testing.T) {
			t.Parallel()
			_, err := tt.charset.NewEncoder().String(tt.foreign)
			require.Error(t, err)
			for _, key := range Keys() {
				for _, r := range library.Text(key, tt.language, nil) {
					if unicode.Is(unicode.Han, r) {
						_, err := tt.charset.NewEncoder().String(string(r))
						require.NoError(t, err, "%s: %q", key, r)
					}
				}
			}
		})
	}
}

func TestTextsUseThePunctuationOfTheirScript(t *testing.T) {
	t.Parallel()
	foreign := map[string]string{"ar": ",;?→", "ja": ",;?!", "zh-Hans": ",;?!", "zh-Hant": ",;?!"}
	eachText(t, func(t *testing.T, key Key, language, text string) {
		t.Helper()
		marks, ok := foreign[language]
		if !ok {
			marks = "，。？！、؟،؛"
		}
		require.False(t, strings.ContainsAny(text, marks), "%s: %s", key, text)
		require.Equal(t, language == "ar" && strings.ContainsRune(text, '←'), strings.ContainsRune(text, '←'), key)
	})
}

func TestEveryTextIsTranslated(t *testing.T) {
	t.Parallel()
	library := newLibrary(t)
	for _, key := range Keys() {
		seen := make(map[string]string)
		for _, language := range Languages() {
			text := library.Text(key, language, nil)
			require.Empty(t, seen[text], "%s: %s has the text of %s", key, language, seen[text])
			seen[text] = language
		}
	}
}

// A translation that is much shorter has lost a warning, one that is much longer has gained a promise. A Chinese character
// carries about as much as half an English word, so Chinese is held to a lower bound of its own.
func TestTranslationsAreAboutAsLongAsTheMaster(t *testing.T) {
	t.Parallel()
	library := newLibrary(t)
	eachText(t, func(t *testing.T, key Key, language, text string) {
		t.Helper()
		ratio := float64(utf8.RuneCountInString(text)) / float64(utf8.RuneCountInString(library.Text(key, DefaultLanguage, nil)))
		least := 0.3
		if strings.HasPrefix(language, "zh-") {
			least = 0.2
		}
		require.GreaterOrEqual(t, ratio, least, key)
		require.LessOrEqual(t, ratio, 1.6, key)
	})
}

func TestTranslationsHaveTheStepsOfTheMaster(t *testing.T) {
	t.Parallel()
	library := newLibrary(t)
	step := regexp.MustCompile(`^([1-9])\. |^\{[a-z]+\}$`)
	layout := func(text string) []string {
		var lines []string
		for line := range strings.Lines(text) {
			lines = append(lines, step.FindString(strings.TrimSpace(line)))
		}
		return lines
	}
	eachText(t, func(t *testing.T, key Key, language, text string) {
		t.Helper()
		require.Equal(t, layout(library.Text(key, DefaultLanguage, nil)), layout(text), key)
	})
}

// menus are the places that the texts send a customer to, under the names that the sample articles give them. A customer
// whose account is being emptied must not search for a menu that does not exist.
func menus() map[string][]string {
	return map[string][]string{
		"en":      {"Profile → Security → Freeze account", "Profile → API management", "Assets → Withdraw → History", "2FA not available?"},
		"zh-Hans": {"个人中心 → 安全设置 → 冻结账户", "个人中心 → API 管理", "资产 → 提币 → 提币记录", "2FA 不可用？"},
		"zh-Hant": {"個人中心 → 安全設定 → 凍結帳戶", "個人中心 → API 管理", "資產 → 提幣 → 提幣紀錄", "2FA 無法使用？"},
		"vi":      {"Hồ sơ → Bảo mật → Đóng băng tài khoản", "Hồ sơ → Quản lý API", "Tài sản → Rút → Lịch sử", "2FA không khả dụng?"},
		"tr":      {"Profil → Güvenlik → Hesabı dondur", "Profil → API yönetimi", "Varlıklar → Çekim → Geçmiş", "2FA kullanılamıyor mu?"},
		"ru":      {"Профиль → Безопасность → Заморозить аккаунт", "Профиль → Управление API", "Активы → Вывод → История", "2FA недоступна?"},
		"ko":      {"프로필 → 보안 → 계정 동결", "프로필 → API 관리", "자산 → 출금 → 내역", "2FA를 사용할 수 없나요?"},
		"es":      {"Perfil → Seguridad → Congelar cuenta", "Perfil → Gestión de API", "Activos → Retirar → Historial", "¿2FA no disponible?"},
		"pt":      {"Perfil → Segurança → Congelar conta", "Perfil → Gerenciamento de API", "Ativos → Sacar → Histórico", "2FA indisponível?"},
		"id":      {"Profil → Keamanan → Bekukan akun", "Profil → Manajemen API", "Aset → Tarik → Riwayat", "2FA tidak tersedia?"},
		"ar":      {"الملف الشخصي ← الأمان ← تجميد الحساب", "الملف الشخصي ← إدارة API", "الأصول ← السحب ← السجل", "2FA غير متاحة؟"},
		"ja":      {"プロフィール → セキュリティ → アカウントを凍結", "プロフィール → API管理", "資産 → 出金 → 履歴", "2FAが使えない場合"},
		"de":      {"Profil → Sicherheit → Konto einfrieren", "Profil → API-Verwaltung", "Vermögen → Auszahlen → Verlauf", "2FA nicht verfügbar?"},
		"fr":      {"Profil → Sécurité → Geler le compte", "Profil → Gestion des API", "Actifs → Retirer → Historique", "2FA indisponible\u00a0?"},
	}
}

func TestTranslationsNameTheMenusOfTheMaster(t *testing.T) {
	t.Parallel()
	library := newLibrary(t)
	eachText(t, func(t *testing.T, key Key, language, text string) {
		t.Helper()
		for i, menu := range menus()[DefaultLanguage] {
			want := strings.Count(library.Text(key, DefaultLanguage, nil), menu)
			require.Equal(t, want, strings.Count(text, menus()[language][i]), "%s: %s", key, menus()[language][i])
		}
	})
}

func TestMenusAreThoseOfTheSampleArticles(t *testing.T) {
	t.Parallel()
	for language, paths := range menus() {
		names, err := filepath.Glob(filepath.Join("..", "retrieval", "sample", language, "*.md"))
		require.NoError(t, err)
		if len(names) == 0 {
			continue // a language without articles of its own
		}
		var articles strings.Builder
		for _, name := range names {
			content, err := os.ReadFile(name)
			require.NoError(t, err)
			articles.Write(content)
		}
		for i, path := range paths {
			if i == 0 && !slices.Contains([]string{"en", "zh-Hans"}, language) {
				path = path[:strings.LastIndexAny(path, "→←")] // only the larger sets of articles name the last item
			}
			require.Contains(t, articles.String(), strings.TrimSpace(path), language)
		}
	}
}

// P7: pressing "talk to a person", and writing what the note below an answer says, must both reach a person.
func TestTheWordsForAPersonAreRecognised(t *testing.T) {
	t.Parallel()
	rules, err := risk.Default()
	require.NoError(t, err)
	library := newLibrary(t)
	quoted := regexp.MustCompile(`["“„«「']\s*([^"“”„«»「」']+?)[\s\x{a0}]*["“”»」']`)
	for _, language := range Languages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			inNote := quoted.FindStringSubmatch(library.Text(NoteGeneralInfo, language, nil))
			require.Len(t, inNote, 2)
			for _, text := range []string{library.Text(RequestPerson, language, nil), inNote[1]} {
				matches := rules.Match(text)
				require.True(t, slices.ContainsFunc(matches, func(m risk.Match) bool { return m.Risk == risk.HumanWanted }), text)
			}
		})
	}
}

func TestTextFillsParameters(t *testing.T) {
	t.Parallel()
	library := newLibrary(t)
	for _, language := range Languages() {
		for key, names := range parameters {
			args := make(Args)
			for _, name := range names {
				args[name] = "<value of " + name + ">"
			}
			text := library.Text(key, language, args)
			for _, name := range names {
				require.Contains(t, text, "<value of "+name+">")
			}
			require.NotContains(t, text, "{")
		}
	}
	require.Equal(t, "Yes. @quayside_news is one of our official channels. Even there, nobody from our team will ever ask "+
		"for your password, codes or recovery words.", library.Text(ChannelOfficial, "en", Args{"contact": "@quayside_news"}))
}

// A contact is what a customer typed: it must not pull another value into a text.
func TestTextDoesNotExpandTheValueOfAParameter(t *testing.T) {
	t.Parallel()
	library := newLibrary(t)
	args := Args{"channels": "the list", "contact": "{channels} {contact} $1 %s"}
	for range 20 { // the order of a map differs from call to call
		text := library.Text(ChannelUnknown, "en", args)
		require.Contains(t, text, "No. {channels} {contact} $1 %s is not on our list")
		require.NotContains(t, text, "the list")
	}
}

func TestTextFallsBackToEnglish(t *testing.T) {
	t.Parallel()
	library := newLibrary(t)
	for _, language := range []string{"", "xx", "und", "pl"} {
		require.Equal(t, library.Text(AckHuman, "en", nil), library.Text(AckHuman, language, nil))
	}
}

func TestTextHasNoSpaceAroundIt(t *testing.T) {
	t.Parallel()
	eachText(t, func(t *testing.T, key Key, _, text string) {
		t.Helper()
		require.Equal(t, strings.TrimSpace(text), text, key)
	})
}

func TestVersionIsTheSameForTheSameWords(t *testing.T) {
	t.Parallel()
	first, again := newLibrary(t).Version(), newLibrary(t).Version()
	require.Regexp(t, `^[0-9a-f]{12}$`, first)
	require.Equal(t, first, again)
}
