package facts

import "regexp"

// What names a crypto asset or a network beyond doubt, folded. Tickers that are words of a language ("one", "near", "dot") are
// left out: asking for what was said is a nuisance, not asking is an answer about the wrong coin.
var (
	assetNamed = regexp.MustCompile(`(^|[^a-z0-9])(ada|atom|avax|bch|bnb|btc|doge|eos|etc|eth|fil|hbar|ltc|matic|pepe|shib|sol|trx|` +
		`usdc|usdt|xbt|xlm|xrp|bitcoin|ethereum|ether|solana|cardano|dogecoin|litecoin|ripple|tether|toncoin|xmr|zec|dai)s?($|[^a-z0-9])|` +
		`比特币|比特幣|以太|泰达|泰達|狗狗币|狗狗幣|莱特币|萊特幣|瑞波|波场币|биткоин|биткоин|эфир|тезер|юсдт|` +
		`비트코인|이더리움|테더|리플|도지|بيتكوين|بتكوين|ايثيريوم|تيثر|ビットコイン|イーサ|テザー|リップル`)
	networkNamed = regexp.MustCompile(`(^|[^a-z0-9])((trc|erc|bep)[- ]?20|bep2|brc[- ]?20|spl|bsc|bnb (smart )?chain|tron|arbitrum|` +
		`optimism|polygon|base network|avalanche|c-chain|lightning|omni|segwit|ton network|solana|ethereum|mainnet|` +
		`layer ?2)($|[^a-z0-9])|` +
		`波场|波場|以太坊|币安智能链|幣安智能鏈|闪电网络|閃電網路|трон|트론|이더리움|ترون|ايثيريوم|トロン|イーサリアム`)
)
