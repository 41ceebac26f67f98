package guard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A number in words is held to the sources as one in digits, before a time, a sum or a count.
func TestNumbersInWordsMustBeInTheSources(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)

	for _, c := range []struct{ language, source, right, wrong string }{
		{"en", "The fee is 2 euros and a deposit needs 3 confirmations.", "The fee is two euros.", "The fee is five euros."},
		{"en", "The fee is 2 euros and a deposit needs 3 confirmations.", "A deposit needs three confirmations.", "A deposit needs six confirmations."},
		{"zh-Hans", "手续费为 2 欧元，充值需要 3 个确认。", "手续费为两欧元。", "手续费为五欧元。"},
		{"zh-Hans", "手续费为 2 欧元，充值需要 3 个确认。", "充值需要三个确认。", "充值需要六个确认。"},
		{"ar", "الرسوم 3 دولار ويحتاج الإيداع إلى 3 تأكيدات.", "الرسوم ثلاثة دولار.", "الرسوم خمسة دولار."},
		{"vi", "Phí là 2 euro, nạp tiền cần 3 xác nhận.", "Nạp tiền cần ba xác nhận.", "Nạp tiền cần sáu xác nhận."},
		{"ko", "수수료는 2 유로이고 입금에는 3번의 확인이 필요합니다.", "입금에는 세 번의 확인이 필요합니다.", "입금에는 여섯 번의 확인이 필요합니다."},
	} {
		require.NotContains(t, checks(g.Check(cited(c.language, c.right, c.source), registry)), CheckNumber, c.right)
		require.Contains(t, checks(g.Check(cited(c.language, c.wrong, c.source), registry)), CheckNumber, c.wrong)
	}
}

func TestChineseNumeralsAreReadAsTheyAreMeant(t *testing.T) {
	t.Parallel()

	for raw, want := range map[string][]string{
		"十二": {"12"}, "两万": {"20000"}, "三百零五": {"305"}, "二〇二六": {"2026"}, "二零二六": {"2026"}, "三五": {"3", "5"}, "百万万": {"百万万"},
	} {
		require.Equal(t, want, hanForms(raw), raw)
	}
}
