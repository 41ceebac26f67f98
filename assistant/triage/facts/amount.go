package facts

import (
	"strconv"
	"strings"
)

// assets are the ways people write an asset beside its ticker, by ticker or ISO 4217 code.
var assets = map[string]string{
	"ADA":  "ada|cardano",
	"BNB":  "bnb",
	"BTC":  "btc|bitcoin|bitcoins|xbt|比特币|比特幣|大饼|биткоин|биткоина|биткоинов|битка|비트코인|비트|بيتكوين|بتكوين|ビットコイン",
	"CNY":  "cny|rmb|元|块|块钱|人民币|yuan",
	"DOGE": "doge|dogecoin|狗狗币|狗狗幣|도지|도지코인",
	"ETH":  "eth|ether|ethereum|以太|以太坊|以太币|эфир|эфира|эфиров|이더|이더리움|ايثيريوم|イーサ|イーサリアム",
	"EUR":  "€|eur|euro|euros|欧元|歐元|евро|유로|يورو|ユーロ",
	"GBP":  "£|gbp|pounds|quid|英镑",
	"IDR":  "rp|idr|rupiah|juta|jt",
	"JPY":  "jpy|yen|円|日元|日圓|엔",
	"KRW":  "₩|krw|won|원",
	"LTC":  "ltc|litecoin|莱特币",
	"RUB":  "₽|rub|руб|рублей|рубля|рубль",
	"SOL":  "sol|solana|솔라나",
	"TRX":  "trx|tron|波场",
	"TRY":  "₺|try|tl|lira|liralık",
	"TWD":  "twd|nt|ntd|台币|台幣",
	"USD":  "$|usd|dollar|dollars|bucks|美元|美金|刀|đô|dolar|доллар|доллара|долларов|баксов|달러|dolares|dólares|دولار|دولارا|ドル",
	"USDC": "usdc",
	"USDT": "usdt|tether|u|泰达币|泰達幣|테더|юсдт|тезер|تيثر|テザー",
	"VND":  "₫|vnd|đồng|triệu|tr",
	"XRP":  "xrp|ripple|瑞波币|리플",
}

// multipliers follow a number: "3万", "1,5 млн", "20k". Those of currencies that count in millions name the currency too.
var multipliers = map[string]float64{
	"k": 1e3, "mil": 1e3, "m": 1e6, "mio": 1e6, "mn": 1e6, "million": 1e6, "thousand": 1e3, "grand": 1e3, "万": 1e4, "萬": 1e4, "千": 1e3, "亿": 1e8, "億": 1e8, "百": 100,
	"만": 1e4, "천": 1e3, "억": 1e8, "тыс": 1e3, "тысяч": 1e3, "тысячи": 1e3, "млн": 1e6, "bin": 1e3, "milyon": 1e6, "nghìn": 1e3, "ngàn": 1e3, "ribu": 1e3,
	"الف": 1e3, "الاف": 1e3, "مليون": 1e6, "tausend": 1e3, "tsd": 1e3, "mille": 1e3,
}

// inMillions are the units that are a currency and a million of it at once, folded.
var inMillions = map[string]bool{"juta": true, "jt": true, "trieu": true, "tr": true}

// amounts finds sums.
type amounts struct {
	assets      dictionary[string]
	multipliers dictionary[float64]
	signs       dictionary[string] // assets that are written before their number
}

func newAmounts() amounts {
	a := amounts{assets: newDictionary[string](), multipliers: newDictionary[float64](), signs: newDictionary[string]()}
	for ticker, list := range assets {
		for name := range strings.SplitSeq(list, "|") {
			a.assets.add(name, ticker)
		}
	}
	for name, factor := range multipliers {
		a.multipliers.add(name, factor)
	}
	for sign := range strings.FieldsSeq("$ € £ ₺ ₽ ₩ ₫ rp btc eth usdt usdc xrp sol") {
		ticker, _, _ := a.assets.at(sign, 0)
		a.signs.add(sign, ticker)
	}
	return a
}

var spaces = []string{" "}

// all returns the amounts in a folded text.
func (a amounts) all(text string) []Amount {
	var found []Amount
	sign, signEnd := "", -1
	for i := 0; i < len(text); {
		value, end, ok := numberAt(text, i)
		if !ok {
			if ticker, next, ok := a.signs.at(text, i); ok {
				sign, signEnd = ticker, skip(text, next, spaces)
			}
			i++
			continue
		}
		after := skip(text, end, spaces)
		if factor, next, ok := a.multipliers.at(text, after); ok {
			value, end = value*factor, next
			after = skip(text, end, spaces)
		}
		if ticker, next, ok := a.assets.at(text, after); ok {
			if inMillions[text[after:next]] {
				value *= 1e6
			}
			found, end = append(found, Amount{Asset: ticker, Value: value}), next
		} else if signEnd == i {
			found = append(found, Amount{Asset: sign, Value: value})
		}
		i = end
	}
	return found
}

// numberAt reads the number in digits that begins at byte i, and not in the middle of one. Separators count where digits
// follow: one, or three for a group that is set apart by a space.
func numberAt(text string, i int) (value float64, end int, ok bool) {
	if !digitAt(text, i) || digitAt(text, i-1) {
		return 0, 0, false
	}
	end = i + 1
	for end < len(text) {
		switch {
		case digitAt(text, end):
			end++
		case (text[end] == '.' || text[end] == ',') && digitAt(text, end+1):
			end += 2
		case text[end] == ' ' && digitAt(text, end+1) && digitAt(text, end+2) && digitAt(text, end+3) && !digitAt(text, end+4):
			end += 4
		default:
			return parseNumber(text[i:end]), end, true
		}
	}
	return parseNumber(text[i:end]), end, true
}

func digitAt(text string, i int) bool {
	return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9'
}

// parseNumber reads "1,234.56", "1.234,56", "1 234" and "0,5". A single separator with three digits behind it groups
// thousands, unless a zero stands before it.
func parseNumber(text string) float64 {
	text = strings.ReplaceAll(text, " ", "")
	last := strings.LastIndexAny(text, ".,")
	if last >= 0 {
		whole, rest := text[:last], text[last+1:]
		grouped := len(rest) == 3 && whole != "0" && !strings.ContainsAny(whole, otherSeparator(text[last]))
		whole = strings.ReplaceAll(strings.ReplaceAll(whole, ".", ""), ",", "")
		if grouped {
			text = whole + rest
		} else {
			text = whole + "." + rest
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0 // only a number too large for any balance
	}
	return value
}

func otherSeparator(separator byte) string {
	if separator == '.' {
		return ","
	}
	return "."
}
