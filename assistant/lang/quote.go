package lang

import "unicode/utf8"

// quotation follows quotation marks through a text. It keeps one level: what stands in marks inside marks is quoted
// anyway.
type quotation struct {
	closing rune // the mark that ends the open quotation, or 0
	from    int  // index of its first word
	till    int  // byte offset at which it is given up as unclosed
}

// readQuote looks at a mark at a byte offset; when it closes a quotation, the words in between are marked.
func (c *cleaner) readQuote(at int, r rune) {
	q := &c.open
	if q.closing != 0 && at > q.till {
		q.closing = 0
	}
	switch {
	case q.closing == 0:
		if closing := closingQuote(r); closing != 0 && (r != '\'' || !c.afterLetter(at)) {
			*q = quotation{closing: closing, from: len(c.words), till: at + maxSpan}
		}
	case r == q.closing:
		for i := q.from; i < len(c.words); i++ {
			c.words[i].quoted = true
		}
		q.closing = 0
	}
}

// afterLetter tells an apostrophe, as in "users'", from an opening mark.
func (c *cleaner) afterLetter(at int) bool {
	r, _ := utf8.DecodeLastRuneInString(c.text[:at])
	return scriptOf(r) != noScript
}

func closingQuote(r rune) rune {
	switch r {
	case '"', '\'', '`':
		return r
	case '“':
		return '”'
	case '„':
		return '“'
	case '‘':
		return '’'
	case '«':
		return '»'
	case '「':
		return '」'
	case '『':
		return '』'
	}
	return 0
}
