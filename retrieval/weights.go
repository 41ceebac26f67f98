package retrieval

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed second.json
var secondWeights []byte

// FittedWeights are the weights of the second stage, as "deskhand eval fusion" writes them.
type FittedWeights struct {
	Across   SecondWeights `json:"across"` // for an article in another language than the question
	FittedOn []string      `json:"fitted_on"`
	Same     SecondWeights `json:"same"`
}

// fitted are those that are built in.
var fitted = sync.OnceValues(func() (FittedWeights, error) {
	var w FittedWeights
	if err := json.Unmarshal(secondWeights, &w); err != nil {
		return w, fmt.Errorf("read weights of the second stage: %w", err)
	}
	return w, nil
})

// in returns the weights for an article in the question's language, or in another.
func (w FittedWeights) in(match LanguageMatch) SecondWeights {
	if match == LanguageOther {
		return w.Across
	}
	return w.Same
}
