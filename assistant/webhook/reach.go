package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxURL is the longest address that is taken; longer ones are refused by common servers too.
const maxURL = 2000

// Reach is where an endpoint may be. The zero value is an https address on the public internet. Whoever can add an endpoint
// must not be able to make the desk's machine talk to what only that machine can reach (server-side request forgery).
type Reach struct {
	InsecureHTTP bool           // http is allowed too: anybody on the way can read and replay deliveries
	Networks     []netip.Prefix // private networks that the endpoint may be in
}

// refusedError says why nothing may be delivered to an address, in words of our own.
type refusedError struct{ reason string }

// Error implements error.
func (e *refusedError) Error() string { return "refused: " + e.reason }

// CheckURL reports why raw cannot be the address of an endpoint. A name is looked at again when it has been resolved, at
// each delivery: what it resolves to can change.
func (r Reach) CheckURL(raw string) error {
	if raw == "" || len(raw) > maxURL {
		return fmt.Errorf("the URL must have 1 to %d characters", maxURL)
	}
	if i := strings.IndexFunc(raw, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }); i >= 0 {
		return fmt.Errorf("the URL contains a character that is not allowed, at position %d: encode it", i+1)
	}
	parsed, err := url.Parse(raw)
	if err != nil || parsed.Opaque != "" {
		return errors.New("the URL cannot be read: write https://HOST/PATH")
	}
	switch {
	case parsed.Scheme != "https" && parsed.Scheme != "http":
		return errors.New("the URL must begin with https://")
	case parsed.Scheme == "http" && !r.InsecureHTTP:
		return errors.New("the URL must begin with https://: http is readable on the way (--insecure-http allows it)")
	case parsed.User != nil:
		return errors.New("the URL must not hold a user or password: the signature says who sends")
	case parsed.Fragment != "" || strings.HasSuffix(raw, "#"):
		return errors.New("the URL must not have a fragment (#…)")
	case !validPort(parsed):
		return errors.New("the port of the URL must lie between 1 and 65535")
	}
	return r.checkHost(parsed.Hostname())
}

func (r Reach) checkHost(host string) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		return r.checkAddress(addr)
	}
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	if len(name) == 0 || len(name) > 253 || strings.ContainsAny(name, ":[]%") {
		return errors.New("the URL names no host")
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return fmt.Errorf("the host of the URL is no name: %q", label)
		}
	}
	// 127.1, 0x7f.1 and 2130706433 are names to us and addresses to some resolvers.
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return errors.New("the host of the URL is an address in an unusual form: write it with four numbers, or use a name")
	}
	return nil
}

// checkAddress reports why nothing may be delivered to an address: a refusedError that names the address and its kind.
func (r Reach) checkAddress(addr netip.Addr) error {
	if addr.Zone() != "" {
		return &refusedError{fmt.Sprintf("%s has a zone", addr)}
	}
	addr = addr.Unmap()
	for _, network := range metadata() {
		if network.Contains(addr) {
			return &refusedError{fmt.Sprintf("%s belongs to the cloud's metadata service", addr)}
		}
	}
	if slices.ContainsFunc(r.Networks, func(n netip.Prefix) bool { return n.Contains(addr) }) || public(addr) {
		return nil
	}
	return &refusedError{fmt.Sprintf("%s is not on the public internet (--allow-network allows a private network)", addr)}
}

// ParseNetworks reads private networks such as 10.20.0.0/16.
func ParseNetworks(texts []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil || network.Addr().Is4In6() || network != network.Masked() {
			return nil, fmt.Errorf("network %q is none: write it like 10.20.0.0/16, with zeros after the prefix", text)
		}
		if network.Bits() == 0 {
			return nil, fmt.Errorf("network %q is everything: name the private network", text)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// metadata are the addresses at which clouds give a machine its credentials. No setting opens them. Link-local addresses
// are among them as a whole: no consumer lives there.
func metadata() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("100.100.100.200/32"), // Alibaba Cloud
		netip.MustParsePrefix("168.63.129.16/32"),   // Azure; a public address
		netip.MustParsePrefix("169.254.0.0/16"),     // link-local: AWS, Azure, Google, Oracle, DigitalOcean
		netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
		netip.MustParsePrefix("fd00:ec2::/32"),      // AWS
		netip.MustParsePrefix("fd20:ce::254/128"),   // Google
		netip.MustParsePrefix("fe80::/10"),          // link-local
	}
}

// special are the networks inside the unicast ranges that are not the public internet, or that lead to an IPv4 address of
// the sender's choice (6to4, Teredo). From the IANA special-purpose address registries.
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("127.0.0.0/8"),
		netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("192.88.99.0/24"),
		netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("224.0.0.0/3"), // multicast, reserved, broadcast
		netip.MustParsePrefix("2001::/23"),
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("2002::/16"),
		netip.MustParsePrefix("3fff::/20"),
	}
}

// public reports whether an address is on the public internet. Of IPv6, only 2000::/3 is.
func public(addr netip.Addr) bool {
	if addr.Is6() && !netip.MustParsePrefix("2000::/3").Contains(addr) {
		return false
	}
	return addr.IsValid() && !slices.ContainsFunc(special(), func(n netip.Prefix) bool { return n.Contains(addr) })
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range label {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func validPort(parsed *url.URL) bool {
	text := parsed.Port()
	if text == "" {
		return !strings.HasSuffix(parsed.Host, ":")
	}
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}
