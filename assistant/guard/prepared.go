package guard

import (
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
)

// preparedKept bounds the sources that are kept between checks, at some 30 kB each: people ask about the same few articles.
const preparedKept = 128

// preparedKey names a source as a check sees it: how its sentences are read depends on the language of the draft.
type preparedKey struct{ language, text string }

// wordsKept bounds the words that are kept with their vectors, at some 0.7 kB each: most words of a text stand in others too.
const wordsKept = 8192

// textsKept bounds the lines of articles that are kept as their vectors, at some 1.5 kB each: a question is held against dozens.
const textsKept = 2048

// sentencesKept bounds the sentences of which is kept what they are about, at some 0.3 kB each: extractive drafts are made of the same.
const sentencesKept = 4096

// known keeps what was found out about texts, which nobody changes. It is safe for concurrent use.
type known[V any] struct {
	kept *lru.LRU[string, V]
	mu   sync.Mutex
}

func newKnown[V any](size int) *known[V] {
	kept, err := lru.NewLRU[string, V](size, nil)
	if err != nil {
		panic("guard: a cache of a constant size: " + err.Error())
	}
	return &known[V]{kept: kept}
}

// of returns what find finds out about a text, once.
func (k *known[V]) of(text string, find func(string) V) V {
	k.mu.Lock()
	found, ok := k.kept.Get(text)
	k.mu.Unlock()
	if ok {
		return found
	}
	text = strings.Clone(text) // without the longer one that it stands in
	found = find(text)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept.Add(text, found)
	return found
}

// keptDetector returns a detector that is asked once about a sentence.
func keptDetector(detect Detector) Detector {
	type detected struct {
		certainty float64
		tag       string
	}
	kept := newKnown[detected](sentencesKept)
	return func(text string) (string, float64) {
		d := kept.of(text, func(text string) (d detected) {
			d.tag, d.certainty = detect(text)
			return d
		})
		return d.tag, d.certainty
	}
}

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
