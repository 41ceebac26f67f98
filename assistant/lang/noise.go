package lang

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestWord is in letters. The longest words that people type are German ("Authentifizierungseinstellungen", 31).
const longestWord = 40

// carriesNothing reports a chunk (no white space inside) that tells no language: a link, an e-mail address, a handle, a
// domain, a path, an identifier, an assignment.
func carriesNothing(chunk string) bool {
	switch {
	case strings.Contains(chunk, "://"), strings.HasPrefix(chunk, "www."), strings.HasPrefix(chunk, "/"):
		return true
	case strings.ContainsAny(chunk, `@\_={}$`), strings.Contains(chunk, "::"), strings.Count(chunk, "/") > 2:
		return true
	}
	return isDomain(chunk) || isIdentifier(chunk)
}

// isDomain reports a host name with a common top-level domain, perhaps with a path. A missing space after a full stop
// ("hola.no puedo") is no domain.
func isDomain(chunk string) bool {
	host, _, _ := strings.Cut(strings.TrimRight(chunk, ".,!?:;)'"), "/")
	dot := strings.LastIndexByte(host, '.')
	if dot <= 0 {
		return false
	}
	switch strings.ToLower(host[dot+1:]) {
	case "app", "biz", "co", "com", "dev", "eth", "example", "finance", "gg", "html", "info", "io", "js", "json", "me",
		"net", "org", "pdf", "png", "jpg", "php", "ru", "top", "vip", "xyz":
		return true
	}
	return false
}

// isIdentifier reports a name like withdrawalAddress or MetaMask: a capital inside a word.
func isIdentifier(chunk string) bool {
	if !strings.ContainsFunc(chunk, unicode.IsUpper) {
		return false
	}
	lower := false
	for _, r := range chunk {
		if lower && unicode.IsUpper(r) && r < utf8.RuneSelf {
			return true
		}
		lower = unicode.IsLower(r)
	}
	return false
}

// readsAsLetters reports a word with digits in which the digits may stand for letters, as in Arabic typed in Latin
// letters ("3andi", "ma7fazti"), and not a hash, an amount with its unit or an order number.
func readsAsLetters(w []rune) bool {
	digits, before := 0, false
	for _, r := range w {
		digit := r >= '0' && r <= '9'
		if digit {
			digits++
			if r == '0' || r == '1' || r == '4' || before {
				return false
			}
		}
		before = digit
	}
	return len(w) <= 12 && digits <= 3 && len(w)-digits >= 2
}

// sharedTerm reports names and terms that every language borrows unchanged: they say nothing about the language.
func sharedTerm(w []rune) bool {
	if len(w) > longestWord {
		return true
	}
	if len(w) > 12 {
		return false
	}
	switch string(w) {
	case "btc", "eth", "usdt", "usdc", "bnb", "xrp", "trx", "doge", "ltc", "bch", "xlm", "xmr", "matic", "avax", "shib",
		"bitcoin", "bitcoins", "ethereum", "ether", "tether", "solana", "ripple", "litecoin", "dogecoin", "tron", "usd",
		"eur", "vnd", "idr", "cny", "rmb", "krw", "jpy", "brl", "gbp", "kyc", "aml", "api", "sms", "otp", "faq", "otc",
		"nft", "nfts", "defi", "dapp", "dapps", "dao", "daos", "dex", "cex", "erc", "trc", "bep", "txid", "tx", "iban",
		"swift", "sepa", "pix", "visa", "mastercard", "paypal", "google", "apple", "android", "iphone", "ios", "windows",
		"telegram", "whatsapp", "wechat", "twitter", "facebook", "metamask", "ledger", "trezor", "binance", "quayside",
		"fa", "web3", "html", "url", "pdf", "qr", "uid", "vip", "vpn", "ip", "pc", "sim",
		"биткоин", "биткойн":
		return true
	case "2fa", "p2p", "b2b", "mp3", "h2", "layer2", "eth2", "v2", "v3", "m2", "x2", "x3", "x5":
		return true
	}
	return false
}

// courtesy reports a word that people of any language type to a support desk. Alone it does not outweigh a hint.
func courtesy(w []rune) bool {
	if len(w) > 8 {
		return false
	}
	switch string(w) {
	case "ok", "okay", "okey", "okk", "k", "hi", "hii", "hello", "helo", "hey", "thx", "thanks", "thank", "you", "ty", "tks",
		"lol", "hmm", "hm", "pls", "plz", "test", "no", "yes", "bye", "start", "stop", "help", "support", "admin", "sir",
		"bro", "x", "s", "a", "e", "o", "i":
		return true
	}
	return false
}
