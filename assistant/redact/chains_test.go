package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// harmlessChains are addresses and transaction hashes of public documentation and of
// well-known accounts, with the words around them that customers use.
var harmlessChains = []string{
	"BTC P2PKH 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	"BTC P2SH 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
	"BTC P2WPKH bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
	"BTC P2WSH bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
	"BTC P2TR bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
	"BTC testnet mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
	"BTC tx 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
	"ETH 0x742d35Cc6634C0532925a3b844Bc454e4438f44e",
	"ETH 0x742D35CC6634C0532925A3B844BC454E4438F44E",
	"ETH tx 0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060",
	"ETH block 0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
	"TRON TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
	"TRON tx 7c2d4206c03a883dd9066d620335dc1be272a8dc733cfa3f6d10308faa37facc",
	"SOL EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
	"SOL 11111111111111111111111111111111",
	"SOL TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
	"SOL So11111111111111111111111111111111111111112 wrapped",
	"SOL tx 5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW",
	"SOL tx 2nBhEBYYvfaAe16UMNqRHre4YNSskvuYgx3M6E4JP1oDYvZEJHvoPzyUidNgNX5r9sTyN1J9UxtbCXy2rqYcuyuv",
	"XRP rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh destination tag 104829137",
	"XRP X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ",
	"XRP tx E3FE6EA3D48F0C2B639448020EA4F03D4F4F8FFDB243A852A0F59177921B4879",
	"XLM GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7 memo 1048291375",
	"XLM GBRPYHIL2CI3FNQ4BXLFMNDLFJUNPU2HY3ZMFSHONUCEOASW7QC7OX2H",
	"XLM tx 3389e9f0f1a65f19736cacf544c2e825313e8447f569233bb8db39aa607c8889",
	"ADA addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x",
	"ADA stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw",
	"ADA DdzFFzCqrhsrcTVhLygT24QwTnNqQqQ8mZrq5jykUzMveU26sxaH529kMpo7VhPrt5pwW3dXeB2k3EEvKcNBRmzCfcQ7dTkyGzTs658C",
	"ADA Ae2tdPwUPEZFSi1cTyL1ZL6bgixhc2vSy5heg6Zg9uP7PpumkAJ82Qprt8b",
	"TON EQDtFpEwcFAEcRe5mLVh2N6C0x-_hJEM7W61_JLnSF74p4q2",
	"TON UQDtFpEwcFAEcRe5mLVh2N6C0x-_hJEM7W61_JLnSF74p9dz memo 48291300",
	"TON 0:ed1691307050047117b998b561d8de82d31fbf84910ced6eb5fc92e7485ef8a7",
	"ATOM cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh memo 104829137",
	"ATOM tx 3B5C8F1B2D5E4F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8",
	"ATOM validator cosmosvaloper1sjllsnramtg3ewxqwwrwjxfgc4n4ef9u2lcnj0",
	"OSMO osmo1fl48vsnmsdzcv85q5d2q4z5ajdha8yu3aq6l09",
	"INJ inj1cml96vmptgw99syqrrz8az79xer2pcgp0a885r",
	"TIA celestia1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn3a5h0u",
	"DOT 15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
	"DOT 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
	"KSM HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F",
	"LTC LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9",
	"LTC ltc1qg42tkwuuxefutzxezdkdel39gfstuap288mfea",
	"LTC MGxNPPB7eBoWPUaprtX9v9CXJZoD2465zN",
	"DOGE D8vFz4p1L37jdg47HXKtSHA5uYLYxbGgPD",
	"DOGE DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L",
	"BCH bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
	"BCH qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
	"BCH bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq",
	"BCH token bitcoincash:zpm2qsznhks23z7629mms6s4cwef74vcwvrqekrq9w",
	"XMR 44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",
	"XMR 888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H",
	"XMR integrated 4Ljin4CrSNHKyz7Eiv87eQD53zR1QsE5Yi7QsQjB5CnHVnA1jLCuBwgvZcQhJg4dcjuvPVxkRR6TZZjWMdrTvC4ZNgEY4DqKRJk7T7nPeo",
	"XMR tx 76a05393aa5e6a1ce9b8ff7d13fbd50e1d1bf4a1b9f9ba2d9c5d9a1a2fd8a5c1 payment id 0123456789abcdef",
	"ZEC t1Rv4exT7bqhZqi2j7xz8bUHDMxwosrjADU",
	"ZEC zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9sly",
	"DASH XpESxaUmonkq8RaLLp46Brx2K39ggQe226",
	"ETC 0x6d5b7d7f5b1bd7d61cb5cc7fe9ba5a0b1f7f8b0a",
	"BNB bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2 memo 104829137",
	"NEAR 98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de",
	"ALGO VCMJKWOY5P5P7SKMZFFOCEROPJCZOTIJMNIYNUCKH7LRO45JMJP6UYBIJA",
	"FIL f1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za f410fkkld55ioe7qg24wvt7fu6pbknb56ht7pt4zamxa",
	"HBAR 0.0.1048291 memo 104829137",
	"EOS account quaysidecold memo 104829137",
	"SUI 0x02a212de6a9dfa3a69e22387acfbafbb1a9e591bd9d636e7895dcfc8de05f331",
	"APT 0xc6f57155ee45bca4cc4a4bb5d0ebd9cf0a4a8e1e1a0d1ffd9b5b6a3c9c1f4b2e",
	"STX SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7",
	"XTZ tz1VSUr8wwNhLAzempoch5d6hLRiTh8Cjcjb KT1PWx2mnDueood7fEmfbBDKx1D9BAnnXitn",
	"KAS kaspa:qypqxsn6ek8v9avp3g4yxxfcclzpv6v9w2pd8jqp4qjlkvmx4lu0xqz6ny8q5rn",
	"LN invoice lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpuaztrnwngzn3kdzw5hydlzf03qdgm2hdq27cqv3agm2awhz5se903vruatfhq77w3ls4evs3ch9zw97j25emudupq63nyw24cg27h2rspfj9srp",
	"IPFS QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdG bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
	"xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
	"zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs",
}

func TestRedactKeepsAddressesAndTransactionsOfAllChains(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	for _, text := range harmlessChains {
		for _, around := range [][2]string{
			{"", ""},
			{"I sent it to the wrong address ", ", can you help? My account is verified"},
			{"我转错了地址 ", " 请帮我查一下"},
			{"deposit from my wallet, nothing secret here, address: ", "\nplease check"},
			{"我的提币 ", " 没到账"},
			{"Вывод на ", " не пришёл, заказ 48291377"},
			{"The key question: where is ", "?"},
			{"I enabled 2FA and then sent ", ""},
		} {
			t.Run(around[0]+text, func(t *testing.T) {
				t.Parallel()
				require.Equal(t, around[0]+text+around[1], r.Redact(around[0]+text+around[1]).Text)
			})
		}
	}
}
