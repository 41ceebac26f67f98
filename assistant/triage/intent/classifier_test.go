package intent

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

func TestBuiltinRecognisesPlainQuestions(t *testing.T) {
	t.Parallel()

	c := builtin(t)
	for text, want := range map[string]string{
		"Hi, my USDT withdrawal has been pending since last night": "withdrawal.pending",
		"forgot my password, how can i reset it?":                  "account.login_or_password",
		"提现三个小时了还在处理中":                                             "withdrawal.pending",
		"我的USDT充值到现在还没到账":                                          "deposit.not_credited",
		"我想和真人客服说话":                                                "general.talk_to_human",
		"لم يصل ايداعي من امس":                                     "deposit.not_credited",
		"اريد ان اتكلم مع موظف":                                    "general.talk_to_human",
		"вывод уже сутки в обработке":                              "withdrawal.pending",
		"me hackearon la cuenta!!":                                 "security.account_hacked",
	} {
		predictions := c.Predict(text, 3)
		require.Len(t, predictions, 3, text)
		require.Equal(t, want, predictions[0].Intent, "%s: %v", text, predictions)
	}
}

func TestBuiltinKnowsWhatItIsNotFor(t *testing.T) {
	t.Parallel()

	c := builtin(t)
	for _, text := range []string{
		"will it be sunny in Madrid this weekend?", "write a short poem about autumn leaves", "how do I bake bread",
		"明天上海会下雨吗", "帮我写一首关于月亮的诗", "ما حالة الطقس غدا", "какая погода будет завтра", "escribe un poema de amor",
	} {
		require.Equal(t, OutOfScope, c.Predict(text, 1)[0].Intent, text)
	}
}

func TestProbabilitiesAreSortedAndAddUpToOne(t *testing.T) {
	t.Parallel()

	c := builtin(t)
	predictions := c.Predict("where is my deposit", 1000)
	require.Len(t, predictions, len(c.Labels())+1)
	sum := 0.0
	for i, p := range predictions {
		sum += p.Probability
		if i > 0 {
			require.LessOrEqual(t, p.Probability, predictions[i-1].Probability)
		}
	}
	require.InDelta(t, 1, sum, 1e-9)
}

func TestPredictSurvivesAnyText(t *testing.T) {
	t.Parallel()

	c := builtin(t)
	for _, text := range []string{"", " ", "\x00", "!!!", "😀😀", "\u202e\u200b"} {
		require.Empty(t, c.Predict(text, 3), "%q", text)
	}
	for _, text := range []string{
		"a", "钱", strings.Repeat("withdraw ", 1<<17), strings.Repeat("提", 1<<20), strings.Repeat("x", 1<<20),
		"withdrawal \xff\xfe pending", "\xf0\x28\x8c\x28 1", "h̷̡e̵l̶p̴ m̸y̶ a̷c̵c̸o̷u̷n̴t̶",
	} {
		requireProbabilities(t, c.Predict(text, 3))
	}
	require.Empty(t, c.Predict("withdraw", 0))
	require.Empty(t, c.Predict("withdraw", -1))
}

func TestTrainIsDeterministic(t *testing.T) {
	// Changes GOMAXPROCS, so it does not run in parallel.
	examples := smallSet(t)
	var first []byte
	for _, cores := range []int{1, 3} {
		before := runtime.GOMAXPROCS(cores)
		c, err := Train(examples, Options{Seed: 7})
		runtime.GOMAXPROCS(before)
		require.NoError(t, err)
		encoded := encode(t, c)
		if first == nil {
			first = encoded
		}
		require.True(t, bytes.Equal(first, encoded), "cores: %d", cores)
	}
}

func TestTrainWithoutOutOfScopeExamplesIsNeverOutOfScope(t *testing.T) {
	t.Parallel()

	var examples []Example
	for i := range 20 {
		examples = append(examples, Example{Text: fmt.Sprint("red apple ", i), Intent: "fruit"},
			Example{Text: fmt.Sprint("fast car ", i), Intent: "vehicle"})
	}
	c, err := Train(examples, Options{})
	require.NoError(t, err)
	predictions := c.Predict("a red apple", 5)
	require.Len(t, predictions, 2)
	require.Equal(t, "fruit", predictions[0].Intent)
	require.Greater(t, predictions[0].Probability, 0.5)
}

func TestTrainRefusesUselessExamples(t *testing.T) {
	t.Parallel()

	for name, examples := range map[string][]Example{
		"none":               nil,
		"one label":          {{Text: "a", Intent: "x"}, {Text: "b", Intent: "x"}},
		"one label in scope": {{Text: "a", Intent: "x"}, {Text: "b", Intent: OutOfScope}},
		"an empty text":      {{Text: "a", Intent: "x"}, {Text: " ", Intent: "y"}},
		"no label":           {{Text: "a", Intent: "x"}, {Text: "b"}},
	} {
		_, err := Train(examples, Options{})
		require.Error(t, err, name)
	}
}

func FuzzPredict(f *testing.F) {
	c, err := Builtin(embed.New())
	require.NoError(f, err)
	f.Add("where is my withdrawal")
	f.Add("提币没到账 \xff")
	f.Add("가\u1100\u3099ー")
	f.Fuzz(func(t *testing.T, text string) {
		requireProbabilities(t, c.Predict(text, 5))
	})
}

func BenchmarkPredictShortQuestion(b *testing.B) {
	c, err := Builtin(embed.New())
	require.NoError(b, err)
	for b.Loop() {
		c.Predict("hello my usdt withdrawal is still pending", 3)
	}
}

func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		_, err := Builtin(embed.New())
		require.NoError(b, err)
	}
}

func requireProbabilities(t *testing.T, predictions []Prediction) {
	t.Helper()
	sum := 0.0
	for _, p := range predictions {
		require.False(t, math.IsNaN(p.Probability))
		require.GreaterOrEqual(t, p.Probability, 0.0)
		sum += p.Probability
	}
	require.LessOrEqual(t, sum, 1+1e-9)
}

func builtin(t *testing.T) *Classifier {
	t.Helper()
	c, err := sharedBuiltin()
	require.NoError(t, err)
	return c
}

func defaultExamples(t *testing.T) []Example {
	t.Helper()
	examples, err := sharedExamples()
	require.NoError(t, err)
	return examples
}

// What tests read and none changes takes seconds to load under the race detector.
//
//nolint:gochecknoglobals // see above
var (
	sharedBuiltin  = sync.OnceValues(func() (*Classifier, error) { return Builtin(embed.New()) })
	sharedExamples = sync.OnceValues(DefaultExamples)
)

// smallSet is the account intents and what is out of scope, in English: enough to train on in a moment.
func smallSet(t *testing.T) []Example {
	t.Helper()
	var some []Example
	for _, e := range defaultExamples(t) {
		if e.Language == "en" && (strings.HasPrefix(e.Intent, "account.") || e.Intent == OutOfScope) {
			some = append(some, e)
		}
	}
	return some
}

func encode(t *testing.T, c *Classifier) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, c.Encode(&buf))
	return buf.Bytes()
}

func TestPersonFollowsWhatTheDeskLetsAMachineAnswer(t *testing.T) {
	t.Parallel()

	var examples []Example
	for i := range 30 {
		examples = append(examples, Example{Text: fmt.Sprint("stolen money ", i), Intent: "x.theft"},
			Example{Text: fmt.Sprint("which fee ", i), Intent: "x.fees"}, Example{Text: fmt.Sprint("new password ", i), Intent: "x.login"})
	}
	trained, err := Train(examples, Options{Never: []string{"x.theft"}})
	require.NoError(t, err)
	decoded, err := Decode(bytes.NewReader(encode(t, trained)), nil)
	require.NoError(t, err)
	for name, c := range map[string]*Classifier{"trained": trained, "decoded": decoded} {
		require.Greater(t, c.Judge("stolen money", 1).Person, 0.5, name)
		require.Less(t, c.Judge("which fee", 1).Person, 0.5, name)
		strict := c.WithNever([]string{"x.fees", "x.theft"})
		require.Greater(t, strict.Judge("which fee", 1).Person, 0.5, name)
		require.Less(t, strict.Judge("new password", 1).Person, 0.5, name)
		require.Zero(t, c.WithNever(nil).Judge("stolen money", 1).Person, name)
		require.Equal(t, c.Judge("stolen money", 1), strict.WithNever([]string{"x.theft"}).Judge("stolen money", 1), name)
	}
}

func TestHeldOutMessageIsUnseenInEveryLanguage(t *testing.T) {
	t.Parallel()

	var examples []Example
	for i := range 40 {
		origin := fmt.Sprint("table:", i)
		for _, language := range []string{"en", "zh-Hans", "ar"} {
			examples = append(examples, Example{Intent: "x.y", Language: language, Origin: origin, Text: fmt.Sprint(language, i)})
		}
	}
	fold := newTrainingSet(examples, []string{"x.y"}, Options{OutOfScope: OutOfScope}).foldOf()
	for i := range fold {
		require.Equal(t, fold[i-i%3], fold[i], examples[i].Origin)
	}
	for part := range folds {
		require.Contains(t, fold, part)
	}
}

func TestQuestionIsToldFromAStatement(t *testing.T) {
	t.Parallel()

	for _, pair := range [][2]string{
		{"someone got in", "someone got in?"}, {"有人登录了我的账户", "有人登录了我的账户？"}, {"دخل أحد حسابي", "دخل أحد حسابي؟"},
	} {
		require.NotEqual(t, extract(pair[0]), extract(pair[1]), pair[1])
	}
}
