package passage

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Lengths of a passage in tokens. 250 is long enough for a question's whole answer and short enough that its vector is about
// one thing. A list stays in one piece up to the hard limit: half of the steps is worse than no answer.
const (
	passageTokens     = 250
	passageHardTokens = 500
)

// Version names the rules of this file and of plain.go. Raise it when the same article would be cut otherwise.
const Version = "1"

// Draft is a passage before it has a row.
type Draft struct {
	// Body is plain text; numbered steps and bullets keep their lines.
	Body string
	// Hash is the SHA-256 of Text.
	Hash []byte
	// HeadingPath are the headings above, outermost first, without the title.
	HeadingPath []string
	// Text is what is analysed and embedded: title, heading path and body.
	Text string
	// Tokens are those of Body in cl100k_base, at least 1.
	Tokens int
}

// Split returns the passages of an article in their order. Every passage lies under one heading.
func Split(title, markdown string) ([]Draft, error) {
	sp := splitting{title: strings.TrimSpace(title)}
	var section []block
	var path []block // the headings above, with their levels
	for _, b := range plainBlocks(markdown) {
		if b.kind != blockHeading {
			section = append(section, b)
			continue
		}
		if err := sp.section(path, section); err != nil {
			return nil, err
		}
		section = nil
		path = slices.DeleteFunc(path, func(h block) bool { return h.level >= b.level })
		if len(path) > 0 || b.text != sp.title {
			path = append(slices.Clone(path), b)
		}
	}
	if err := sp.section(path, section); err != nil {
		return nil, err
	}
	return sp.passages, nil
}

// splitting is one article on its way.
type splitting struct {
	passages []Draft
	title    string
}

// section packs the blocks under one heading into as few passages as the limit allows.
func (s *splitting) section(path, blocks []block) error {
	pieces, err := cutBlocks(blocks)
	if err != nil {
		return err
	}
	var body strings.Builder
	total := 0
	for _, p := range pieces {
		if total > 0 && total+p.tokens > passageTokens {
			s.emit(path, body.String(), total)
			body.Reset()
			total = 0
		}
		if total > 0 {
			body.WriteString(p.separator)
		}
		body.WriteString(p.text)
		total += p.tokens
	}
	s.emit(path, body.String(), total)
	return nil
}

// announces reports whether a paragraph ends in a colon.
func announces(paragraph string) bool {
	return strings.HasSuffix(strings.TrimRight(paragraph, " "), ":") || strings.HasSuffix(paragraph, "：")
}

// piece is what is never cut, with what joins it to the piece before.
type piece struct {
	separator string
	text      string
	tokens    int
}

// cutBlocks cuts blocks that are too long. A paragraph that announces a list ("Do this:") stays with it.
func cutBlocks(blocks []block) ([]piece, error) {
	var pieces []piece
	for i := 0; i < len(blocks); i++ {
		b := blocks[i]
		if i+1 < len(blocks) && b.kind == blockParagraph && blocks[i+1].kind == blockList && announces(b.text) {
			b = block{kind: blockList, text: b.text + "\n" + blocks[i+1].text}
			i++
		}
		cut, err := cutBlock(b)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, cut...)
	}
	return pieces, nil
}

func cutBlock(b block) ([]piece, error) {
	tokens, err := countTokens(b.text)
	if err != nil {
		return nil, err
	}
	limit, separator, parts := passageTokens, "", Sentences
	if b.kind == blockList {
		limit, separator, parts = passageHardTokens, "\n", func(text string) []string { return strings.Split(text, "\n") }
	}
	if tokens <= limit {
		return []piece{{separator: "\n\n", text: b.text, tokens: tokens}}, nil
	}
	var pieces []piece
	for _, part := range parts(b.text) {
		if strings.TrimSpace(part) == "" {
			continue
		}
		fitting, err := fit(part)
		if err != nil {
			return nil, err
		}
		for i := range fitting {
			fitting[i].separator = separator
		}
		if len(pieces) == 0 && len(fitting) > 0 {
			fitting[0].separator = "\n\n"
		}
		pieces = append(pieces, fitting...)
	}
	return pieces, nil
}

// fit halves a text without sentence ends until each part is short enough for a passage.
func fit(text string) ([]piece, error) {
	tokens, err := countTokens(text)
	if err != nil {
		return nil, err
	}
	if tokens <= passageTokens || utf8.RuneCountInString(text) < 2 {
		return []piece{{text: text, tokens: max(tokens, 1)}}, nil
	}
	middle := cutPoint(text)
	left, err := fit(text[:middle])
	if err != nil {
		return nil, err
	}
	right, err := fit(text[middle:])
	return append(left, right...), err
}

// cutPoint is the end of the last word in the first half of text, or the character boundary nearest to its middle.
func cutPoint(text string) int {
	middle := len(text) / 2
	if space := strings.LastIndexAny(text[:middle], " \t\n"); space > 0 {
		return space + 1
	}
	for middle > 1 && !utf8.RuneStart(text[middle]) {
		middle--
	}
	if middle <= 1 {
		_, middle = utf8.DecodeRuneInString(text)
	}
	return middle
}

func (s *splitting) emit(path []block, body string, tokens int) {
	if body = strings.TrimSpace(body); body == "" {
		return
	}
	headings := make([]string, len(path))
	for i, h := range path {
		headings[i] = h.text
	}
	text := IndexText(s.title, headings, body)
	sum := sha256.Sum256([]byte(text))
	s.passages = append(s.passages, Draft{Body: body, Hash: sum[:], HeadingPath: headings, Text: text, Tokens: max(tokens, 1)})
}

// IndexText is what is analysed and embedded for a passage.
func IndexText(title string, headings []string, body string) string {
	if len(headings) == 0 {
		return fmt.Sprintf("%s\n\n%s", title, body)
	}
	return fmt.Sprintf("%s\n%s\n\n%s", title, strings.Join(headings, " › "), body)
}
