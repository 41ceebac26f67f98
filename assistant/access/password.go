package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

const (
	// MinPassword and MaxPassword bound a password, in characters. The least is what NIST SP 800-63B asks for beside a second
	// factor and more; the most keeps a request from making us hash a book.
	MinPassword = 12
	MaxPassword = 200
	// leastDistinct refuses "aaaaaaaaaaaa" and "121212121212".
	leastDistinct = 5

	saltBytes = 16
	keyBytes  = 32
)

// errHash marks a stored hash that is none of ours.
var errHash = errors.New("not an argon2id hash")

// argonParams are what a hash was made with.
type argonParams struct {
	memory  uint32 // KiB
	threads uint8
	time    uint32
}

// current are the parameters that OWASP's Password Storage Cheat Sheet lists first for argon2id at 19 MiB.
func current() argonParams { return argonParams{memory: 19 * 1024, threads: 1, time: 2} }

// Hasher makes and checks hashes of passwords. It is safe for concurrent use.
type Hasher struct {
	dummy func() string // the hash of a password that nobody knows
	turns chan struct{} // bounds the memory: a hash takes 19 MiB
}

// NewHasher returns a Hasher that makes at most one hash a core at the same time.
func NewHasher() *Hasher {
	return &Hasher{
		dummy: sync.OnceValue(func() string { return current().hash(NewSecret()) }),
		turns: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

// Hash returns the hash of a password in the PHC string format, with its parameters.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.takeTurn(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return current().hash(password), nil
}

// Check says whether password belongs to hash, and whether the hash is worth making again with today's parameters. An
// empty hash, of a name that nobody has or of a person without a password, costs the same work and is never right.
func (h *Hasher) Check(ctx context.Context, hash, password string) (right, outdated bool, err error) {
	if err := h.takeTurn(ctx); err != nil {
		return false, false, err
	}
	defer h.leave()
	known := hash != ""
	if !known {
		hash = h.dummy()
	}
	params, salt, key, err := parseHash(hash)
	if err != nil {
		return false, false, err
	}
	length := uint32(len(key)) //nolint:gosec // parseHash bounds it
	given := argon2.IDKey([]byte(password), salt, params.time, params.memory, params.threads, length)
	right = subtle.ConstantTimeCompare(given, key) == 1 && known
	return right, right && params != current(), nil
}

func (h *Hasher) takeTurn(ctx context.Context) error {
	select {
	case h.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a turn to hash: %w", ctx.Err())
	}
}

func (h *Hasher) leave() { <-h.turns }

func (p argonParams) hash(password string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: it ends the program instead
	key := argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, keyBytes)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, encode(salt), encode(key))
}

// The bounds of the parameters that a stored hash may name: what is in the database must not make a log-in take minutes.
const (
	mostMemory  = 256 * 1024
	mostTime    = 16
	mostThreads = 16
)

func parseHash(hash string) (p argonParams, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errHash
	}
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads)
	if err != nil || n != 3 || p.memory > mostMemory || p.time < 1 || p.time > mostTime || p.threads < 1 || p.threads > mostThreads {
		return p, nil, nil, errHash
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 || len(salt) > 64 {
		return p, nil, nil, errHash
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) < 16 || len(key) > 64 {
		return p, nil, nil, errHash
	}
	return p, salt, key, nil
}

// CheckPassword returns what is wrong with a new password of somebody, in words that end a sentence about it, or "". There
// are no rules on kinds of characters: they make passwords worse.
func CheckPassword(password, email string) string {
	length := utf8.RuneCountInString(password)
	distinct := make(map[rune]struct{})
	for _, r := range password {
		distinct[r] = struct{}{}
	}
	name, domain, _ := strings.Cut(strings.ToLower(email), "@")
	company, _, _ := strings.Cut(domain, ".")
	folded := strings.ToLower(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return "is not valid text"
	case length < MinPassword:
		return fmt.Sprintf("is shorter than %d characters: several words in a row make a good one", MinPassword)
	case length > MaxPassword:
		return fmt.Sprintf("is longer than %d characters", MaxPassword)
	case len(distinct) < leastDistinct:
		return "repeats too few characters: several words in a row make a good one"
	case len(name) > 3 && strings.Contains(folded, name), len(company) > 3 && strings.Contains(folded, company):
		return "contains a part of the e-mail address: choose another"
	}
	for _, common := range commonPasswords() {
		if strings.Contains(folded, common) && length < len(common)+8 {
			return "is built on a password that everybody tries first: choose another"
		}
	}
	return ""
}

// commonPasswords are the roots of the passwords of twelve characters and more that lists of guesses begin with.
func commonPasswords() []string {
	return []string{
		"password", "passw0rd", "p@ssw0rd", "123456789", "987654321", "qwertyuiop", "qwerty123", "1q2w3e4r", "1qaz2wsx", "asdfghjkl",
		"abcdefgh", "letmein", "welcome", "iloveyou", "administrator", "changeme", "deskhand", "contraseña", "motdepasse", "passwort", "parola123",
		"qazwsxedc", "zaq12wsx", "111111", "123123", "football", "baseball", "superman", "trustno1", "monkey", "dragon", "sunshine", "princess",
	}
}

// groupsOfPassword and lettersOfGroup make a generated password: 5 groups of 4 from 32 letters, 100 bits.
const (
	groupsOfPassword = 5
	lettersOfGroup   = 4
)

// NewPassword returns a random password that a person can read to another: it is for the first log-in.
func NewPassword() string { return randomGroups(groupsOfPassword, lettersOfGroup) }

// letters leave out what looks like another one: 0 and o, 1 and l.
const letters = "23456789abcdefghijkmnpqrstuvwxyz"

func randomGroups(groups, each int) string {
	random := make([]byte, groups*each)
	_, _ = rand.Read(random) // never fails: it ends the program instead
	var text strings.Builder
	for i, b := range random {
		if i > 0 && i%each == 0 {
			text.WriteByte('-')
		}
		text.WriteByte(letters[int(b)%len(letters)]) // 32 divides 256: no letter is likelier
	}
	return text.String()
}
