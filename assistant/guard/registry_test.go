package guard

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// standingOf is the standing of the only contact in a text.
func standingOf(t *testing.T, registry Registry, text string) Standing {
	t.Helper()
	found := Contacts(text)
	require.Len(t, found, 1, text)
	return registry.Standing(found[0])
}

func TestStandingIsOfficialOnlyForWhatIsListed(t *testing.T) {
	t.Parallel()
	registry := sampleRegistry(t)
	for _, text := range []string{
		"quayside.example", "https://quayside.example/download", "http://help.quayside.example", "QUAYSIDE.EXAMPLE.",
		"ｑｕａｙｓｉｄｅ．ｅｘａｍｐｌｅ", "https://quayside.example:443/", "quayside[.]example", "support@quayside.example",
		"Support@Quayside.Example", "Telegram: @quayside_news", "@quayside_news", "https://t.me/quayside_news", "X: @Quayside_Example",
		"https://x.com/quayside_example", "example.quayside.app",
	} {
		require.Equal(t, Official, standingOf(t, registry, text), text)
	}
}

func TestStandingOfALookalikeIsNeverOfficial(t *testing.T) {
	t.Parallel()
	registry := sampleRegistry(t)
	for _, text := range []string{
		"quаyside.example",                     // Cyrillic а
		"xn--quyside-3fg.example",              // the same as punycode
		"quaysíde.example", "quays1de.example", // another letter
		"quayside.com", "quayside.example.com", // another ending
		"quayside-support.example",                  // an added word
		"login.quayside.example",                    // a subdomain that is not listed
		"quayside.example.evil.example",             // the name in front
		"https://quayside.example@evil.example",     // the name as a user
		"https://quayside.example:8443/",            // another port
		"https://quayside.example/go?to=//evil.com", // a link inside
		`https://quayside.example/\evil.com`,
		"ftp://quayside.example", "javascript://quayside.example/%0aalert(1)", "https://example.quayside.app",
		"https://t.me/quayside_news/2?x=@evil", "https://t.me/+quayside_news",
		"security-team@quayside.example", "support@quayside.example.com", "support@quаyside.example",
		"@quayside_newss", "WhatsApp: @quayside_news", "X: @quayside_news", "Telegram: @quayside_example",
		"+1 800 555 0199",
	} {
		require.NotEqual(t, Official, standingOf(t, registry, text), text)
	}
}

func TestStandingKnowsFakes(t *testing.T) {
	t.Parallel()
	registry := sampleRegistry(t)
	for _, text := range []string{
		"https://quayside-help.example/x", "login.quayside-help.example", "anyone@quayside-help.example", "quaysibe.example",
		"quayside.example.wallet-verify.example", "+1 202 555 0143", "001 202-555-0143", "Telegram @quayside_support",
		"@quayside_support", "t.me/quayside_support", "微信：quayside_kefu", "WhatsApp: Quayside Customer Care", "example.quaysidepro.trade",
	} {
		require.Equal(t, KnownFake, standingOf(t, registry, text), text)
	}
}

func TestAnEntryThatIsBothOfficialAndFakeIsFake(t *testing.T) {
	t.Parallel()
	fake := Channel{Kind: "domain", Value: "Quayside.example", Standing: KnownFake}
	official := Channel{Kind: "domain", Value: "quayside.example", Standing: Official}
	for _, channels := range [][]Channel{{fake, official}, {official, fake}} {
		require.Equal(t, KnownFake, standingOf(t, NewRegistry(channels), "quayside.example"))
	}
}

func TestTheEmptyRegistryKnowsNothing(t *testing.T) {
	t.Parallel()
	require.Equal(t, Unknown, standingOf(t, Registry{}, "quayside.example"))
	require.Empty(t, NewRegistry(nil).Official())
}

func TestOfficialChannelsReadAsACustomerKnowsThem(t *testing.T) {
	t.Parallel()
	var shown []string
	for _, channel := range sampleRegistry(t).Official() {
		shown = append(shown, channel.Display())
	}
	require.Equal(t, []string{
		"https://quayside.example", "https://help.quayside.example", "https://status.quayside.example",
		"support@quayside.example", "security@quayside.example", "complaints@quayside.example", "privacy@quayside.example",
		"X: @quayside_example", "Telegram: @quayside_news", "App: example.quayside.app",
	}, shown)
	require.Equal(t, "quaysibe[.]example", Channel{Kind: "domain", Value: "quaysibe.example", Standing: KnownFake}.Display())
}

func TestParseChannelsNamesTheLineOfEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := ParseChannels(strings.NewReader(`official:
  - kind: page
    value: quayside.example
  - kind: domain
    value: https://quayside.example/
  - kind: handle
    value: quayside_news
  - kind: email
    value: support
  - kind: domain
    value: quayside.example
  - kind: domain
    value: quayside.example
    colour: red
known_fake:
  - kind: domain
    value: Quayside.example
others: []
`), "channels.yaml")
	require.Error(t, err)
	for _, want := range []string{
		`channels.yaml:2: unknown kind "page"`, "channels.yaml:4: ", "not a bare name", "channels.yaml:6: a handle needs a platform",
		`channels.yaml:8: "support" is not an e-mail address`, "channels.yaml:12: ", "colour",
		`channels.yaml:16: domain "Quayside.example" is already on line 10`, `channels.yaml:18: unknown list "others"`,
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestParseChannelsRefusesWhatIsNoRegistry(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"- a\n- b\n", "official: quayside.example\n", "official: [", "official:\n  - quayside.example\n"} {
		_, err := ParseChannels(strings.NewReader(content), "channels.yaml")
		require.ErrorContains(t, err, "channels.yaml", content)
	}
	channels, err := ParseChannels(strings.NewReader("official:\nknown_fake: []\n"), "channels.yaml")
	require.NoError(t, err)
	require.Empty(t, channels)
}

func TestParseChannelsKeepsNotesByLanguage(t *testing.T) {
	t.Parallel()
	channels, err := ParseChannels(strings.NewReader("official:\n  - kind: handle\n    platform: Telegram\n    value: \"@quayside_news\"\n    note: {en: News, zh-Hans: 公告}\n"), "c")
	require.NoError(t, err)
	require.Equal(t, []Channel{{
		Kind: "handle", Platform: "telegram", Value: "quayside_news", Standing: Official, Notes: map[string]string{"en": "News", "zh-Hans": "公告"},
	}}, channels)
}

func FuzzParseChannels(f *testing.F) {
	f.Add("official:\n  - kind: domain\n    value: a.example\n")
	f.Add("official: &a [*a]\n")
	f.Fuzz(func(_ *testing.T, content string) {
		channels, err := ParseChannels(strings.NewReader(content), "c")
		if err == nil {
			NewRegistry(channels).Official()
		}
	})
}
