package access

import (
	"crypto/hmac"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

const (
	// period is the time that one code is for (RFC 6238, section 5.2).
	period = 30 * time.Second
	// drift is how many periods a phone's clock may be off, both ways.
	drift = 1
	// factorSecretBytes is the length that RFC 4226, section 4, recommends.
	factorSecretBytes = 20

	// recoveryCodes is how many a person gets: enough for a lost phone on several days.
	recoveryCodes = 10
	// A recovery code has 80 random bits, so that its plain hash cannot be guessed from a stolen database.
	groupsOfCode  = 4
	lettersOfPart = 4
)

// Factor is a second factor as it is enrolled: shown once.
type Factor struct {
	QR     string // URI as a QR code: an SVG drawing
	Secret string // base32, to type
	URI    string // otpauth://…, to open on a device with an authenticator
}

// NewFactor makes the secret of a time-based one-time password (RFC 6238) for an account, shown under the issuer's name.
func NewFactor(issuer, account string) (Factor, error) {
	key, err := totp.Generate(totp.GenerateOpts{
		AccountName: account, Issuer: issuer, Period: uint(period.Seconds()), SecretSize: factorSecretBytes,
	})
	if err != nil {
		return Factor{}, fmt.Errorf("make second factor: %w", err)
	}
	drawing, err := drawQR(key.URL())
	if err != nil {
		return Factor{}, err
	}
	return Factor{QR: drawing, Secret: key.Secret(), URI: key.URL()}, nil
}

// CheckCode returns the period that a code was made for, when it is right at the given time and of a later period than used:
// a code that was seen once is worth nothing. Otherwise it returns false.
func CheckCode(secret, code string, at time.Time, used int64) (int64, bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := at.Unix() / int64(period.Seconds())
	found, right := int64(0), false
	for step := now - drift; step <= now+drift; step++ {
		counter := uint64(step) //nolint:gosec // times are after 1970
		expected, err := hotp.GenerateCodeCustom(secret, counter, hotp.ValidateOpts{Algorithm: otp.AlgorithmSHA1, Digits: otp.DigitsSix})
		if err != nil {
			return 0, false
		}
		if hmac.Equal([]byte(expected), []byte(code)) && step > used {
			found, right = step, true
		}
	}
	return found, right
}

// NewRecoveryCodes returns the codes that replace a lost second factor, each once.
func NewRecoveryCodes() []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = randomGroups(groupsOfCode, lettersOfPart)
	}
	return codes
}

// RecoveryDigest is the form in which a recovery code is kept and looked up: however it was typed.
func RecoveryDigest(code string) []byte {
	return Digest(strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(code))))
}

// IsFactorSecret reports whether text can be the secret of a second factor.
func IsFactorSecret(text string) bool {
	_, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	return err == nil && len(text) >= 32
}
