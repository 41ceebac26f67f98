package facts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameKind is a kind of things of which each has facts of its own: a fee, a time, a limit.
type NameKind string

// The kinds.
const (
	NameAsset    NameKind = "asset"    // of crypto, by ticker: "BTC"
	NameCurrency NameKind = "currency" // ISO 4217 code: "EUR"
	NameLevel    NameKind = "level"    // "VIP3"
	NameNetwork  NameKind = "network"  // "tron"
	NameProduct  NameKind = "product"  // "futures"
	NameRail     NameKind = "rail"     // how money is paid: "sepa"
)

// Name is one of such things that a text names.
type Name struct {
	Both bool // the same word names an asset and the network it is on: "Solana"
	Kind NameKind
	Unit bool // it stands behind a number: "1.5 USDT" says how much, and not which
	ID   string
}

// things are the names, folded on use, by kind and id. One that ends in * is the beginning of words. A name of an asset that is also that
// of its network stands in both. Tickers that are words of a language ("one", "near", "dot") are left out: asking for what was said is a
// nuisance, not asking is an answer about the wrong coin.
var things = map[NameKind]map[string]string{
	NameAsset: {
		"ADA": `ada|cardano|艾达币|кардано|카르다노|에이다|كاردانو`, "ATOM": `atom|cosmos`, "AVAX": `avax|avalanche|雪崩|аваланч`, "BCH": `bch|bitcoin cash|比特币现金`,
		"BNB": `bnb|币安币|幣安幣|바이낸스코인`,
		"BTC": `btc|xbt|bitcoin*|比特币|比特幣|大饼|биткоин*|биткойн*|битк*|비트코인|비트|بيتكوين|بتكوين|ビットコイン`, "DAI": `dai`,
		"DOGE": `doge|dogecoin*|狗狗币|狗狗幣|догикоин*|도지|도지코인|دوجكوين|دوج|ドージコイン`, "EOS": `eos`, "ETC": `etc|ethereum classic`,
		"ETH": `eth|ether|ethereum|以太*|эфир|эфира|эфире|эфириум*|이더|이더리움|ايثيريوم|ايثريوم|ايثر|イーサ|イーサリアム`, "FIL": `fil|filecoin`, "HBAR": `hbar|hedera`,
		"LTC": `ltc|litecoin*|莱特币|萊特幣|лайткоин*|라이트코인|لايتكوين|ライトコイン`, "MATIC": `matic|马蹄`, "PEPE": `pepe`, "SHIB": `shib|shiba inu|柴犬币`,
		"SOL": `sol|solana|索拉纳|索拉納|солан*|솔라나|سولانا|ソラナ`, "TON": `ton|toncoin*|тонкоин*|톤코인`,
		"TRX": `trx|tron|波场|波場|波场币|трон*|트론|ترون|トロン`, "USDC": `usdc`,
		"USDT": `usdt|tether|泰达|泰達|泰达币|泰達幣|тезер*|юсдт|테더|تيثر|تيذر|テザー`, "XLM": `xlm|stellar`, "XMR": `xmr|monero|门罗币|монеро|모네로`,
		"XRP": `xrp|ripple|瑞波|瑞波币|瑞波幣|рипл*|리플|ريبل|リップル`, "ZEC": `zec|zcash`,
	},
	NameCurrency: {
		"BRL": `brl|reais`, "CHF": `chf|swiss franc*|franken|瑞士法郎`, "CNY": `cny|rmb|人民币|人民幣|yuan`, "EUR": `eur|euro*|€|欧元|歐元|евро|유로|يورو|ユーロ`,
		"GBP": `gbp|pound|pounds|£|英镑|英鎊`, "IDR": `idr|rupiah`, "JPY": `jpy|yen|日元|日圓|円|엔화`, "KRW": `krw|원화|韩元`, "RUB": `rub|рубл*|руб`,
		"TRY": `lira|liras|türk lirası`, "USD": `usd|dollar*|dolar*|dólar*|美元|美金|доллар*|달러|دولار|ドル`, "VND": `vnd|đồng`,
	},
	NameNetwork: {
		"arbitrum": `arbitrum|арбитрум`, "avalanche": `avalanche|c-chain|雪崩`, "base": `base network|base chain`,
		"bitcoin": `bitcoin|比特币|比特幣|биткоин*|биткойн*|비트코인|بيتكوين|بتكوين|ビットコイン|segwit|omni`, "bsc": `bep20|bep-20|bep 20|bsc|bnb chain|
			bnb smart chain|binance smart chain|币安智能链|幣安智能鏈`, "bep2": `bep2`, "brc20": `brc20|brc-20|brc 20`,
		"ethereum": `erc20|erc-20|erc 20|ерц20|ерц-20|ethereum|以太坊|эфириум*|이더리움|ايثيريوم|ايثريوم|イーサリアム`, "layer2": `layer 2|layer2|l2`,
		"lightning": `lightning|lightning network|闪电网络|閃電網路|лайтнинг|라이트닝`, "optimism": `optimism`,
		"polygon": `polygon|马蹄链|полигон|폴리곤|بوليغون`,
		"solana":  `solana|spl|索拉纳|索拉納|솔라나|سولانا|ソラナ`, "ton": `ton|ton network`, "tron": `trc20|trc-20|trc 20|трц20|трц-20|tron|波场|波場|
			трон*|트론|ترون|トロン`, "xrp": `xrp ledger|xrpl`,
	},
	NameProduct: {
		"futures": `futures|future contract*|perp|perps|perpetual*|合约|合約|期货|期貨|永续|永續|фьючерс*|선물|무기한|العقود|عقود|العقود الآجلة|عقود آجلة|
			عقود مستقبلية|فيوتشر*|先物|vadeli*|tương lai|futuros|berjangka|contrats a terme|terminkontrakt*`,
		"margin":  `margin|marge|margen|margem|杠杆|槓桿|маржинальн*|маржа|маржи|마진|هامش|بالهامش|مارجن|証拠金|マージン|marjin*|kaldıraç*|ký quỹ`,
		"options": `options trading|option contract*|期权|期權|опцион*|옵션 거래|عقود الخيارات|オプション取引|opsiyon*`,
		"p2p":     `p2p|c2c`,
		"spot": `spot|现货|現貨|спот*|현물|스팟|سبوت|تداول فوري|التداول الفوري|スポット|現物|giao ngay|al contado|mercado a vista|spotta|spothandel|
			spot-handel`,
	},
	NameRail: {
		"ach": `ach`, "card": `visa|mastercard|credit card*|debit card*|银行卡|信用卡|банковская карта|банковской карт*`, "fps": `faster payments|fps`, "paypal": `paypal`,
		"pix": `pix`, "sepa": `sepa`, "wire": `swift|wire|wire transfer|电汇|電匯`,
	},
}

// vipMarks stand between VIP and its number; vipBehind are what a number before VIP is followed by.
var vipMarks = []string{
	" ", "-", "level", "lvl", "tier", "等级", "等級", "级别", "級別", "уровня", "уровень", "등급",
	"المستوي", "مستوي", "レベル", "seviye", "cap", "nivel", "nível",
}

// homes are the networks of the assets that have one of their own, and are asked for without naming it.
var homes = map[string]string{
	"ADA": "cardano", "ATOM": "cosmos", "AVAX": "avalanche", "BCH": "bitcoin cash", "BNB": "bsc", "BTC": "bitcoin", "DOGE": "dogecoin", "EOS": "eos",
	"ETC": "ethereum classic", "ETH": "ethereum", "FIL": "filecoin",
	"HBAR": "hedera", "LTC": "litecoin", "MATIC": "polygon", "SOL": "solana", "TON": "ton",
	"TRX": "tron", "XLM": "stellar", "XMR": "monero", "XRP": "xrp", "ZEC": "zcash",
}

// IsStable reports an asset, a ticker, that values of others are told in.
func IsStable(asset string) bool { return asset == "USDT" || asset == "USDC" }

// travels are the assets that are commonly sent over other networks than their own.
var travels = map[string]bool{"AVAX": true, "BNB": true, "ETH": true, "MATIC": true}

// Home returns the network that an asset, a ticker, is on by itself; empty for one that is on several, and for one that is not known.
func Home(asset string) string { return homes[asset] }

// names finds things.
type names struct{ things dictionary[[]Name] }

func newNames() names {
	byTerm := make(map[string][]Name)
	beginnings := make(map[string]bool)
	for kind, ids := range things {
		for id, list := range ids {
			for _, term := range terms(list) {
				plain := strings.TrimSuffix(term, "*")
				byTerm[plain] = append(byTerm[plain], Name{Kind: kind, ID: id})
				beginnings[plain] = beginnings[plain] || plain != term
			}
		}
	}
	n := names{things: newDictionary[[]Name]()}
	for term, named := range byTerm {
		for i := range named {
			named[i].Both = len(named) > 1
		}
		if beginnings[term] {
			term += "*"
		}
		for _, form := range forms(term) {
			n.things.add(form, named)
		}
	}
	return n
}

// terms are the entries of a list that are parted by bars.
func terms(list string) []string {
	entries := strings.Split(list, "|")
	for i := range entries {
		entries[i] = strings.TrimSpace(entries[i])
	}
	return entries
}

// forms are a term, and what Arabic writes to the front of one: articles and prepositions.
func forms(term string) []string {
	first, _ := utf8.DecodeRuneInString(term)
	if !unicode.Is(unicode.Arabic, first) {
		return []string{term}
	}
	return []string{term, "ال" + term, "بال" + term, "لل" + term, "وال" + term, "ب" + term, "ل" + term, "و" + term}
}

// all returns the things that a folded text names, each mention.
func (n names) all(text string) []Name {
	var found []Name
	number := -1 // where the last number ended
	for i := 0; i < len(text); {
		if level, end, ok := vipAt(text, i); ok {
			found, i = append(found, Name{Kind: NameLevel, ID: level}), end
			continue
		}
		if named, end, ok := n.things.at(text, i); ok {
			for _, name := range named {
				name.Unit = number >= 0 && strings.TrimLeft(text[number:i], " ") == ""
				found = append(found, name)
			}
			i, number = end, -1
			continue
		}
		if _, end, ok := numberAt(text, i); ok {
			i, number = end, end
			continue
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	return found
}

// vipAt reads a level such as "vip3" or "vip level 3" at byte i of a folded text.
func vipAt(text string, i int) (level string, end int, ok bool) {
	const mark = "vip"
	if !strings.HasPrefix(text[i:], mark) || asciiLetterAt(text, i-1) {
		return "", 0, false
	}
	end = skip(text, i+len(mark), vipMarks)
	start := end
	for digitAt(text, end) {
		end++
	}
	if end == start || end-start > 2 {
		return "", 0, false
	}
	return "VIP" + text[start:end], end, true
}

// settlesNetwork reports a name that leaves no doubt about the network.
func settlesNetwork(n Name) bool {
	return n.Kind == NameNetwork || n.Kind == NameAsset && homes[n.ID] != "" && !travels[n.ID]
}

// Names returns the things that a text names, each mention, in its order.
func (r *Reader) Names(text string) []Name { return r.names.all(fold(shorten(text))) }
