package guard_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
)

func quayside() guard.Registry {
	return guard.NewRegistry([]guard.Channel{
		{Kind: "domain", Standing: guard.Official, Value: "quayside.example"},
		{Kind: "domain", Standing: guard.Official, Value: "help.quayside.example"},
		{Kind: "email", Standing: guard.Official, Value: "support@quayside.example"},
		{Kind: "handle", Platform: "telegram", Standing: guard.Official, Value: "quayside_news"},
		{Kind: "handle", Platform: "telegram", Standing: guard.KnownFake, Value: "quayside_refund"},
	})
}

func TestLookalikeIsNamed(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]guard.Sign{
		"https://quayside.example":              "",
		"https://help.quayside.example":         "",
		"https://unlisted.quayside.example":     "", // ours, if not listed
		"https://seaside.example":               "",
		"https://quay.test":                     "",
		"https://quayside.com":                  guard.SignEnding,
		"https://quаyside.com":                  guard.SignHomoglyph, // Cyrillic а
		"https://xn--quyside-3fg.com":           guard.SignHomoglyph, // the same in punycode
		"https://quaysíde.com":                  guard.SignHomoglyph,
		"https://quays1de.com":                  guard.SignHomoglyph,
		"https://quaysicle.com":                 guard.SignHomoglyph, // cl for d
		"https://quayside-support.com":          guard.SignWords,
		"https://quaysidesupport.com":           guard.SignWords,
		"https://my-quayside.io":                guard.SignWords,
		"https://quay-side.com":                 guard.SignHomoglyph,
		"https://quaysdie.com":                  guard.SignTypo,
		"https://quaside.com":                   guard.SignTypo,
		"https://quayside.example.verify.test":  guard.SignSubdomain,
		"https://login.quayside.accounts.com":   guard.SignSubdomain,
		"write to support@quayside-help.com":    guard.SignWords,
		"write to quayside.support@mailbox.com": guard.SignWords,
		"my friend anna@mailbox.com":            "",
		"Telegram @quayside_news":               "",
		"Telegram @quayside_news1":              guard.SignWords,
		"Telegram @quaysdie_news":               guard.SignTypo,
		"Telegram @quayside_support":            guard.SignWords,
		"https://t.me/quayside_news_official":   guard.SignWords,
		"WhatsApp: @quayside_news":              guard.SignPlatform,
		"Telegram @bob_the_trader":              "",
		"https://127.0.0.1/quayside":            "",
	} {
		contacts := guard.Contacts(text)
		require.Len(t, contacts, 1, text)
		likeness, found := quayside().Imitated(contacts[0])
		require.Equal(t, want, likeness.Sign, text)
		require.Equal(t, want != "", found, text)
		if found {
			require.Equal(t, guard.Official, likeness.Official.Standing)
		}
	}
}

// publicBrands are services of the field that swindlers imitate, by their own addresses. They were chosen for being known, not
// by looking at the lists below.
func publicBrands() []string {
	return []string{
		"metamask.io", "myetherwallet.com", "opensea.io", "uniswap.org", "binance.com", "coinbase.com", "kraken.com", "blockchain.com",
		"trezor.io", "ledger.com", "trustwallet.com", "pancakeswap.finance", "walletconnect.com", "localbitcoins.com", "gemini.com",
		"bitfinex.com", "kucoin.com", "okx.com", "bybit.com", "phantom.app", "arbitrum.io", "optimism.io", "polkadot.network", "ethereum.org",
		"etherscan.io", "curve.fi", "aave.com", "shapeshift.com", "poloniex.com", "bittrex.com", "makerdao.com", "compound.finance", "balancer.fi",
		"zapper.fi", "debank.com", "blur.io", "lido.fi", "sushi.com", "1inch.io", "axieinfinity.com",
	}
}

// TestLookalikesOfAPublicList prints how many domains of a public list of swindles are named as look-alikes of the brands
// above, and how many honest ones are. The honest ones are those that a list of this kind has once held wrongly, so they are
// harder than the rest of the web, and some belong to the brand itself. No limit was set by what this prints.
func TestLookalikesOfAPublicList(t *testing.T) {
	t.Parallel()

	dir := os.Getenv("DESKHAND_DEV_DATA")
	if dir == "" {
		t.Skip("DESKHAND_DEV_DATA is not set: it names the folder of the development data: docs/data-sources.md says what that is and where to get it")
	}
	channels := make([]guard.Channel, 0, len(publicBrands()))
	names := make(map[string]bool)
	for _, domain := range publicBrands() {
		channels = append(channels, guard.Channel{Kind: "domain", Standing: guard.Official, Value: domain})
		name, _, _ := strings.Cut(domain, ".")
		names[name] = true
	}
	registry := guard.NewRegistry(channels)
	file, err := os.Open(filepath.Join(dir, "abuse", "domains.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	counts, called := map[string]int{}, map[string]int{}
	written, writtenCalled := 0, 0
	signs := map[guard.Sign]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row struct {
			Domain string `json:"domain"`
			Label  string `json:"label"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		contact := guard.Contact{Kind: guard.KindLink, Value: row.Domain}
		if registry.Standing(contact) == guard.Official {
			continue // a brand itself
		}
		likeness, found := registry.Imitated(contact)
		counts[row.Label]++
		if found {
			called[row.Label]++
		}
		if row.Label == "legit" {
			if found {
				t.Logf("honest but called: %s (%s of %s)", row.Domain, likeness.Sign, likeness.Official.Value)
			}
			continue
		}
		signs[likeness.Sign]++
		for name := range names {
			if len(name) >= 6 && strings.Contains(row.Domain, name) {
				written++
				if found {
					writtenCalled++
				}
				break
			}
		}
	}
	t.Logf("swindles named %d of %d; of those that hold a brand's name as it is %d of %d; honest ones called %d of %d; by sign %v",
		called["phishing"], counts["phishing"], writtenCalled, written, called["legit"], counts["legit"], signs)
	require.Greater(t, float64(writtenCalled)/float64(written), 0.9)
	require.Less(t, float64(called["legit"])/float64(counts["legit"]), 0.1)
}

func FuzzImitated(f *testing.F) {
	for _, seed := range []string{"quаyside.com", "xn--quyside-3fg.com", "@quayside_support", "a.b.c.d", "", "quayside.example@evil.com"} {
		f.Add(seed)
	}
	registry := quayside()
	f.Fuzz(func(t *testing.T, text string) {
		for _, contact := range guard.Contacts(text) {
			likeness, found := registry.Imitated(contact)
			if found && registry.Standing(contact) == guard.Official {
				t.Fatalf("an official channel imitates %q", likeness.Official.Value)
			}
		}
	})
}
