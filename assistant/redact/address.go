package redact

import (
	"encoding/base32"
	"encoding/base64"
	"strings"

	"github.com/btcsuite/btcd/btcutil/base58"
)

// isAddress recognises blockchain addresses by their checksum, Ethereum's and those
// of usual prefixes by their form.
func isAddress(token string) bool {
	low := strings.ToLower(token)
	if body, ok := strings.CutPrefix(low, "0x"); ok && len(body) == 40 && isHex(body) {
		return true
	}
	for _, prefix := range []string{
		"bc1", "tb1", "ltc1", "addr1", "stake1", "cosmos1", "osmo1", "bnb1", "one1", "thor1", "inj1", "sei1", "celestia1", "lnbc",
	} {
		if strings.HasPrefix(low, prefix) && len(low) >= 38 {
			return true
		}
	}
	n := len(token)
	switch {
	case n >= 25 && n <= 36 && isBase58(token):
		return validBase58(token) || token[0] == 'r' && validRipple(token)
	case n == 47 && token[0] == 'X':
		return validRipple(token)
	case n == 48 && validTON(token), n == 56 && token[0] == 'G' && validStellar(token):
		return true
	}
	return validBech32(low)
}

// resemblesAddress recognises addresses and identifiers of content that only their
// length and letters give away. A key may look like one.
func resemblesAddress(token string) bool {
	return resemblesBase32Address(token) || isBase58(token) && resemblesBase58Address(token)
}

func resemblesBase32Address(token string) bool {
	n := len(token)
	switch {
	case n >= 39 && (token[0] == 'f' || token[0] == 't') && token[1] >= '1' && token[1] <= '4': // Filecoin
		return consistsOf(token[2:], lowBase32) || strings.HasPrefix(token[1:], "410f") && consistsOf(token[5:], lowBase32)
	case n >= 42 && n <= 70 && strings.IndexByte("qpzr", token[0]) >= 0 && consistsOf(token, bech32Letters): // Bitcoin Cash, Kaspa
		return true
	case n == 58 && consistsOf(token, highBase32): // Algorand
		return true
	case n >= 39 && n <= 41 && token[0] == 'S' && (token[1] == 'P' || token[1] == 'M'): // Stacks
		return consistsOf(token, "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
	case n >= 59 && strings.HasPrefix(token, "baf"): // IPFS
		return consistsOf(token, lowBase32)
	case n == 66 && strings.HasPrefix(token, "0x"): // Sui, Aptos, Starknet, and transactions of Ethereum
		return isHex(token[2:])
	}
	return false
}

func resemblesBase58Address(token string) bool {
	switch n := len(token); {
	case n == 95 || n == 106: // Monero
		return token[0] == '4' || token[0] == '8'
	case n >= 43 && n <= 44: // Solana
		return len(base58.Decode(token)) == 32
	case n == 46 && strings.HasPrefix(token, "Qm"): // IPFS
		return true
	case n >= 46 && n <= 49: // Polkadot and its parachains
		return len(base58.Decode(token)) == 35 || len(base58.Decode(token)) == 36
	case n >= 56 && n <= 60, n > 100 && n < 112: // Cardano's Byron era
		return strings.HasPrefix(token, "Ae2") || strings.HasPrefix(token, "DdzFF")
	}
	return false
}

const (
	bech32Letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	highBase32    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	lowBase32     = "abcdefghijklmnopqrstuvwxyz234567"
)

func consistsOf(token, letters string) bool {
	return strings.Trim(token, letters) == ""
}

// validBech32 verifies bech32 (BIP-173) and bech32m (BIP-350) with any prefix.
func validBech32(low string) bool {
	one := strings.LastIndexByte(low, '1')
	if one < 1 || len(low)-one < 20 || len(low) > 120 || !consistsOf(low[one+1:], bech32Letters) {
		return false
	}
	sum := uint32(1)
	for i := range one {
		sum = bech32Step(sum) ^ uint32(low[i]>>5)
	}
	sum = bech32Step(sum)
	for i := range one {
		sum = bech32Step(sum) ^ uint32(low[i]&31)
	}
	for i := one + 1; i < len(low); i++ {
		sum = bech32Step(sum) ^ uint32(strings.IndexByte(bech32Letters, low[i])) //nolint:gosec // 0 to 31
	}
	return sum == 1 || sum == 0x2bc830a3
}

func bech32Step(sum uint32) uint32 {
	top := sum >> 25
	sum = sum & 0x1ffffff << 5
	for i, generator := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			sum ^= generator
		}
	}
	return sum
}

// validRipple verifies base58check in the alphabet of the XRP ledger.
func validRipple(token string) bool {
	const (
		bitcoin = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
		ripple  = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
	)
	return validBase58(strings.Map(func(r rune) rune {
		if i := strings.IndexRune(ripple, r); i >= 0 {
			return rune(bitcoin[i])
		}
		return '0'
	}, token))
}

// validStellar verifies the checksum of a key of Stellar (SEP-23).
func validStellar(token string) bool {
	raw, err := base32.StdEncoding.DecodeString(token)
	if err != nil || len(raw) != 35 {
		return false
	}
	sum := crc16(raw[:33])
	return raw[33] == byte(sum) && raw[34] == byte(sum>>8) //nolint:gosec // its two bytes
}

// validTON verifies the checksum of a user-friendly address of TON.
func validTON(token string) bool {
	raw, err := base64.URLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(token))
	if err != nil || len(raw) != 36 {
		return false
	}
	sum := crc16(raw[:34])
	return raw[34] == byte(sum>>8) && raw[35] == byte(sum) //nolint:gosec // its two bytes
}

// crc16 is the CRC of XMODEM.
func crc16(data []byte) uint16 {
	sum := uint16(0)
	for _, b := range data {
		sum ^= uint16(b) << 8
		for range 8 {
			if sum&0x8000 != 0 {
				sum = sum<<1 ^ 0x1021
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}

// isPublicKey recognises serialised BIP-32 public keys.
func isPublicKey(token string) bool {
	return len(token) > 90 && len(token) < 130 && (token[1:4] == "pub" || token[:4] == "Ltub" || token[:4] == "Mtub" || token[:4] == "dgub")
}
