package guard

import (
	"strings"
	"unicode/utf8"
)

// assetNames are the names of assets and networks in the desk's languages, each with the word that stands for all of them. A
// source that says USDT supports a draft that says 泰达币. Russian names are declined, so that theirs are beginnings.
var assetNames = map[string][]string{
	"bnb":  {"bnb", "币安币", "幣安幣", "バイナンスコイン", "바이낸스코인"},
	"btc":  {"btc", "bitcoin", "比特币", "比特幣", "ビットコイン", "비트코인", "биткоин", "биткойн", "بيتكوين", "بتكوين"},
	"doge": {"doge", "dogecoin", "狗狗币", "狗狗幣", "ドージコイン", "도지코인", "догикоин", "دوجكوين"},
	"eth": {
		"eth", "erc", "ethereum", "ether", "éther", "以太坊", "以太币", "以太幣", "イーサリアム", "イーサ", "이더리움", "이더", "эфириум", "эфир", "ايثيريوم",
		"ايثريوم", "ايثر",
	},
	"ltc":  {"ltc", "litecoin", "莱特币", "萊特幣", "ライトコイン", "라이트코인", "лайткоин", "لايتكوين"},
	"sol":  {"sol", "solana", "索拉纳", "索拉納", "ソラナ", "솔라나", "солан", "سولانا"},
	"ton":  {"ton", "toncoin", "тонкоин", "톤코인"},
	"tron": {"trx", "trc", "tron", "波场", "波場", "トロン", "트론", "трон", "ترون"},
	"usdc": {"usdc"},
	"usdt": {"usdt", "tether", "泰达币", "泰達幣", "テザー", "테더", "тезер", "تيثر", "تيذر"},
	"xrp":  {"xrp", "ripple", "瑞波币", "瑞波幣", "リップル", "리플", "рипл", "ريبل"},
}

// assetsByName finds the word for a name; assetsUnspaced replaces the names of scripts without spaces, which stand inside of
// other words.
var assetsByName, assetsUnspaced = func() (map[string]string, *strings.Replacer) {
	byName := make(map[string]string)
	var pairs []string
	for asset, names := range assetNames {
		for _, name := range names {
			if isUnspacedAt(name, 0) {
				pairs = append(pairs, name, " "+asset+" ")
				continue
			}
			byName[name] = asset
		}
	}
	return byName, strings.NewReplacer(longestFirst(pairs)...)
}()

// longestFirst orders pairs of a name and its replacement, so that no name hides a longer one.
func longestFirst(pairs []string) []string {
	for i := 2; i < len(pairs); i += 2 {
		for j := i; j > 0 && len(pairs[j]) > len(pairs[j-2]); j -= 2 {
			pairs[j], pairs[j-2], pairs[j+1], pairs[j-1] = pairs[j-2], pairs[j], pairs[j-1], pairs[j+1]
		}
	}
	return pairs
}

// assetOf returns what a word names, or nothing.
func assetOf(word string) string {
	if asset := assetsByName[word]; asset != "" {
		return asset
	}
	r, _ := utf8.DecodeRuneInString(word)
	switch {
	case r >= 'а' && r <= 'я':
		const longestEnding = 4 // bytes: "биткоином"
		for end := len(word) - 2; end > 0 && len(word)-end <= longestEnding; end -= 2 {
			if asset := assetsByName[word[:end]]; asset != "" {
				return asset
			}
		}
	case r >= 0x0600 && r <= 0x06ff:
		for _, front := range []string{"وال", "بال", "ال", "لل", "و", "ب", "ل"} {
			if rest, ok := strings.CutPrefix(word, front); ok && assetsByName[rest] != "" {
				return assetsByName[rest]
			}
		}
	}
	return ""
}

// currencyAt returns the asset whose name a text begins with, and the name's length.
func currencyAt(text string) (asset string, size int) {
	for name, candidate := range assetsByName {
		if len(name) > size && strings.HasPrefix(text, name) && endsWord(text, len(name)) {
			asset, size = candidate, len(name)
		}
	}
	if text == "" || !isUnspacedAt(text, 0) {
		return asset, size
	}
	for candidate, names := range assetNames {
		for _, name := range names {
			if len(name) > size && strings.HasPrefix(text, name) {
				asset, size = candidate, len(name)
			}
		}
	}
	return asset, size
}
