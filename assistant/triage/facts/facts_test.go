package facts_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/triage/facts"
)

const day = 24 * time.Hour

func TestAge(t *testing.T) {
	t.Parallel()

	tests := map[string]time.Duration{
		"my withdrawal is pending for 3 days now":            3 * day,
		"been waiting 36 hours":                              36 * time.Hour,
		"it says 24 hours but its already a week":            7 * day,
		"sent it 20 min ago":                                 20 * time.Minute,
		"couple of weeks and nothing":                        14 * day,
		"since yesterday":                                    day,
		"等了3天了还没到":                                           3 * day,
		"已经两个星期了":                                            14 * day,
		"提币半个小时没反应":                                          30 * time.Minute,
		"昨天提的":                                               day,
		"卡了五个多小时":                                            5 * time.Hour,
		"等咗十日":                                               10 * day,
		"chờ 3 ngày rồi":                                     3 * day,
		"cho hai tuan roi":                                   14 * day,
		"3 gündür bekliyorum":                                3 * day,
		"iki haftadır cevap yok":                             14 * day,
		"жду уже 5 дней":                                     5 * day,
		"прошло двое, нет, три недели":                       21 * day,
		"3일째 입금이 안돼요":                                        3 * day,
		"이틀 지났어요":                                            2 * day,
		"llevo cuatro días esperando":                        4 * day,
		"faz duas semanas":                                   14 * day,
		"sudah 2 hari belum masuk":                           2 * day,
		"منذ ٣ أيام ولم يصل":                                 3 * day,
		"صار لي يومين انتظر":                                 2 * day,
		"من ثلاثة اسابيع":                                    21 * day,
		"3日前に送金しました":                                         3 * day,
		"もう二週間待っています":                                        14 * day,
		"seit 4 Tagen warte ich":                             4 * day,
		"depuis deux semaines":                               14 * day,
		"i am a customer for 5 years":                        0,
		"order 20261122 day":                                 0,
		"how do i change my e-mail":                          0,
		"":                                                   0,
		"customer for 999 months, and the answer took a day": day,
	}
	r := facts.New()
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, r.Read(text).Age)
		})
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()

	tests := map[string][]facts.Amount{
		"my 0.5 BTC is gone":          {{"BTC", 0.5}},
		"sent 1,250.75 usdt":          {{"USDT", 1250.75}},
		"$12,000 missing":             {{"USD", 12000}},
		"20k usdt":                    {{"USDT", 20000}},
		"转了5000U没到账":                  {{"USDT", 5000}},
		"我的3万USDT":                    {{"USDT", 30000}},
		"两笔 0.3 比特币":                  {{"BTC", 0.3}},
		"转账50万元":                      {{"CNY", 500000}},
		"chuyển 5 triệu":              {{"VND", 5e6}},
		"15.000 TL yatırdım":          {{"TRY", 15000}},
		"перевел 100 тыс рублей":      {{"RUB", 100000}},
		"300만원 입금":                    {{"KRW", 3e6}},
		"envié 1.500,50 euros":        {{"EUR", 1500.50}},
		"transfer Rp 2.500.000":       {{"IDR", 2500000}},
		"حولت ٢٠٠٠ دولار":             {{"USD", 2000}},
		"0.25ビットコイン":                  {{"BTC", 0.25}},
		"12 500 € fehlen":             {{"EUR", 12500}},
		"5 solutions and 3 questions": nil,
		"order 83920177":              nil,
		"0,005 btc":                   {{"BTC", 0.005}},
		"":                            nil,
	}
	r := facts.New()
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, r.Read(text).Amounts)
		})
	}
}

func TestMood(t *testing.T) {
	t.Parallel()

	tests := map[facts.Mood][]string{
		facts.Upset: {
			"this is ridiculous", "ANSWER ME NOW WHERE IS MY MONEY", "你们太离谱了", "垃圾平台", "quá tệ", "rezalet bir hizmet", "это безобразие", "진짜 어이없네",
			"esto es una vergüenza", "que vergonha", "keterlaluan banget", "هذه مهزلة", "いい加減にしてください", "das ist eine Frechheit", "c'est honteux",
		},
		facts.Worried: {
			"please help, i am so scared", "急急急，在线等", "tôi lo lắng quá", "çok endişeliyim", "срочно помогите", "너무 불안해요", "estoy preocupado", "estou com medo",
			"tolong dibantu", "انا خايف على فلوسي", "とても不安です", "bitte dringend", "je suis inquiète", "where is it!!",
		},
		facts.Calm: {
			"how do i deposit usdt", "怎么充值", "làm sao để nạp tiền", "nasıl para yatırırım", "как пополнить счет", "입금 방법 알려주세요", "cómo deposito", "como depositar",
			"cara deposit usdt", "كيف اودع", "入金方法を教えてください", "wie zahle ich ein", "comment déposer", "USDT TRC20 BEP20 ERC20 OR BTC?", "",
		},
	}
	r := facts.New()
	for want, texts := range tests {
		for _, text := range texts {
			t.Run(text, func(t *testing.T) {
				t.Parallel()
				require.Equal(t, want, r.Read(text).Mood)
			})
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "3 days", "等了3天", "1,2.3,4 btc", "\xff5 btc\xfe", strings.Repeat("9", 400) + " usdt", "١٢٣ دولار!!!", "e\u0301\u0301\u0301 3일"} {
		f.Add(seed)
	}
	r := facts.New()
	f.Fuzz(func(t *testing.T, text string) {
		found := r.Read(text)
		require.GreaterOrEqual(t, found.Age, time.Duration(0))
		require.LessOrEqual(t, found.Age, 300*day)
		for _, amount := range found.Amounts {
			require.GreaterOrEqual(t, amount.Value, 0.0)
			require.NotEmpty(t, amount.Asset)
			require.True(t, utf8.ValidString(amount.Asset))
		}
		require.Contains(t, []facts.Mood{facts.Calm, facts.Worried, facts.Upset}, found.Mood)
	})
}

func BenchmarkRead(b *testing.B) {
	r := facts.New()
	for b.Loop() {
		r.Read("hi, i sent 1,250 usdt over trc20 3 days ago and it still has not arrived in my account, please check")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()

	tests := map[string][]facts.Name{
		"fee for USDT over TRC-20":        {{Kind: facts.NameAsset, ID: "USDT"}, {Kind: facts.NameNetwork, ID: "tron"}},
		"提 1.5 USDT 走波场":                  {{Kind: facts.NameAsset, ID: "USDT", Unit: true}, {Kind: facts.NameAsset, ID: "TRX", Both: true}, {Kind: facts.NameNetwork, ID: "tron", Both: true}},
		"رسوم العقود الآجلة VIP 3":        {{Kind: facts.NameProduct, ID: "futures"}, {Kind: facts.NameLevel, ID: "VIP3"}},
		"合约 VIP等级2 手续费":                   {{Kind: facts.NameProduct, ID: "futures"}, {Kind: facts.NameLevel, ID: "VIP2"}},
		"комиссия за фьючерсы, vip-1":     {{Kind: facts.NameProduct, ID: "futures"}, {Kind: facts.NameLevel, ID: "VIP1"}},
		"sepa oder swift, in euro":        {{Kind: facts.NameRail, ID: "sepa"}, {Kind: facts.NameRail, ID: "wire"}, {Kind: facts.NameCurrency, ID: "EUR"}},
		"a solution for my basement":      nil,
		"what are the vip levels, please": nil,
	}
	r := facts.New()
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, want, r.Names(text))
		})
	}
}

func TestMeasures(t *testing.T) {
	t.Parallel()

	tests := map[string][]facts.Measure{
		"what is the withdrawal fee":         {facts.MeasureFee},
		"最低充值多少,手续费呢":                        {facts.MeasureMinimum, facts.MeasureFee},
		"كم الحد الأدنى وكم الرسوم":          {facts.MeasureMinimum, facts.MeasureFee},
		"сколько подтверждений для биткоина": {facts.MeasureConfirmations},
		"daily limit":                  {facts.MeasureLimit},
		"how do i place a limit order": nil,
		"限价单怎么下":                       nil,
		"after ten minutes":            nil,
	}
	r := facts.New()
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, r.Measures(text))
		})
	}
}

func TestANetworkIsNamedByAnAssetThatHasOne(t *testing.T) {
	t.Parallel()

	r := facts.New()
	for text, want := range map[string]bool{"btc": true, "比特币": true, "بيتكوين": true, "usdt": false, "eth": false, "ethereum": true, "usdt trc20": true} {
		require.Equal(t, want, r.Read(text).Network, text)
		require.True(t, r.Read(text).Asset, text)
	}
}
