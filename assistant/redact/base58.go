package redact

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/btcsuite/btcd/btcutil/base58"
)

// base58Alphabet is that of Bitcoin: letters and digits without those that look alike.
const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// base58Digits is the value of each base58 letter; -1 of all other bytes.
var base58Digits = func() (digits [256]int8) { //nolint:gochecknoglobals // a table that nothing writes to
	for i := range digits {
		digits[i] = -1
	}
	for i := range len(base58Alphabet) {
		digits[base58Alphabet[i]] = int8(i)
	}
	return digits
}()

// A number of base58 digits is read ten at a time, the most whose value fits a word. Keys have at most 113 digits.
const (
	base58Block   = 10
	base58Words   = 11
	longestBase58 = 120 // digits of 5.86 bits: what fits the words
	checksumSize  = 4   // bytes
)

// validBase58 verifies the checksum of base58check. A text full of beginnings of keys asks for it every few bytes.
func validBase58(token string) bool {
	if len(token) > longestBase58 {
		_, _, err := base58.CheckDecode(token)
		return err == nil
	}
	var words [base58Words]uint64 // the number, its lowest word first
	for i := 0; i < len(token); {
		value, power := uint64(0), uint64(1)
		for end := min(i+base58Block, len(token)); i < end; i++ {
			digit := base58Digits[token[i]]
			if digit < 0 {
				return false
			}
			value, power = value*58+uint64(digit), power*58
		}
		for w := range words {
			high, low := bits.Mul64(words[w], power)
			sum, carry := bits.Add64(low, value, 0)
			words[w], value = sum, high+carry
		}
	}
	var number [8 * base58Words]byte
	for w, word := range words {
		binary.BigEndian.PutUint64(number[len(number)-8*(w+1):], word)
	}
	start := 0
	for start < len(number) && number[start] == 0 {
		start++
	}
	zeros := 0
	for zeros < len(token) && token[zeros] == base58Alphabet[0] {
		zeros++
	}
	return validChecksum(make([]byte, zeros), number[start:])
}

// validChecksum reports whether zeros and the bytes behind them end with the checksum of what comes before it.
func validChecksum(zeros, number []byte) bool {
	decoded := slices.Concat(zeros, number)
	if len(decoded) <= checksumSize {
		return false
	}
	payload, checksum := decoded[:len(decoded)-checksumSize], decoded[len(decoded)-checksumSize:]
	once := sha256.Sum256(payload)
	twice := sha256.Sum256(once[:])
	return string(twice[:checksumSize]) == string(checksum)
}
