// Package risk finds the statements in a customer's message that must reach a person: an account taken over, money that
// left without consent, a secret that was given away, a threat to sue, a wish to die, a wish to talk to somebody.
//
// The rules are data (rules/*.yaml, one file per language) and every rule carries texts it must and must not match. Rules
// of all languages are tried on every text, so a message in two languages, in transliteration or in the wrong alphabet
// needs no language detection first. Matching is deterministic, linear in the length of the text and calls nothing.
//
// How a text is read:
//
//	bytes -> runes without invisible characters, inline HTML and character references   (clean.go)
//	      -> units: one word, or one character of a script without spaces; case, width, accents, look-alike letters
//	         and repeated letters folded; each unit knows its bytes in the original         (units.go)
//	      -> words of the rules found in each unit, exactly, by prefix or with one typing error   (lexicon.go)
//	      -> phrases, sets, patterns within a window, then the guards that call a match off       (match.go)
//
// How a rule is written: a pattern joins clauses by ">" (in this order) or "+" (in any), within a window that counts two
// for a word and one for a character of a script without spaces. A clause is a list of terms with "|" between them; $name
// stands for a set of the file. In a term, "hack*" matches a beginning, "*konto*" a part, and "=sueing" forgives no typing
// error; other words of six letters and more forgive one. The last clause is the head of the pattern. A guard calls a
// match off where its words stand: before it, directly before its head, after it, in its sentence, anywhere in the text;
// words listed as breaks ("but") stop its reach, and phrases listed as except ("not sure if my") cancel it.
//
// The package decides nothing: it reports risks, it does not hand off, and it does not look for secrets (see redact).
package risk

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
)

// Risk is the kind of danger or demand that a rule recognises.
type Risk string

const (
	APIKeyLeaked           Risk = "api_key_leaked" //nolint:gosec // a name, no key
	AccountTakeover        Risk = "account_takeover"
	Authority              Risk = "authority" // court, police, regulator request, sanctions
	Complaint              Risk = "complaint"
	Deceased               Risk = "deceased_holder"
	Extortion              Risk = "extortion"
	FakeSupport            Risk = "fake_support" // somebody posed as support and the customer has dealt with them
	HumanWanted            Risk = "human_wanted"
	LegalThreat            Risk = "legal_threat"
	MFALost                Risk = "mfa_lost"
	Minor                  Risk = "minor"
	PhishingVictim         Risk = "phishing_victim"
	PressOrRegulatorThreat Risk = "press_or_regulator"
	SIMSwap                Risk = "sim_swap"
	ScamVictim             Risk = "scam_victim"
	SecretShared           Risk = "secret_shared"
	SelfHarm               Risk = "self_harm"
	UnknownWithdrawal      Risk = "unknown_withdrawal"
	WalletDrained          Risk = "wallet_drained"
	WithdrawalCancel       Risk = "withdrawal_cancel"
)

// All returns every risk, in alphabetical order of its constant.
func All() []Risk {
	return []Risk{
		APIKeyLeaked, AccountTakeover, Authority, Complaint, Deceased, Extortion, FakeSupport, HumanWanted, LegalThreat,
		MFALost, Minor, PhishingVictim, PressOrRegulatorThreat, SIMSwap, ScamVictim, SecretShared, SelfHarm,
		UnknownWithdrawal, WalletDrained, WithdrawalCancel,
	}
}

// Match is one rule that fired. A rule fires at most once per text: at its first place that no guard calls off.
type Match struct {
	Risk Risk
	// Rule is the id of the rule, "<file language>.<id>".
	Rule string
	// Start and End are byte offsets in the text as it was given, Start < End.
	Start, End int
}

//go:embed rules
var embedded embed.FS

// Rules is a compiled rule set, safe for concurrent use.
type Rules struct {
	folds    *folds
	guards   []guard
	lexicon  *lexicon
	patterns []pattern
	// byFirst lists, for each set, the patterns whose first clause it is.
	byFirst [][]int32
	rules   []rule
	scratch sync.Pool
	sets    int
}

// Default compiles the embedded rules of all languages.
func Default() (*Rules, error) {
	names, err := fs.Glob(embedded, "rules/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list embedded rules: %w", err)
	}
	files, problems := make([]*file, len(names)), make([]error, len(names))
	var reading sync.WaitGroup
	for i, name := range names {
		reading.Go(func() { files[i], problems[i] = readEmbedded(name) })
	}
	reading.Wait()
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	known, err := embedded.ReadFile("rules/known.txt")
	if err != nil {
		return nil, fmt.Errorf("read known words: %w", err)
	}
	return compile(files, knownWords(string(known))...)
}

// Parse compiles the rules of one YAML file. The name stands in error messages, which begin with "name:line:".
func Parse(r io.Reader, name string) (*Rules, error) {
	f, err := parseFile(r, name)
	if err != nil {
		return nil, err
	}
	return compile([]*file{f})
}

// Match returns the rules that fire on the text, in the order of the rule files; nil when none does. The text may hold
// anything, also invalid UTF-8.
func (r *Rules) Match(text string) []Match {
	s, ok := r.scratch.Get().(*scratch)
	if !ok {
		s = newScratch(r.sets)
	}
	defer func() {
		s.reset()
		r.scratch.Put(s)
	}()
	r.folds.split(text, s)
	r.lexicon.find(s)
	return r.evaluate(s)
}

// knownWords returns the words of a list, in which a line that begins with # is a comment.
func knownWords(list string) []string {
	var words []string
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, "#") {
			words = append(words, strings.Fields(line)...)
		}
	}
	return words
}

func readEmbedded(name string) (*file, error) {
	f, err := embedded.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open embedded rules: %w", err)
	}
	defer func() { _ = f.Close() }() // an embedded file cannot fail to close
	return parseFile(f, path.Base(name))
}
