package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// secretPrefix marks a secret of the Standard Webhooks convention.
const secretPrefix = "whsec_"

// secretBytes is the randomness of a secret: the length of the hash that it keys.
const secretBytes = 32

// Secret signs the deliveries to one endpoint: "whsec_" and the key in base64. It is kept as it is, because signing needs
// it; whoever can read the table can sign.
type Secret string

// NewSecret returns a random secret.
func NewSecret() Secret {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails: it ends the program instead
	return Secret(secretPrefix + base64.StdEncoding.EncodeToString(key))
}

// LogValue keeps a secret out of every log.
func (Secret) LogValue() slog.Value { return slog.StringValue(secretPrefix + "…") }

// sign returns one signature of the convention, "v1," and the HMAC-SHA256 of "id.timestamp.body" in base64.
func (s Secret) sign(id string, at time.Time, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(s), secretPrefix))
	if err != nil || len(key) == 0 {
		return "", fmt.Errorf("read signing secret: not %s and base64", secretPrefix) // without its value
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
