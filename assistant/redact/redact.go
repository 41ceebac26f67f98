package redact

import (
	"slices"
	"strings"
)

// Kind names what was removed. Its value is part of the placeholder, so it is
// stable: stored conversations contain it.
type Kind string

// The kinds of secret, most harmful first: where two findings overlap, the
// joined finding takes the earlier kind.
const (
	SeedPhrase  Kind = "seed_phrase"   // a wallet's recovery words, or their numeric (SeedQR) form
	ExtendedKey Kind = "extended_key"  // BIP-32 private key: xprv, yprv, zprv, tprv and their kin
	PrivateKey  Kind = "private_key"   // WIF, PEM, or hexadecimal after words that say so
	BIP38Key    Kind = "bip38_key"     // passphrase-protected private key, 6P…
	Keystore    Kind = "keystore"      // Ethereum (Web3) keystore JSON
	TOTPSecret  Kind = "totp_secret"   // otpauth URI, or the base32 key of an authenticator
	APIKey      Kind = "api_key"       // API key, secret or access token of any service
	Password    Kind = "password"      // after words that announce one
	Card        Kind = "card"          // payment card number that passes the Luhn check
	CVV         Kind = "cvv"           // card security code after its name
	OneTimeCode Kind = "one_time_code" // 4 to 8 digits after words that announce a code
)

// The kinds of personal data, which a Redactor removes when [Config.PII] is set.
// They are no secrets: a customer who gives a phone number has not been robbed.
const (
	IBAN       Kind = "iban"        // international bank account number with a valid checksum (ISO 13616)
	Passport   Kind = "passport"    // number after its name
	NationalID Kind = "national_id" // identity, tax or social security number after its name, or by its own check digits
	Email      Kind = "email"       // e-mail address
	Phone      Kind = "phone"       // telephone number with a country code, in a national form, or after its name
)

// Secret reports whether what was removed gives access to money or an account, so
// that the customer must be warned. It is false for personal data.
func (k Kind) Secret() bool {
	switch k {
	case IBAN, Passport, NationalID, Email, Phone:
		return false
	default:
		return true
	}
}

const (
	placeholderOpen  = "⟦"
	placeholderClose = "⟧"
)

// maxPasses bounds the repetition in [Redactor.Redact] and so keeps it linear.
// Real texts settle in two passes: one that finds and one that confirms.
const maxPasses = 6

// Kinds lists every kind, most harmful first.
func Kinds() []Kind {
	return []Kind{
		SeedPhrase, ExtendedKey, PrivateKey, BIP38Key, Keystore, TOTPSecret,
		APIKey, Password, Card, CVV, OneTimeCode,
		IBAN, Passport, NationalID, Email, Phone,
	}
}

// Placeholder returns the text that stands in for a secret of kind k, for
// example "⟦seed_phrase⟧".
func Placeholder(k Kind) string {
	return placeholderOpen + string(k) + placeholderClose
}

// Finding is one secret that was removed.
type Finding struct {
	End   int  // byte offset behind the placeholder in Result.Text
	Kind  Kind // what it was
	Start int  // byte offset of the placeholder in Result.Text
	// Verified says that a checksum held, so that this is a live secret and no
	// accident. Use it for severity only: a mistyped secret is still a secret.
	Verified bool
}

// Result is a text without its secrets.
type Result struct {
	Findings []Finding // in order of appearance
	Text     string    // the text, each secret replaced by its placeholder
}

// Kinds returns the distinct kinds found, in order of appearance.
func (r Result) Kinds() []Kind {
	var kinds []Kind
	for _, f := range r.Findings {
		if !slices.Contains(kinds, f.Kind) {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds
}

// Secrets is [Result.Kinds] without personal data.
func (r Result) Secrets() []Kind {
	return slices.DeleteFunc(r.Kinds(), func(k Kind) bool { return !k.Secret() })
}

// Names returns the kinds as texts.
func Names(kinds []Kind) []string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return names
}

// Config says what a Redactor removes beside secrets. Its zero value is valid: only
// secrets.
type Config struct {
	// PII also removes e-mail addresses, telephone numbers, IBANs and the numbers of
	// identity documents. Names and postal addresses stay.
	PII bool
}

// Redactor removes secrets. It is immutable and safe for concurrent use.
type Redactor struct {
	config      Config
	connectors  *connectors
	cues        *automaton[cue]
	keyRules    *keyRules
	lexicon     *lexicon
	noPasswords map[string]struct{}
}

// New builds a Redactor. It takes about 100 ms and 21 MB
// (word lists, cue automaton, API-key rules): build one and share it.
func New(config Config) (*Redactor, error) {
	rules, err := newKeyRules()
	if err != nil {
		return nil, err
	}
	return &Redactor{
		config:      config,
		connectors:  newConnectors(),
		cues:        newCueAutomaton(config),
		keyRules:    rules,
		lexicon:     newLexicon(),
		noPasswords: foldedSet(noPasswords + functionWords), // exact: a fingerprint would let one password in 8,000 pass
	}, nil
}

// Redact replaces the secrets in text. Everything else is kept byte for byte,
// also where it is not valid UTF-8. Redacting a result again changes nothing.
// The time is linear in the length of the text.
func (r *Redactor) Redact(text string) Result {
	return r.settle(document{text: text})
}

// settle repeats the search until it finds nothing.
func (r *Redactor) settle(doc document) Result {
	for range maxPasses {
		spans := r.find(doc.text)
		if len(spans) == 0 {
			return doc.result()
		}
		doc = doc.replace(spans)
	}
	// No real text gets here. One that still changes was built to confuse the
	// detectors: nothing of it is worth the risk.
	kind := doc.marks[0].kind
	return document{text: Placeholder(kind), marks: []span{{end: len(Placeholder(kind)), kind: kind}}}.result()
}

// find returns the secrets in text, ordered and not overlapping, as byte
// offsets into text. Placeholders bound what is searched together.
func (r *Redactor) find(text string) []span {
	var spans []span
	start := 0
	for start < len(text) {
		end, next := nextPlaceholder(text, start)
		if end > start {
			for _, s := range r.findBetween(text[start:end]) {
				s.start += start
				s.end += start
				spans = append(spans, s)
			}
		}
		start = next
	}
	return spans
}

func (r *Redactor) findBetween(text string) []span {
	s := r.newScan(text)
	s.findSeeds()
	s.findKeys()
	s.findSplitKeys()
	s.findEncoded()
	s.findCued()
	s.findCards()
	s.findAPIKeys()
	if r.config.PII {
		s.findPersonal()
	}
	return s.merged()
}

// span is a stretch of text that holds a secret: byte offsets, end exclusive.
type span struct {
	start, end int
	kind       Kind
	verified   bool
}

// document is a text in which some secrets were replaced already.
type document struct {
	marks []span // the placeholders that this call put in
	text  string
}

// replace puts placeholders in place of spans, which are ordered, do not
// overlap and touch no earlier mark.
func (d document) replace(spans []span) document {
	var (
		b     strings.Builder
		marks []span
		at    int
		old   = d.marks
	)
	keepMarks := func(until, shift int) {
		for len(old) > 0 && old[0].end <= until {
			m := old[0]
			m.start += shift
			m.end += shift
			marks = append(marks, m)
			old = old[1:]
		}
	}
	for _, s := range spans {
		keepMarks(s.start, b.Len()-at)
		b.WriteString(d.text[at:s.start])
		start := b.Len()
		b.WriteString(Placeholder(s.kind))
		marks = append(marks, span{start: start, end: b.Len(), kind: s.kind, verified: s.verified})
		at = s.end
	}
	keepMarks(len(d.text), b.Len()-at)
	b.WriteString(d.text[at:])
	return document{marks: marks, text: b.String()}
}

func (d document) result() Result {
	r := Result{Text: d.text}
	for _, m := range d.marks {
		r.Findings = append(r.Findings, Finding{End: m.end, Kind: m.kind, Start: m.start, Verified: m.verified})
	}
	return r
}

// nextPlaceholder finds the first placeholder at or after from. It returns the
// offsets where it begins and where the text goes on, both len(text) when there
// is none.
func nextPlaceholder(text string, from int) (begin, next int) {
	for at := from; ; {
		i := strings.Index(text[at:], placeholderOpen)
		if i < 0 {
			return len(text), len(text)
		}
		begin = at + i
		body := begin + len(placeholderOpen)
		for _, k := range Kinds() {
			if strings.HasPrefix(text[body:], string(k)+placeholderClose) {
				return begin, body + len(k) + len(placeholderClose)
			}
		}
		at = body
	}
}

// foldedSet returns the words of a list in folded form.
func foldedSet(list string) map[string]struct{} {
	set := map[string]struct{}{}
	for w := range strings.FieldsSeq(list) {
		set[fold(w).lower] = struct{}{}
	}
	return set
}
