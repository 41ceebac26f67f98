package confidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Basis names what evidence is made with. A fit says something only about evidence of the same making.
type Basis struct {
	Drafter     string `json:"drafter,omitempty"` // the chat model; empty: no model drafted
	Embedder    string `json:"embedder"`          // empty: the search knew words only
	IntentModel string `json:"intent_model"`      // fingerprint
	Prompt      string `json:"prompt,omitempty"`  // version of the draft prompt; empty without a drafter
	Taxonomy    string `json:"taxonomy"`          // fingerprint
}

// Fingerprint is 12 hexadecimal digits, others for every other basis.
func (b Basis) Fingerprint() string {
	hash := sha256.New()
	for _, part := range []string{b.Drafter, b.Embedder, b.IntentModel, b.Prompt, b.Taxonomy} {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(hash.Sum(nil)[:6])
}

// Differences names the parts in which what is in use is not what b was fitted for: "drafter", "embedder", "intent_model",
// "prompt", "taxonomy".
//
// A fit that was made without a model holds for a model's drafts as well: none of the features comes from a model, and what a
// model might add to the cited article is the guard's business. One that was made with a model holds for that model and prompt.
func (b Basis) Differences(use Basis) []string {
	var differences []string
	for _, part := range []struct{ name, fitted, used string }{
		{"drafter", b.Drafter, use.Drafter},
		{"embedder", b.Embedder, use.Embedder},
		{"intent_model", b.IntentModel, use.IntentModel},
		{"prompt", b.Prompt, use.Prompt},
		{"taxonomy", b.Taxonomy, use.Taxonomy},
	} {
		if b.Drafter == "" && (part.name == "drafter" || part.name == "prompt") {
			continue
		}
		if part.fitted != part.used {
			differences = append(differences, part.name)
		}
	}
	return differences
}
