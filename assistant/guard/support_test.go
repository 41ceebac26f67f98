package guard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// approvals is an article's passage in two languages.
var approvals = map[string]string{
	"en": "A token approval lets a contract spend your tokens until you revoke it. Open the list of approvals in your wallet, choose the contract " +
		"and revoke it; you pay the network fee. Revoking does not bring back tokens that were already taken.",
	"zh-Hans": "代币授权允许合约花费您的代币，直到您撤销为止。请在钱包中打开授权列表，选择合约并撤销；您需要支付网络费用。撤销不会追回已经被转走的代币。",
}

// ofApprovals is what drafts say of that passage, by language.
var ofApprovals = map[string]struct{ honest, lie string }{
	"ar": {
		"افتح قائمة الموافقات في محفظتك واختر العقد ثم ألغه.",
		"تشحن سبائك الذهب المادية إلى عنوان منزلك بواسطة شركة بريد مؤمنة.",
	},
	"de":      {"Öffnen Sie in Ihrer Wallet die Liste der Freigaben und widerrufen Sie den Contract.", "Goldbarren liefert ein versicherter Kurier zu Ihnen nach Hause."},
	"en":      {"Open the list of approvals in your wallet, choose the contract and revoke it.", "Gold bars are shipped to your home by an insured courier."},
	"es":      {"Abra la lista de aprobaciones en su wallet, elija el contrato y revóquelo.", "Los lingotes de oro se envían a su casa por mensajería asegurada."},
	"fr":      {"Ouvrez la liste des autorisations dans votre portefeuille et révoquez le contrat.", "Des lingots d'or sont livrés chez vous par un coursier assuré."},
	"id":      {"Buka daftar persetujuan di dompet Anda, pilih kontrak, lalu cabut.", "Emas batangan dikirim ke rumah Anda dengan kurir berasuransi."},
	"ja":      {"ウォレットで承認の一覧を開き、コントラクトを選んで取り消してください。", "金の延べ棒は保険付きの宅配便でご自宅に届きます。"},
	"ko":      {"지갑에서 승인 목록을 열고 컨트랙트를 선택해 취소하세요.", "금괴는 보험에 가입된 택배로 댁까지 배송됩니다."},
	"pt":      {"Abra a lista de aprovações na sua carteira, escolha o contrato e revogue.", "As barras de ouro são enviadas à sua casa por transportadora segurada."},
	"ru":      {"Откройте список разрешений в кошельке, выберите контракт и отзовите разрешение.", "Золотые слитки доставит вам домой застрахованный курьер."},
	"tr":      {"Cüzdanınızda onay listesini açın, sözleşmeyi seçin ve onayı iptal edin.", "Altın külçeler sigortalı kuryeyle evinize gönderilir."},
	"vi":      {"Mở danh sách cấp quyền trong ví, chọn hợp đồng rồi thu hồi.", "Vàng miếng được chuyển đến tận nhà bạn bằng dịch vụ có bảo hiểm."},
	"zh-Hans": {"请在钱包中打开授权列表，选择合约并撤销。", "实物金条将由保险快递公司送货上门到您的住宅。"},
	"zh-Hant": {"請在錢包中打開授權列表，選擇合約並撤銷。", "實物金條將由保險快遞公司送貨到府。"},
}

// groundingOf checks one sentence against one source, and returns what speaks against where it comes from.
func groundingOf(g *Guard, language, sentence, source string) []Finding {
	var found []Finding
	for _, finding := range g.Check(Text{
		Language: language, Sentences: []Sentence{{Sources: []string{source}, Text: sentence}},
	}, Registry{}) {
		if finding.Check == CheckGrounding || finding.Check == CheckContradiction {
			found = append(found, finding)
		}
	}
	return found
}

func TestASentenceIsHeldAgainstSourcesInAnotherLanguage(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	for language, draft := range ofApprovals {
		for sourceLanguage, source := range approvals {
			if language == sourceLanguage {
				continue
			}
			require.Empty(t, groundingOf(g, language, draft.honest, source), "%s of %s", language, sourceLanguage)
			require.NotEmpty(t, groundingOf(g, language, draft.lie, source), "%s of %s", language, sourceLanguage)
		}
	}
}

func TestWithoutVectorsNothingIsTranslated(t *testing.T) {
	t.Parallel()
	g, err := New()
	require.NoError(t, err)
	for language, draft := range ofApprovals {
		if language != "en" {
			require.NotEmpty(t, groundingOf(g, language, draft.honest, approvals["en"]), language)
		}
	}
}

func TestAnAssetIsNoOtherAssetInAnotherLanguage(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	source := "A deposit of bitcoin is credited once the network has confirmed it."
	require.Empty(t, groundingOf(g, "zh-Hans", "网络确认后，比特币充值就会入账。", source))
	require.Greater(t, g.Support("网络确认后，比特币充值就会入账。")(source).Score(), g.Support("网络确认后，以太坊充值就会入账。")(source).Score())
	require.Positive(t, g.Support("以太坊充值")(source).Missing)
}

func TestWhatCannotBeJudgedIsReadByAPerson(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	for language, sentence := range map[string]string{"de": "Zxqv wrrb.", "ru": "Так.", "zh-Hans": "是的。"} {
		require.NotEmpty(t, groundingOf(g, language, sentence, approvals["en"]), sentence)
	}
	require.Empty(t, groundingOf(g, "de", "Vielen Dank!", approvals["en"]), "a courtesy says nothing")
}

func TestASentenceMustNotSayTheOppositeInAnotherLanguage(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	sources := map[string]string{
		"ar":      "لا يمكن إلغاء السحب بعد إرساله إلى الشبكة. يمكنك إنشاء مفتاح مرور جديد من صفحة الأمان.",
		"en":      "A withdrawal cannot be cancelled after it was sent to the network. You can make a new passkey on the security page.",
		"zh-Hans": "提现发送到网络后无法取消。您可以在安全页面创建新的通行密钥。",
	}
	drafts := map[string]struct{ honest, opposite []string }{
		"ar": {
			[]string{"لا يمكن إلغاء السحب بعد إرساله.", "يمكنك إنشاء مفتاح مرور جديد."},
			[]string{"يمكن إلغاء السحب بعد إرساله إلى الشبكة.", "لا يمكنك إنشاء مفتاح مرور جديد."},
		},
		"en": {
			[]string{"Once sent to the network, a withdrawal cannot be cancelled.", "You can make a new passkey."},
			[]string{"A withdrawal can be cancelled after it was sent to the network.", "You cannot make a new passkey."},
		},
		"zh-Hans": {
			[]string{"发送到网络后，提现无法取消。", "您可以创建新的通行密钥。"},
			[]string{"提现发送到网络后可以取消。", "您不能创建新的通行密钥。"},
		},
	}
	for language, draft := range drafts {
		for sourceLanguage, source := range sources {
			if language == sourceLanguage {
				continue
			}
			for _, sentence := range draft.honest {
				require.Empty(t, groundingOf(g, language, sentence, source), "%s of %s: %s", language, sourceLanguage, sentence)
			}
			for _, sentence := range draft.opposite {
				require.NotEmpty(t, groundingOf(g, language, sentence, source), "%s of %s: %s", language, sourceLanguage, sentence)
			}
		}
	}
}

func BenchmarkCheckAcrossLanguages(b *testing.B) {
	g := newGuard(b)
	draft := Text{Language: "ar"}
	for range 4 {
		draft.Sentences = append(draft.Sentences, Sentence{Sources: []string{approvals["en"], approvals["zh-Hans"]}, Text: ofApprovals["ar"].honest})
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Check(draft, Registry{})
	}
}
