package access

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"time"
)

// Throttle slows guesses down: after Free failures in a row, each further one doubles the wait, from First up to Longest.
// There is no count at which an account is closed: that would let anybody lock anybody out.
type Throttle struct {
	First   time.Duration
	Forget  time.Duration // without a failure for so long, all is forgotten
	Free    int
	Longest time.Duration
}

// AccountThrottle is for guesses at one account from one place: a network, or a browser that has logged in to it before.
func AccountThrottle() Throttle {
	return Throttle{First: time.Second, Forget: 24 * time.Hour, Free: 5, Longest: 15 * time.Minute}
}

// NetworkThrottle is for guesses at many accounts from one network. An office shares one, so it begins late and stays mild;
// who has logged in from a browser before is not held to it.
func NetworkThrottle() Throttle {
	return Throttle{First: time.Second, Forget: time.Hour, Free: 50, Longest: time.Minute}
}

// FactorThrottle is for codes after a right password, wherever they come from: who gets there knows the password already, so
// nobody else can be locked out by it. At the longest wait, 288 guesses a day at three codes in a million stay below one in
// a thousand.
func FactorThrottle() Throttle {
	return Throttle{First: time.Second, Forget: 24 * time.Hour, Free: 5, Longest: 5 * time.Minute}
}

// Wait is how long nothing may be tried after so many failures in a row.
func (t Throttle) Wait(failures int) time.Duration {
	if failures <= t.Free {
		return 0
	}
	wait := t.First
	for range failures - t.Free - 1 {
		if wait *= 2; wait >= t.Longest {
			return t.Longest
		}
	}
	return min(wait, t.Longest)
}

// Tries is what is known of failures under one key.
type Tries struct {
	BlockedUntil time.Time
	Failures     int
	LastAt       time.Time
}

// Try counts a try before it is known how it ends, so that many at once are worth no more than one after the other. It
// returns false, and the tries unchanged, while nothing may be tried. A success forgets them all.
func (t Throttle) Try(tries Tries, now time.Time) (Tries, bool) {
	if now.Before(tries.BlockedUntil) {
		return tries, false
	}
	if now.Sub(tries.LastAt) >= t.Forget {
		tries = Tries{}
	}
	tries.Failures++
	tries.LastAt = now
	tries.BlockedUntil = now.Add(t.Wait(tries.Failures))
	return tries, true
}

// ThrottleKey names what is counted together, without keeping an address or an e-mail address.
func ThrottleKey(parts ...string) []byte {
	sum := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(part), part) // a hash takes everything
	}
	return sum.Sum(nil)
}

// Network is what counts as one place on the internet: an IPv4 address, or the /64 of an IPv6 address, which one customer of
// a provider has to itself. What is no address is a place of its own.
func Network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return prefix.String()
}

// ClientAddress returns the address that a request came from: the nearest one that is not a trusted proxy, walking from the
// connection back through X-Forwarded-For. What stands further left there can be written by anybody.
func ClientAddress(peer string, forwarded []string, trusted []netip.Prefix) string {
	isTrusted := func(address string) bool {
		ip, err := netip.ParseAddr(address)
		if err != nil {
			return false
		}
		for _, prefix := range trusted {
			if prefix.Contains(ip.Unmap()) {
				return true
			}
		}
		return false
	}
	for i := len(forwarded) - 1; i >= 0 && isTrusted(peer); i-- {
		if _, err := netip.ParseAddr(forwarded[i]); err != nil {
			break
		}
		peer = forwarded[i]
	}
	return peer
}
