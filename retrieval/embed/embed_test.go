package embed_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

func vectors(t testing.TB, texts ...string) [][]float32 {
	t.Helper()
	v, err := embed.New().Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, v, len(texts))
	return v
}

func cosine(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestVectorsHaveUnitLength(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "", "?!", "a", "提币手续费", strings.Repeat("withdrawal fee ", 10_000), "\xff") {
		require.Len(t, v, embed.Dimensions)
		require.InDelta(t, 1, math.Sqrt(cosine(v, v)), 1e-5)
	}
}

func TestQuestionIsNearerToItsAnswerInAnotherLanguage(t *testing.T) {
	t.Parallel()
	answers := vectors(t,
		"To reset your password, tap Forgot password on the login page and follow the link in the e-mail.",
		"The withdrawal fee depends on the coin and the network. It is shown before you confirm.",
		"Upload a photo of your passport to verify your identity.",
	)
	for right, questions := range [][]string{
		{"forgot my password", "忘记密码怎么办", "نسيت كلمة المرور", "비밀번호를 잊어버렸어요", "şifremi unuttum", "tôi quên mật khẩu"},
		{"how much is the withdrawal fee", "提币手续费是多少", "كم رسوم السحب", "출금 수수료가 얼마예요", "çekim ücreti ne kadar", "phí rút tiền bao nhiêu"},
		{"which document for kyc", "身份认证上传护照照片", "صورة جواز السفر للتحقق من الهوية", "신원 인증 여권 사진", "kimlik doğrulama pasaport", "xác minh danh tính hộ chiếu"},
	} {
		for _, question := range questions {
			v := vectors(t, question)[0]
			for i, answer := range answers {
				if i != right {
					require.Greater(t, cosine(v, answers[right]), cosine(v, answer), "%s", question)
				}
			}
		}
	}
}

func TestSpellingsThatMeanTheSameHaveOneVector(t *testing.T) {
	t.Parallel()
	v := vectors(t, "rút tiền", "Rut Tien", "ｒｕｔ　ｔｉｅｎ", "提領錢包", "提领钱包", "が", "が")
	require.Equal(t, v[0], v[1])
	require.Equal(t, v[0], v[2])
	require.Equal(t, v[3], v[4])
	require.Equal(t, v[5], v[6], "a composed and a decomposed kana")
}

func TestEmbedStopsWhenTheCallerGoesAway(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := embed.New().Embed(ctx, []string{"a"})
	require.ErrorIs(t, err, context.Canceled)
}

func TestManyGoroutinesGetTheSameVectors(t *testing.T) {
	t.Parallel()
	texts := []string{"How do I withdraw?", "提币手续费", "вывод средств", "", "كيف أسحب أموالي"}
	want := vectors(t, texts...)
	e := embed.New()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			out := make([]float32, embed.Dimensions)
			for i, text := range texts {
				e.Vector(text, out)
				if !bytes.Equal(bitsOf(want[i]), bitsOf(out)) {
					t.Errorf("another vector for %q", text)
				}
			}
		})
	}
	group.Wait()
}

func bitsOf(v []float32) []byte {
	var out []byte
	for _, x := range v {
		b := math.Float32bits(x)
		out = append(out, byte(b), byte(b>>8), byte(b>>16), byte(b>>24))
	}
	return out
}

func TestBuiltInTableIsTheOneOfThisProgram(t *testing.T) {
	t.Parallel()
	e := embed.New()
	header := e.Table()
	require.Equal(t, embed.Dimensions, e.Dimensions())
	require.Equal(t, embed.NewFeatures().Fingerprint(), header.Features, "train again: features are not cut as they were: make embedder")
	require.True(t, strings.HasPrefix(e.Name(), embed.Name+"-"))
	require.NotEmpty(t, header.Sources)
	for _, s := range header.Sources {
		require.NotEmpty(t, s.Licence, s.Name)
		require.NotEqual(t, "unknown", s.Licence, s.Name)
		require.NotEmpty(t, s.Owner, s.Name)
		require.Positive(t, s.Rows, s.Name)
	}
	file, err := os.Stat("table.bin")
	require.NoError(t, err)
	require.LessOrEqual(t, file.Size(), int64(16<<20))
}

func TestAnotherTableIsAnotherModel(t *testing.T) {
	t.Parallel()
	a, b := smallTable(t, 1), smallTable(t, 2)
	require.NotEqual(t, embed.NewWithTable(a).Name(), embed.NewWithTable(b).Name())
	require.Equal(t, embed.NewWithTable(a).Name(), embed.NewWithTable(smallTable(t, 1)).Name())
}

func smallTable(t testing.TB, x float32) *embed.Table {
	t.Helper()
	table, err := embed.ReadTable(bytes.NewReader(smallFile(t, x)))
	require.NoError(t, err)
	return table
}

// smallFile is a table of two words; x is a component of the second.
func smallFile(t testing.TB, x float32) []byte {
	t.Helper()
	f := embed.NewFeatures()
	hashes := []uint64{f.Cut("fee", nil)[0], f.Cut("费", nil)[0]}
	rows := [][]float32{make([]float32, 16), make([]float32, 16)}
	copy(rows[0], []float32{1, 0, -1, 0.5})
	copy(rows[1], []float32{0, x, 0, 0, -2, 0.1})
	var b bytes.Buffer
	require.NoError(t, embed.WriteTable(&b, embed.Header{Dimensions: 16}, hashes, rows))
	return b.Bytes()
}

func TestTableThatIsDamagedIsRefused(t *testing.T) {
	t.Parallel()
	whole := smallFile(t, 1)
	for name, damaged := range map[string][]byte{
		"empty":          nil,
		"another file":   []byte("PK\x03\x04 something else"),
		"cut off":        whole[:len(whole)-1],
		"cut in header":  whole[:20],
		"too long":       append(bytes.Clone(whole), 0),
		"a changed byte": append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1),
		"another format": bytes.Replace(whole, []byte(`"format":2`), []byte(`"format":9`), 1),
		"odd dimensions": bytes.Replace(whole, []byte(`"dimensions":16`), []byte(`"dimensions":24`), 1),
		"too many rows":  bytes.Replace(whole, []byte(`"rows":2`), []byte(`"rows":9`), 1),
	} {
		_, err := embed.ReadTable(bytes.NewReader(damaged))
		require.ErrorIs(t, err, embed.ErrBadTable, name)
	}
}

func TestRowsOfOneNameAreRefused(t *testing.T) {
	t.Parallel()
	err := embed.WriteTable(&bytes.Buffer{}, embed.Header{Dimensions: 16}, []uint64{7, 7}, [][]float32{make([]float32, 16), make([]float32, 16)})
	require.ErrorContains(t, err, "two rows")
}

func FuzzReadTable(f *testing.F) {
	f.Add(smallFile(f, 1))
	f.Add([]byte("DHEMBED\n\x02\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := embed.ReadTable(bytes.NewReader(content))
		if err != nil {
			require.ErrorIs(t, err, embed.ErrBadTable)
			return
		}
		embed.NewWithTable(table).Vector("fee 费", make([]float32, table.Header.Dimensions))
	})
}

func FuzzVector(f *testing.F) {
	for _, text := range []string{"", "Rút tiền", "提币手续费", "ガス代はいくら", "ｶﾞｽ", "각", "\xff\xfe", "𝓯𝓮𝓮", "لا إله", "a\u0301\u0302"} {
		f.Add(text)
	}
	e := embed.New()
	f.Fuzz(func(t *testing.T, text string) {
		out := make([]float32, embed.Dimensions)
		e.Vector(text, out)
		require.InDelta(t, 1, math.Sqrt(cosine(out, out)), 1e-5)
	})
}

func BenchmarkQuestion(b *testing.B) {
	e := embed.New()
	out := make([]float32, embed.Dimensions)
	questions := []string{"my withdrawal has been pending for two hours, where is my money?", "提币两个小时了还没到账怎么办", "출금한 지 두 시간이 지났는데 아직 안 들어왔어요"}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.Vector(questions[i%len(questions)], out)
		i++
	}
}

func BenchmarkPassage(b *testing.B) {
	e := embed.New()
	out := make([]float32, embed.Dimensions)
	text := passage(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		e.Vector(text, out)
	}
}

// passage is what an index holds at most: some 250 tokens.
func passage(t testing.TB) string {
	t.Helper()
	content, err := os.ReadFile("../sample/en/withdrawal-pending.md")
	require.NoError(t, err)
	_, body, _ := strings.Cut(strings.TrimPrefix(string(content), "---\n"), "---\n")
	return body[:1000]
}
