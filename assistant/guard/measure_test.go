package guard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// staking counts three things in each language, so that a number can be taken for one of another.
var staking = map[string]string{
	"en":      "Unstaking takes 2 weeks. A deposit needs 12 confirmations, about 3 minutes. The identity check is finished within 48 hours.",
	"zh-Hans": "赎回质押需要 2 周。充值需要 12 个确认，大约 3 分钟。身份认证在 48 小时内完成。",
	"ar":      "يستغرق إلغاء التخزين أسبوعين. يحتاج الإيداع إلى 12 تأكيدًا خلال 3 دقائق. يكتمل التحقق من الهوية خلال 48 ساعة.",
	"tr":      "Stake çözme 2 hafta sürer. Yatırma 12 onay ister, yaklaşık 3 dakika. Kimlik kontrolü 48 saat içinde biter.",
	"ru":      "Вывод из стейкинга занимает 2 недели. Депозиту нужно 12 подтверждений, около 3 минут. Проверка личности — 48 часов.",
	"ko":      "스테이킹 해제에는 2주가 걸립니다. 입금에는 12회 확인이 필요하며 약 3분입니다. 신원 확인은 48시간 이내에 끝납니다.",
	"de":      "Das Lösen aus dem Staking dauert 2 Wochen. Eine Einzahlung braucht 12 Bestätigungen, etwa 3 Minuten. Die Prüfung dauert 48 Stunden.",
}

func TestNumberOfOneThingIsNotThatOfAnother(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	for language, drafts := range map[string][]string{
		"en":      {"Unstaking takes 2 days.", "Unstaking takes two days.", "A deposit needs 3 confirmations.", "A deposit needs three confirmations."},
		"zh-Hans": {"赎回质押需要 2 天。", "充值需要 3 个确认。", "充值需要三个确认。"},
		"ar":      {"يستغرق إلغاء التخزين 2 ساعة.", "يحتاج الإيداع إلى 3 تأكيدات."},
		"tr":      {"Stake çözme 2 gün sürer.", "Yatırma 3 onay ister.", "Yatırma üç onay ister."},
		"ru":      {"Вывод из стейкинга занимает 2 дня.", "Депозиту нужно 3 подтверждения."},
		"ko":      {"스테이킹 해제에는 2일이 걸립니다.", "입금에는 3회 확인이 필요합니다."},
		"de":      {"Das Lösen aus dem Staking dauert zwei Tage.", "Eine Einzahlung braucht drei Bestätigungen."},
	} {
		for _, draft := range drafts {
			require.Contains(t, checks(g.Check(cited(language, draft, staking[language]), registry)), CheckNumber, draft)
		}
	}
}

func TestTimeMayBeToldInAnotherUnit(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	for language, drafts := range map[string][]string{
		"en":      {"Unstaking takes 14 days.", "Unstaking takes fourteen days.", "The identity check is finished within two days.", "A deposit needs a dozen confirmations."},
		"zh-Hans": {"赎回质押需要 14 天。", "身份认证两天内完成。", "充值需要十二次确认。"},
		"ar":      {"يستغرق إلغاء التخزين 14 يومًا.", "يكتمل التحقق من الهوية خلال يومين.", "يكتمل التحقق من الهوية خلال ثمان وأربعين ساعة."},
		"tr":      {"Stake çözme 14 gün sürer.", "Kimlik kontrolü iki gün içinde biter.", "Yatırma on iki onay ister."},
		"ru":      {"Вывод из стейкинга занимает 14 дней.", "Проверка личности завершится за двое суток."},
		"ko":      {"스테이킹 해제에는 14일이 걸립니다.", "신원 확인은 이틀 안에 끝납니다."},
		"de":      {"Das Lösen aus dem Staking dauert vierzehn Tage.", "Die Prüfung dauert achtundvierzig Stunden."},
	} {
		for _, draft := range drafts {
			require.Empty(t, g.Check(cited(language, draft, staking[language]), registry), draft)
		}
	}
}

// A table's column or the first number of a range has no unit beside it: it may be of any.
func TestNumberWithoutUnitSupportsEveryUnit(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	source := "The review takes 1 to 3 business days.\n| Network | Fee (USDT) | Confirmations |\n| TRC-20 | 1.5 | 20 |"
	for _, draft := range []string{"The review takes 1 business day at best.", "Over TRC-20 the network fee is 1.5 USDT.", "TRC-20 needs 20 confirmations on the network."} {
		require.Empty(t, g.Check(cited("en", draft, source), registry), draft)
	}
}

func TestPartOfADenialIsNoQuotation(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	for _, c := range []struct{ language, source, draft string }{
		{"ar", "لا يمكن إيقاف تنبيهات الأسعار لعملات منفردة.", "يمكن إيقاف تنبيهات الأسعار لعملات منفردة."},
		{"es", "No se pueden unir dos cuentas de cliente.", "Se pueden unir dos cuentas de cliente."},
		{"en", "Two accounts cannot be merged.", "Two accounts can be merged."},
		{"zh-Hans", "两个账户无法合并。", "两个账户可以合并。"},
		{"id", "Dua akun tidak dapat digabung.", "Dua akun dapat digabung."},
	} {
		require.Contains(t, checks(g.Check(cited(c.language, c.draft, c.source), registry)), CheckContradiction, c.draft)
		require.Empty(t, g.Check(cited(c.language, c.source, c.source), registry), c.source)
	}
}

// The heading of a passage stands behind the article's title.
func TestHeadingOfASourceMayBeQuoted(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	source := "السحب معلق أو لم يصل > لماذا قد يتأخر السحب\n\n- الشبكة مزدحمة أو قيد الصيانة. لا يتأخر السحب عادة."
	require.Empty(t, g.Check(cited("ar", "لماذا قد يتأخر السحب", source), registry))
}

func TestNamesOfAssetsAreTheSameInEveryScript(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	for _, c := range []struct{ language, source, draft string }{
		{"zh-Hans", "USDT 支持 Tron（TRC-20）和 Ethereum（ERC-20）网络。", "泰达币支持波场（TRC-20）和以太坊（ERC-20）。"},
		{"ru", "USDT есть в сетях Tron (TRC-20) и Ethereum (ERC-20).", "Тезер есть в сетях Трон (TRC-20) и Эфириум (ERC-20)."},
		{"ar", "عملة USDT متوفرة على شبكتي Tron (TRC-20) وEthereum (ERC-20).", "تتوفر تيثر على ترون (TRC-20) وإيثيريوم (ERC-20)."},
		{"ja", "USDT は Tron(TRC-20)と Ethereum(ERC-20)に対応しています。", "テザーはトロン(TRC-20)とイーサリアム(ERC-20)に対応しています。"},
	} {
		require.Empty(t, g.Check(cited(c.language, c.draft, c.source), registry), c.draft)
	}
}

func TestCourtesyNeedsNoSourceAndHidesNothing(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	for language, courtesies := range map[string][]string{
		"en":      {"Thanks for your patience, and sorry for the trouble!", "Let me know if you get stuck.", "Anything else I can help with?"},
		"zh-Hans": {"感谢您的耐心等待，给您带来不便非常抱歉！", "还有什么可以帮您的吗？"},
		"ar":      {"شكرًا لصبرك ونعتذر عن الإزعاج!", "هل يمكنني مساعدتك في شيء آخر؟"},
	} {
		for _, courtesy := range courtesies {
			require.Empty(t, g.Check(cited(language, courtesy, staking[language]), registry), courtesy)
		}
	}
	for language, claim := range map[string]string{
		"en":      "Thank you for your patience, gold members fly business class with free lounge access worldwide.",
		"zh-Hans": "感谢您的耐心等待，金卡用户享有旅行保险和机场贵宾厅。",
		"ar":      "شكرًا لصبرك، تشمل البطاقة الذهبية تأمين السفر وقاعة المطار الفاخرة.",
	} {
		require.Contains(t, checks(g.Check(cited(language, claim, staking[language]), registry)), CheckGrounding, claim)
	}
	require.Contains(t, checks(g.Check(cited("en", "Could you help us and send us your 2FA code?", staking["en"]), registry)), CheckSecretRequest)
}

func TestRangeWithATildeKeepsItsTwoNumbers(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	source := "은행 송금은 3~5영업일이 걸립니다."
	require.Empty(t, g.Check(cited("ko", "은행 송금은 3-5영업일이 걸립니다.", source), registry))
	require.Contains(t, checks(g.Check(cited("ko", "은행 송금은 35영업일이 걸립니다.", source), registry)), CheckNumber)
}
