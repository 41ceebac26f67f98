package passage

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// blockKind says how a block may be cut when it is too long for one passage.
type blockKind uint8

const (
	blockParagraph blockKind = iota // at sentence ends
	blockList                       // between lines, and only when it must
	blockHeading                    // never: it begins a new section
)

// block is one piece of an article as plain text.
type block struct {
	kind  blockKind
	level int // of a heading, from 1
	text  string
}

// maxNesting bounds how deep lists and quotes are followed; what is nested deeper is left out.
const maxNesting = 16

// plainBlocks reads Markdown and returns its text as a customer can read it anywhere: no emphasis, links as "text (url)",
// list items as lines that begin with "1." or "-", one line for each row of a table. HTML and images leave their text.
func plainBlocks(markdown string) []block {
	source := []byte(markdown)
	document := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough)).Parser().Parse(text.NewReader(source))
	r := plainRenderer{source: source}
	r.blocksOf(document, 0)
	return r.blocks
}

type plainRenderer struct {
	blocks []block
	source []byte
}

func (r *plainRenderer) blocksOf(parent ast.Node, depth int) {
	if depth > maxNesting {
		return
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch node := n.(type) {
		case *ast.Heading:
			r.add(block{kind: blockHeading, level: node.Level, text: oneLine(r.inline(node))})
		case *ast.List:
			r.add(block{kind: blockList, text: strings.Join(r.list(node, depth), "\n")})
		case *extast.Table:
			r.add(block{kind: blockList, text: strings.Join(r.table(node), "\n")})
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			r.add(block{kind: blockList, text: strings.TrimRight(r.lines(node), "\n")})
		case *ast.Blockquote:
			r.blocksOf(node, depth+1)
		case *ast.HTMLBlock, *ast.ThematicBreak:
			// Nothing a reader sees as text.
		default:
			r.add(block{kind: blockParagraph, text: r.inline(node)})
		}
	}
}

func (r *plainRenderer) add(b block) {
	if b.text = strings.TrimSpace(b.text); b.text != "" {
		r.blocks = append(r.blocks, b)
	}
}

// list returns the lines of a list, nested ones indented.
func (r *plainRenderer) list(list *ast.List, depth int) []string {
	var lines []string
	number := list.Start
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		marker := "- "
		if list.IsOrdered() {
			marker = fmt.Sprintf("%d. ", number)
			number++
		}
		indent := strings.Repeat(" ", len(marker))
		for i, line := range r.item(item, depth+1) {
			if i == 0 {
				lines = append(lines, marker+line)
				continue
			}
			lines = append(lines, indent+line)
		}
	}
	return lines
}

// item returns the lines of one list item: its text, then what is nested in it.
func (r *plainRenderer) item(item ast.Node, depth int) []string {
	if depth > maxNesting {
		return nil
	}
	nested := plainRenderer{source: r.source}
	nested.blocksOf(item, depth)
	var lines []string
	for _, b := range nested.blocks {
		lines = append(lines, strings.Split(b.text, "\n")...)
	}
	return lines
}

// table returns one line for each row: "- first cell: second heading second cell; third heading third cell".
func (r *plainRenderer) table(table *extast.Table) []string {
	var headings, lines []string
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, oneLine(r.inline(cell)))
		}
		if _, ok := row.(*extast.TableHeader); ok {
			headings = cells
			continue
		}
		lines = append(lines, tableLine(headings, cells))
	}
	return lines
}

func tableLine(headings, cells []string) string {
	var parts []string
	for i, cell := range cells {
		if i == 0 || cell == "" {
			continue
		}
		if i < len(headings) && headings[i] != "" {
			cell = headings[i] + " " + cell
		}
		parts = append(parts, cell)
	}
	line := "- "
	if len(cells) > 0 {
		line += cells[0]
	}
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, "; ")
	}
	return line
}

// inline returns the text of the inline content of a node.
func (r *plainRenderer) inline(parent ast.Node) string {
	var b strings.Builder
	r.writeInline(&b, parent, 0)
	return strings.TrimSpace(b.String())
}

func (r *plainRenderer) writeInline(b *strings.Builder, parent ast.Node, depth int) {
	if depth > maxNesting {
		return
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch node := n.(type) {
		case *ast.Text:
			b.Write(unescape(node.Segment.Value(r.source)))
			switch {
			case node.HardLineBreak():
				b.WriteByte('\n')
			case node.SoftLineBreak():
				b.WriteString(softBreak(b.String()))
			}
		case *ast.String:
			b.Write(node.Value)
		case *ast.AutoLink:
			b.Write(node.URL(r.source))
		case *ast.Link:
			r.writeLink(b, node, depth)
		case *ast.CodeSpan:
			for c := node.FirstChild(); c != nil; c = c.NextSibling() {
				if t, ok := c.(*ast.Text); ok {
					b.Write(t.Segment.Value(r.source)) // backslashes in code are literal
				}
			}
		case *ast.RawHTML:
			// Tags are not text.
		default:
			r.writeInline(b, node, depth+1)
		}
	}
}

func (r *plainRenderer) writeLink(b *strings.Builder, link *ast.Link, depth int) {
	var label strings.Builder
	r.writeInline(&label, link, depth+1)
	url := string(link.Destination)
	text := strings.TrimSpace(label.String())
	switch {
	case url == "" || strings.HasPrefix(url, "#"):
		b.WriteString(text) // a place within the page means nothing in a passage
	case text == "" || text == url || "mailto:"+text == url:
		b.WriteString(strings.TrimPrefix(url, "mailto:"))
	default:
		b.WriteString(text + " (" + url + ")")
	}
}

func (r *plainRenderer) lines(node ast.Node) string {
	var b strings.Builder
	for i := range node.Lines().Len() {
		segment := node.Lines().At(i)
		b.Write(segment.Value(r.source))
	}
	return b.String()
}

// unescape removes the backslashes before punctuation and replaces character references.
func unescape(raw []byte) []byte {
	return util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(raw)))
}

// softBreak is what a line end within a paragraph becomes: a space, but nothing between characters of a script without spaces.
func softBreak(before string) string {
	if last := lastRune(before); isUnspaced(last) {
		return ""
	}
	return " "
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
