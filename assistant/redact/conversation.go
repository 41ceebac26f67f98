package redact

import (
	"slices"
	"strings"
)

const (
	// conversationTurns and conversationBytes bound how far back a conversation is
	// read again for every message: enough for 24 words in messages of their own,
	// with as many other messages between.
	conversationTurns = 48
	conversationBytes = 16 << 10
	// splitRun is the number of list words in a row that make a part of a phrase
	// when the message has other words too.
	splitRun = 3
	// splitPlain is the number of list words of a split phrase that are no function
	// words, and splitSaid the same where the conversation speaks of a phrase.
	splitPlain, splitSaid = 10, 6
)

// RedactConversation is [Redactor.Redact] for a message of a conversation. It
// also finds secrets that are split over messages: a phrase typed word by word, a
// password in the message after "my password is".
//
// earlier holds the customer's messages before this one, already redacted, oldest
// first. Where they turn out to hold parts of a secret, the returned map has their
// new text by their index; it is nil when none must be rewritten.
func (r *Redactor) RedactConversation(earlier []string, text string) (Result, map[int]string) {
	c := newConversation(earlier, text)
	last := len(c.turns) - 1
	for _, s := range r.find(c.text()) {
		if s.end > c.turns[last].start { // what lies wholly before was judged when it came
			c.mark(s)
		}
	}
	r.markSplitPhrase(c)
	r.markContinuation(c)
	rewritten := map[int]string{}
	for i, t := range c.turns[:last] {
		if len(t.spans) > 0 {
			rewritten[c.first+i] = r.settle(document{text: t.text}.replace(joinSpans(t.spans))).Text
		}
	}
	doc := document{text: text}
	if spans := c.turns[last].spans; len(spans) > 0 {
		doc = doc.replace(joinSpans(spans))
	}
	if len(rewritten) == 0 {
		rewritten = nil
	}
	return r.settle(doc), rewritten
}

// conversation is the end of a conversation, the new message last.
type conversation struct {
	first int // index of the first turn in the whole conversation
	turns []turn
}

// turn is one message and what must go from it.
type turn struct {
	spans []span
	start int // offset in the joined text
	text  string
}

func newConversation(earlier []string, text string) *conversation {
	first, size := len(earlier), 0
	for first > 0 && len(earlier)-first < conversationTurns && size+len(earlier[first-1]) <= conversationBytes {
		first--
		size += len(earlier[first])
	}
	c := &conversation{first: first}
	at := 0
	for _, t := range earlier[first:] {
		c.turns = append(c.turns, turn{start: at, text: t})
		at += len(t) + len(turnBreak)
	}
	c.turns = append(c.turns, turn{start: at, text: text})
	return c
}

// turnBreak stands between messages that are read together.
const turnBreak = "\n"

func (c *conversation) text() string {
	var b strings.Builder
	for i, t := range c.turns {
		if i > 0 {
			b.WriteString(turnBreak)
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// mark records a span of the joined text with the messages that it touches.
func (c *conversation) mark(s span) {
	for i := range c.turns {
		t := &c.turns[i]
		part := s
		part.start = max(s.start-t.start, 0)
		part.end = min(s.end-t.start, len(t.text))
		if part.start < part.end && strings.TrimSpace(t.text[part.start:part.end]) != "" {
			t.spans = append(t.spans, part)
		}
	}
}

// markSplitPhrase marks the parts of a seed phrase that comes in several
// messages, with others between or around.
func (r *Redactor) markSplitPhrase(c *conversation) {
	scans := make([]*scan, len(c.turns))
	words := make([][]word, len(c.turns))
	said := false
	for i, t := range c.turns {
		scans[i] = r.newScan(t.text)
		words[i] = scans[i].words()
		_, announced := scans[i].following(0, len(t.text)*2, cues(seedCue))
		said = said || announced
	}
	needed := splitPlain
	if said {
		needed = splitSaid
		c.markSplitHan(scans, words)
	}
	for list := range r.lexicon.lists {
		if r.lexicon.lists[list].strict {
			continue // single short or frequent words are in every conversation
		}
		parts := splitParts(words, list)
		long := slices.DeleteFunc(slices.Clone(parts), func(p splitPart) bool { return p.to-p.from < splitRun })
		for _, parts := range [][]splitPart{long, parts} { // single words only where they are needed
			if !isSplitPhrase(parts, len(c.turns)-1, needed) || distinctWords(scans, words, parts) < needed {
				continue
			}
			for _, p := range parts {
				w := words[p.turn]
				start, end := scans[p.turn].source(int(w[p.from].start), int(w[p.to-1].end))
				c.turns[p.turn].spans = append(c.turns[p.turn].spans, span{start: start, end: end, kind: SeedPhrase})
			}
			break
		}
	}
}

// markSplitHan marks the parts of a Chinese phrase without spaces in a conversation that speaks of a phrase. A part ends its
// message and either is all of it or follows words that announce it; together the parts have the length of a phrase.
func (c *conversation) markSplitHan(scans []*scan, words [][]word) {
	parts := make(map[int][]int)
	total := 0
	for i := range c.turns {
		if chars := scans[i].hanTail(words[i]); len(chars) >= splitRun && scans[i].isHanPhrase(chars, max(len(chars)/6, 1)) {
			parts[i] = chars
			total += len(chars)
		}
	}
	last := len(c.turns) - 1
	if _, ok := parts[last]; !ok || len(parts) < 2 || !isPhraseLength(total) {
		return
	}
	for i, chars := range parts {
		start, end := scans[i].source(chars[0], chars[len(chars)-1]+hanSize)
		c.turns[i].spans = append(c.turns[i].spans, span{start: start, end: end, kind: SeedPhrase})
	}
}

// splitPart is a row of list words in one message.
type splitPart struct {
	from, to int // words
	plain    int // words that are no function words
	turn     int
}

// splitParts returns the longest row of words of a list in every message that has
// one which stands out from a sentence.
func splitParts(turns [][]word, list int) []splitPart {
	var parts []splitPart
	for i, words := range turns {
		p := splitPart{turn: i}
		begin := 0
		for j, w := range words {
			if w.lists&(1<<list) == 0 {
				begin = j + 1
			} else if j+1-begin > p.to-p.from {
				p.from, p.to = begin, j+1
			}
		}
		for _, w := range words[p.from:p.to] {
			if !w.isFunction() {
				p.plain++
			}
		}
		if n := p.to - p.from; n >= splitRun && p.plain*3 >= n*2 || n == len(words) && p.plain > 0 && p.plain*3 >= n*2 {
			parts = append(parts, p)
		}
	}
	return parts
}

// isSplitPhrase reports whether the parts make a phrase that the last message
// completes or goes on with.
func isSplitPhrase(parts []splitPart, last, needed int) bool {
	if len(parts) < 2 || parts[len(parts)-1].turn != last {
		return false
	}
	total, plain := 0, 0
	for _, p := range parts {
		total += p.to - p.from
		plain += p.plain
	}
	return plain >= needed && (needed == splitSaid || total >= window)
}

// distinctWords counts the different words of the parts that are no function
// words: people who ask again repeat theirs.
func distinctWords(scans []*scan, words [][]word, parts []splitPart) int {
	seen := map[string]bool{}
	for _, p := range parts {
		for _, w := range words[p.turn][p.from:p.to] {
			if !w.isFunction() {
				seen[scans[p.turn].word(w)] = true
			}
		}
	}
	return len(seen)
}
