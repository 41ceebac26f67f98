package guard

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
)

// preparedKept bounds the sources that are kept between checks, at some 30 kB each: people ask about the same few articles.
const preparedKept = 128

// preparedKey names a source as a check sees it: how its sentences are read depends on the language of the draft.
type preparedKey struct{ language, text string }

// prepared keeps what checks have found out about sources, for the next one that cites them. A check takes a source out and puts it
// back at its end, so that two never have the same; who comes meanwhile prepares another.
type prepared struct {
	kept *lru.LRU[preparedKey, *source]
	mu   sync.Mutex
}

func newPrepared() *prepared {
	kept, err := lru.NewLRU[preparedKey, *source](preparedKept, nil)
	if err != nil {
		panic("guard: a cache of a constant size: " + err.Error())
	}
	return &prepared{kept: kept}
}

// take returns a source that nobody else has, nil where none is kept.
func (p *prepared) take(key preparedKey) *source {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, _ := p.kept.Get(key)
	p.kept.Remove(key)
	return s
}

// put gives sources of a check in a language back.
func (p *prepared) put(language string, sources map[string]*source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for text, s := range sources {
		p.kept.Add(preparedKey{language, text}, s)
	}
}
