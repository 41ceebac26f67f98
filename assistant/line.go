package assistant

import (
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/facts"
)

// linesKept bounds the lines of articles of which is kept what they say, at some 0.5 kB each: people ask about the same articles.
const linesKept = 4096

// knownLine is what a line of an article says, whatever is asked.
type knownLine struct {
	above    []facts.Name // in the titles
	measures []facts.Measure
	names    []facts.Name
	number   bool
	time     bool
}

// lineCache reads lines of articles, and keeps what it has read. It is safe for concurrent use.
type lineCache struct {
	kept    *lru.LRU[lineKey, knownLine]
	mu      sync.Mutex
	triager *triage.Triager
}

type lineKey struct{ titles, text string }

func newLineCache(triager *triage.Triager) *lineCache {
	kept, err := lru.NewLRU[lineKey, knownLine](linesKept, nil)
	if err != nil {
		panic("assistant: a cache of a constant size: " + err.Error())
	}
	return &lineCache{kept: kept, triager: triager}
}

// of returns what a line below its titles says. Nobody may change it.
func (c *lineCache) of(titles, text string) knownLine {
	c.mu.Lock()
	line, ok := c.kept.Get(lineKey{titles, text})
	c.mu.Unlock()
	if ok {
		return line
	}
	titles, text = strings.Clone(titles), strings.Clone(text)      // without the article that they stand in
	above := titles[max(strings.LastIndex(titles, titleMark), 0):] // the nearest: an article's title tells of all that stands in it
	line = knownLine{
		above: c.triager.Names(titles), measures: c.triager.Measures(above + "\n" + text), names: c.triager.Names(text),
		number: guard.NamesNumber(text), time: guard.NamesTime(text),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.Add(lineKey{titles, text}, line)
	return line
}
