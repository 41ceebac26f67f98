package webhook_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/webhook"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		url     string
		problem string // empty: allowed
	}{
		"Usual":              {"https://hooks.example.com/desk?tenant=1", ""},
		"Port":               {"https://hooks.example.com:8443/", ""},
		"PublicAddress":      {"https://93.184.216.34/", ""},
		"PublicIPv6":         {"https://[2606:2800:220:1::1]/", ""},
		"NameWithDot":        {"https://hooks.example.com./", ""},
		"Empty":              {"", "1 to 2000"},
		"TooLong":            {"https://a.example/" + strings.Repeat("x", 2000), "1 to 2000"},
		"HTTP":               {"http://hooks.example.com/", "--insecure-http"},
		"OtherScheme":        {"gopher://hooks.example.com/", "https://"},
		"File":               {"file:///etc/passwd", "https://"},
		"NoScheme":           {"hooks.example.com", "https://"},
		"Opaque":             {"https:hooks.example.com", "cannot be read"},
		"Password":           {"https://me:pw@hooks.example.com/", "user or password"},
		"HiddenHost":         {"https://hooks.example.com@127.0.0.1/", "user or password"},
		"Fragment":           {"https://hooks.example.com/#x", "fragment"},
		"Space":              {"https://hooks.example.com/ x", "position 27"},
		"NewLine":            {"https://hooks.example.com/\r\nX: y", "position 27"},
		"Backslash":          {`https://hooks.example.com\@127.0.0.1/`, "position 26"},
		"HomographHost":      {"https://hооks.example.com/", "encode it"},
		"NoHost":             {"https:///x", "no host"},
		"PortZero":           {"https://hooks.example.com:0/", "port"},
		"PortTooLarge":       {"https://hooks.example.com:70000/", "port"},
		"EmptyPort":          {"https://hooks.example.com:/", "port"},
		"Loopback":           {"https://127.0.0.1/", "public internet"},
		"Loopback6":          {"https://[::1]/", "public internet"},
		"MappedLoopback":     {"https://[::ffff:127.0.0.1]/", "public internet"},
		"Private":            {"https://10.0.0.1/", "public internet"},
		"CarrierGrade":       {"https://100.64.0.1/", "public internet"},
		"Benchmark":          {"https://198.18.0.1/", "public internet"},
		"UniqueLocal":        {"https://[fd12::1]/", "public internet"},
		"Translated":         {"https://[64:ff9b::a00:1]/", "public internet"},
		"SixToFour":          {"https://[2002:a00:1::]/", "public internet"},
		"Broadcast":          {"https://255.255.255.255/", "public internet"},
		"Metadata":           {"https://169.254.169.254/latest/meta-data/", "metadata"},
		"Zone":               {"https://[fe80::1%25eth0]/", "zone"},
		"ShortAddress":       {"https://127.1/", "unusual form"},
		"DecimalAddress":     {"https://2130706433/", "unusual form"},
		"HexadecimalAddress": {"https://0x7f.0.0.1/", "unusual form"},
		"OctalAddress":       {"https://0177.0.0.1/", "unusual form"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := webhook.Reach{}.CheckURL(test.url)
			if test.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.problem)
		})
	}
}

func TestParseNetworks(t *testing.T) {
	t.Parallel()

	networks, err := webhook.ParseNetworks([]string{"10.20.0.0/16", "fd12:3456::/32"})
	require.NoError(t, err)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd12:3456::/32")}, networks)

	for _, text := range []string{"", "10.20.0.1", "10.20.0.1/16", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104", "everything"} {
		_, err := webhook.ParseNetworks([]string{text})
		require.ErrorContains(t, err, `"`+text+`"`)
	}
}

// FuzzCheckURL holds what every accepted URL has in common, however it is written.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{
		"https://hooks.example.com/desk", "http://[::ffff:7f00:1]:80/", "https://user@127.0.0.1", "https://0x7f.1/", "https://a..b/",
		"https://[fe80::1%25lo]/", "HTTPS://EXAMPLE.com:443/?a=b&c", "https://169.254.169.254.", "https://%31%32%37.0.0.1/", "//a/b", "https://a:b:c/",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, raw string, insecure bool) {
		if err := (webhook.Reach{InsecureHTTP: insecure}).CheckURL(raw); err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		parsed, err := url.Parse(raw)
		require.NoError(t, err)
		require.True(t, parsed.Scheme == "https" || insecure && parsed.Scheme == "http")
		require.Nil(t, parsed.User)
		require.NotEmpty(t, parsed.Hostname())
		require.Empty(t, parsed.Fragment)
		host := strings.TrimSuffix(parsed.Hostname(), ".")
		if addr, err := netip.ParseAddr(host); err == nil {
			require.True(t, addr.IsGlobalUnicast() && !addr.IsPrivate() && !addr.IsLoopback() && !addr.IsLinkLocalUnicast(), host)
		}
	})
}
