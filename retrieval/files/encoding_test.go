package files_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// texts are what an article may say, by language.
func texts() map[string]string {
	return map[string]string{
		"ar":      "إذا كان السحب معلقًا منذ ساعتين فتحقق من حالته في صفحة السجل، ثم تواصل معنا.",
		"en":      "Your fee is €1 – that’s “fixed” and naïve.",
		"es":      "¿Cuánto tarda la acreditación? Según la congestión: mañana.",
		"fr":      "Dès réception, les fonds sont crédités à l’été prochain : c’est réglé.",
		"ja":      "出金が二時間たっても届かない場合は、履歴のページで状態を確認してください。",
		"ko":      "출금이 두 시간이 지나도 도착하지 않으면 내역에서 상태를 확인하세요.",
		"pt":      "A confirmação não chegou? Verifique o endereço e a transação.",
		"ru":      "Если вывод не пришёл через два часа, проверьте его состояние в истории.",
		"tr":      "Çekme işleminiz iki saattir bekliyorsa, geçmiş sayfasını açın ve şubeye yazın.",
		"zh-Hans": "提币两个小时仍未到账时，请在记录页面查看状态，然后联系我们的客服。",
		"zh-Hant": "提幣兩個小時仍未到帳時，請在記錄頁面查看狀態，然後聯絡我們的客服。",
	}
}

func TestOtherEncodingsAreConverted(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		name, locale string
		encoding     encoding.Encoding
	}{
		{"UTF-16", "zh-Hans", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
		{"UTF-16", "ar", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
		{"UTF-16", "en", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"UTF-16", "zh-Hans", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
		{"UTF-32", "ru", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)},
		{"GB18030", "zh-Hans", simplifiedchinese.GBK},
		{"Big5", "zh-Hant", traditionalchinese.Big5},
		{"Shift_JIS", "ja", japanese.ShiftJIS},
		{"EUC-JP", "ja", japanese.EUCJP},
		{"EUC-KR", "ko", korean.EUCKR},
		{"KOI8-R", "ru", charmap.KOI8R},
		{"windows-1251", "ru", charmap.Windows1251},
		{"windows-1252", "en", charmap.Windows1252},
		{"windows-1252", "es", charmap.Windows1252},
		{"windows-1252", "fr", charmap.Windows1252},
		{"windows-1252", "pt", charmap.Windows1252},
		{"windows-1254", "tr", charmap.Windows1254},
		{"windows-1256", "ar", charmap.Windows1256},
	} {
		t.Run(c.name+"/"+c.locale, func(t *testing.T) {
			t.Parallel()

			text := texts()[c.locale]
			page := "---\nslug: a\nlocale: " + c.locale + "\ntitle: \"" + text + "\"\n---\n" + text
			content, err := c.encoding.NewEncoder().Bytes([]byte(page))
			require.NoError(t, err)
			a, err := files.ParseMarkdown("a.md", content)
			require.NoError(t, err)
			require.Equal(t, text, a.Body)
			require.Equal(t, text, a.Title)
			require.Equal(t, c.name, a.ReadAs)

			// The same without a word about its language: converted to the same, or refused.
			content, err = c.encoding.NewEncoder().Bytes([]byte(`{"slug":"a","locale":"en","title":"` + text + `","body":"` + text + `"}`))
			require.NoError(t, err)
			a, err = files.ParseHTML("a.html", content, "")
			if err == nil {
				require.Contains(t, a.Body, text)
			}
		})
	}
}

func TestAnEncodingThatIsNotCertainIsRefusedByName(t *testing.T) {
	t.Parallel()

	content, err := charmap.Windows1252.NewEncoder().String("<title>Fees</title><p>" + texts()["es"] + texts()["fr"] + texts()["es"])
	require.NoError(t, err)
	_, err = files.ParseHTML("fees.html", []byte(content), "")
	require.EqualError(t, err, "fees.html:1: is not encoded in UTF-8, but perhaps in windows-1254 or windows-1258 or windows-1250 or windows-1252; save the file as UTF-8")

	_, err = files.ParseMarkdown("x.md", []byte("---\nslug: l\nlocale: en\ntitle: L\n---\n\x81\x8d\x8f\x90\x9d"))
	require.EqualError(t, err, "x.md:6: is not encoded in UTF-8; save the file as UTF-8")
}

func TestABinaryFileIsRefusedByItsKind(t *testing.T) {
	t.Parallel()

	for content, want := range map[string]string{
		"%PDF-1.7\n\x00\x01\x02":              "a.md: is a binary file (application/pdf); only text can be imported",
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "a.md: is a binary file (image/png); only text can be imported",
		"PK\x03\x04\x14\x00\x06\x00":          "a.md: is a binary file (application/zip); only text can be imported",
		"\x00\x01\x02\x03":                    "a.md: is a binary file; only text can be imported",
	} {
		_, err := files.ParseMarkdown("a.md", []byte(content))
		require.EqualError(t, err, want)
	}
}

func FuzzParseHTML(f *testing.F) {
	f.Add([]byte("<html lang=en><title>A | B</title><link rel=canonical href=https://x.example/en/a.html><main><h1>A</h1><p>B<table><tr><td>x"))
	f.Add([]byte("<meta charset=gbk><p>\xcc\xe1\xb1\xd2"))
	f.Add([]byte("<svg><title>x</title></svg><a href='javascript:1'>y</a><ol><li><ul><li>z"))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := files.ParseHTML("f.html", content, "en")
		if err != nil {
			var problem *retrieval.Problem
			require.ErrorAs(t, err, &problem)
			return
		}
		require.NoError(t, a.Validate())
	})
}
