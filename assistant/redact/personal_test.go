package redact

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// newPersonalRedactor returns one Redactor with [Config.PII] for all tests.
func newPersonalRedactor(t testing.TB) *Redactor {
	t.Helper()
	r, err := sharedPersonalRedactor()
	require.NoError(t, err)
	return r
}

var sharedPersonalRedactor = sync.OnceValues(func() (*Redactor, error) { return New(Config{PII: true}) })

func TestRedactRemovesPersonalDataOnRequest(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"write to jane.doe+kyc@mail.example.com.", "write to ⟦email⟧."},
		{"我的邮箱是jane_doe@example.com谢谢", "我的邮箱是⟦email⟧谢谢"},
		{"mail <ＪＡＮＥ＠example.com>", "mail <⟦email⟧>"},
		{"почта: иван@пример.рф или ivan@example.ru", "почта: иван@пример.рф или ⟦email⟧"},
		{"my IBAN is GB82 WEST 1234 5698 7654 32 ok", "my IBAN is ⟦iban⟧ ok"},
		{"de89370400440532013000", "⟦iban⟧"},
		{"TR330006100519786457841326", "⟦iban⟧"},
		{"call +1 415 555 0100 now", "call ⟦phone⟧ now"},
		{"+1 (415) 555-0100", "⟦phone⟧"},
		{"(415) 555-0100 or 415.555.0100", "⟦phone⟧ or ⟦phone⟧"},
		{"1-800-555-0199 x12", "⟦phone⟧ x12"},
		{"手机号13800138000", "手机号⟦phone⟧"},
		{"+86 138 0013 8000", "⟦phone⟧"},
		{"138-0013-8000", "⟦phone⟧"},
		{"電話 0912-345-678", "電話 ⟦phone⟧"},
		{"+852 5123 4567", "⟦phone⟧"},
		{"sđt của tôi là 0912345678", "sđt của tôi là ⟦phone⟧"},
		{"0912 345 678", "⟦phone⟧"},
		{"telefonum 05321234567", "telefonum ⟦phone⟧"},
		{"0532 123 45 67", "⟦phone⟧"},
		{"+7 (912) 345-67-89", "⟦phone⟧"},
		{"8 (912) 345-67-89", "⟦phone⟧"},
		{"мой номер 89123456789", "мой номер ⟦phone⟧"},
		{"제 전화번호는 010-1234-5678 입니다", "제 전화번호는 ⟦phone⟧ 입니다"},
		{"mi teléfono es 612 345 678", "mi teléfono es ⟦phone⟧"},
		{"+34 612 34 56 78", "⟦phone⟧"},
		{"meu celular (11) 91234-5678", "meu celular ⟦phone⟧"},
		{"+351 912 345 678", "⟦phone⟧"},
		{"no hp saya 081234567890", "no hp saya ⟦phone⟧"},
		{"0812-3456-7890", "⟦phone⟧"},
		{"رقم هاتفي ٠٥٠١٢٣٤٥٦٧", "رقم هاتفي ⟦phone⟧"},
		{"+971 50 123 4567", "⟦phone⟧"},
		{"電話番号は090-1234-5678です", "電話番号は⟦phone⟧です"},
		{"0171/1234567", "⟦phone⟧"},
		{"meine Handynummer: 0171 1234567", "meine Handynummer: ⟦phone⟧"},
		{"06 12 34 56 78", "⟦phone⟧"},
		{"+33 (0)6 12 34 56 78", "⟦phone⟧"},
		{"00 44 20 7946 0958", "⟦phone⟧"},
		{"passport number X1234567", "passport number ⟦passport⟧"},
		{"护照号码：E12345678", "护照号码：⟦passport⟧"},
		{"護照號碼 312345678", "護照號碼 ⟦passport⟧"},
		{"số hộ chiếu B1234567", "số hộ chiếu ⟦passport⟧"},
		{"pasaport numaram U12345678", "pasaport numaram ⟦passport⟧"},
		{"паспорт 4509 123456", "паспорт ⟦passport⟧"},
		{"여권번호 M12345678", "여권번호 ⟦passport⟧"},
		{"mi número de pasaporte es AAA123456", "mi número de pasaporte es ⟦passport⟧"},
		{"passaporte: CS265436", "passaporte: ⟦passport⟧"},
		{"nomor paspor A1234567", "nomor paspor ⟦passport⟧"},
		{"رقم جواز السفر A12345678", "رقم جواز السفر ⟦passport⟧"},
		{"パスポート番号はTK1234567です", "パスポート番号は⟦passport⟧です"},
		{"Reisepassnummer C01X00T47", "Reisepassnummer ⟦passport⟧"},
		{"numéro de passeport 12AB34567", "numéro de passeport ⟦passport⟧"},
		{"my SSN is 078-05-1120", "my SSN is ⟦national_id⟧"},
		{"11010519491231002X", "⟦national_id⟧"},
		{"身份證字號 A123456789", "身份證字號 ⟦national_id⟧"},
		{"CCCD 001099012345", "CCCD ⟦national_id⟧"},
		{"TC kimlik no: 10000000146", "TC kimlik no: ⟦national_id⟧"},
		{"СНИЛС 112-233-445 95", "СНИЛС ⟦national_id⟧"},
		{"900101-1234567", "⟦national_id⟧"},
		{"mi DNI es 12345678Z", "mi DNI es ⟦national_id⟧"},
		{"CPF 529.982.247-25", "CPF ⟦national_id⟧"},
		{"NIK 3171234567890123", "NIK ⟦national_id⟧"},
		{"رقم الهوية 1012345678", "رقم الهوية ⟦national_id⟧"},
		{"マイナンバーは1234 5678 9012です", "マイナンバーは⟦national_id⟧です"},
		{"Personalausweisnummer L01X00T471", "Personalausweisnummer ⟦national_id⟧"},
		{"numéro de sécurité sociale 1 85 05 78 006 084 36", "numéro de sécurité sociale ⟦national_id⟧"},
	}
	r, secretsOnly := newPersonalRedactor(t), newRedactor(t)
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			got := r.Redact(tt.text)
			require.Equal(t, tt.want, got.Text)
			require.Empty(t, got.Secrets(), "personal data is no secret")
			require.Empty(t, secretsOnly.Redact(tt.text).Findings, "personal data stays unless it is asked for")
			require.Empty(t, r.Redact(got.Text).Findings)
		})
	}
}

func TestPersonalDataIsToldFromSecrets(t *testing.T) {
	t.Parallel()
	got := newPersonalRedactor(t).Redact("my password is hunter2x! and my mail is jane@example.com")
	require.Equal(t, []Kind{Password, Email}, got.Kinds())
	require.Equal(t, []Kind{Password}, got.Secrets())
	require.True(t, Password.Secret())
	require.False(t, Email.Secret())
}

func TestRedactTakesNoOtherNumberForPersonalData(t *testing.T) {
	t.Parallel()
	r := newPersonalRedactor(t)
	for _, text := range slices.Concat(harmlessChains, []string{
		"order 4539578763621486 and ticket QS-2026-00012345",
		"Order number 20261121-48291300 of 2026-11-21 14:05",
		"order no. 0123-456-789",
		"订单号 138 0013 8000",
		"номер заказа 8 912 345 67 89",
		"amount 1,234.56 USDT, fee 0.0005 BTC, memo 100482913",
		"memo 1004829137, tag 3141592653",
		"I sent 10000000 SHIB and 250000000 PEPE",
		"balance 12 345 678 IDR, then 1.234.567.890 VND",
		"profit +1 000 000 000 SHIB",
		"+25.340.000.000 VND",
		"+1500 USDT, +12345678 PEPE",
		"$1234567890 and 1234567890$",
		"2026-11-21 14:05:33 and 21.11.2026 14:05 and 05/06/2026 10",
		"IP 192.168.100.200, server 10.0.0.1:8080",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.130 Safari/537.36",
		"5e8f0c1a-2b3c-4d5e-8f90-1a2b3c4d5e6f",
		"timestamp 1700000000 block 18500000",
		"follow @quayside on X, not @quayside_help",
		"UID 48291377 is blocked",
		"GB82WEST12345698765433",
		"my passport was rejected 3 times since 2026-01-05",
		"KYC: passport or national id?",
		"the id card photo is 1200x1600",
		"0.00012345 BTC at 0.000123456",
		"version 4.12.1.2044",
		"error code 10040013 on my phone",
	}) {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, text, r.Redact(text).Text)
		})
	}
}

func TestRedactFindsThePersonalDataOfTheDevelopmentData(t *testing.T) {
	t.Parallel()
	r := newPersonalRedactor(t)
	wanted := map[string][]Kind{
		"EMAIL_ADDRESS": {Email}, "IBAN_CODE": {IBAN}, "PHONE_NUMBER": {Phone}, "US_SSN": {NationalID}, "US_DRIVER_LICENSE": {NationalID},
		"CREDIT_CARD": {Card},
	}
	caught, total := map[string]int{}, map[string]int{}
	for _, row := range devLines[struct {
		Text  string `json:"text"`
		Spans []struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"spans"`
	}](t, "abuse/pii.jsonl") {
		got := r.Redact(row.Text)
		explained := map[Kind]bool{}
		for _, s := range row.Spans {
			if wanted[s.Type] == nil {
				continue
			}
			total[s.Type]++
			explained[wanted[s.Type][0]] = true
			if !strings.Contains(got.Text, s.Value) {
				caught[s.Type]++
			} else {
				t.Logf("missed %s %q in %.120q", s.Type, s.Value, row.Text)
			}
		}
		for _, k := range got.Kinds() {
			if !explained[k] {
				t.Logf("alarm %s: %.160q -> %.200q", k, row.Text, got.Text)
			}
		}
	}
	for _, key := range sortedKeys(total) {
		t.Logf("%s %d of %d caught", key, caught[key], total[key])
	}
}

func TestRedactFindsOnlyTruePersonalDataInTheHarmlessDevelopmentData(t *testing.T) {
	t.Parallel()
	r := newPersonalRedactor(t)
	for _, path := range harmlessFiles() {
		for _, text := range devTexts(t, path) {
			for _, f := range personalSpans(r, text) {
				t.Logf("%s: %s %q", path, f.kind, text[max(0, f.start-20):min(len(text), f.end+10)])
			}
		}
	}
}

// personalSpans returns where personal data stands in a text.
func personalSpans(r *Redactor, text string) []span {
	return slices.DeleteFunc(r.find(text), func(s span) bool { return s.kind.Secret() })
}
