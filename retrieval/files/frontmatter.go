package files

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/deskhand/deskhand/retrieval"
)

// frontMatterFields are the keys that an article's front matter may have, as a message lists them.
const frontMatterFields = "slug, locale, title, category, intents, audience, status, review_by, jurisdictions, redirects"

// maxFrontMatter bounds the YAML in bytes. It holds some ten short lines.
const maxFrontMatter = 16 << 10

// ParseMarkdown reads one article: YAML front matter between two lines of "---", then Markdown. Audience is public and
// status published when the front matter does not say. Text in another encoding than UTF-8 is converted where it is certain
// which one it is. A mistake is returned as a *Problem.
func ParseMarkdown(file string, content []byte) (retrieval.Article, error) {
	article := retrieval.Article{Audience: retrieval.AudiencePublic, File: file, Line: 1, Status: retrieval.StatusPublished}
	if err := checkSize(file, int64(len(content))); err != nil {
		return retrieval.Article{}, err
	}
	found, err := decodeText(file, content, hintsOf(content, ""))
	if err != nil {
		return retrieval.Article{}, err
	}
	article.ReadAs = found.readAs
	matter, body, err := splitFrontMatter(file, retrieval.UnixLines(found.text))
	if err != nil {
		return retrieval.Article{}, err
	}
	if err := readFrontMatter(&article, matter); err != nil {
		return retrieval.Article{}, err
	}
	article.Body = strings.TrimSpace(body)
	if err := article.Validate(); err != nil {
		return retrieval.Article{}, err
	}
	return article, nil
}

// checkSize refuses a file that is no article, before it is read: a 50 GB file must not fill the memory.
func checkSize(file string, size int64) error {
	if size <= retrieval.MaxArticleBytes+maxFrontMatter {
		return nil
	}
	return &retrieval.Problem{File: file, Fix: "split the article: at most 2 MB are taken", Message: fmt.Sprintf("has %d bytes", size)}
}

func splitFrontMatter(file, text string) (matter, body string, err error) {
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return "", "", &retrieval.Problem{
			File: file, Fix: "begin the file with a line of --- and the fields " + frontMatterFields, Line: 1,
			Message: "has no front matter",
		}
	}
	rest = "\n" + rest
	end := strings.Index(rest, "\n---\n")
	if end < 0 {
		if end = len(rest) - len("\n---"); !strings.HasSuffix(rest, "\n---") {
			return "", "", &retrieval.Problem{
				File: file, Fix: "close it with a line of ---", Line: 1, Message: "the front matter does not end",
			}
		}
	}
	if end > maxFrontMatter {
		return "", "", &retrieval.Problem{
			File: file, Fix: "close it with a line of --- after the last field", Line: 1,
			Message: "the front matter is longer than 16 kB",
		}
	}
	return rest[1 : end+1], strings.TrimPrefix(rest[end+1:], "---"), nil
}

// readFrontMatter sets the fields that the YAML gives. Line numbers count from the start of the file, whose first line is
// the opening "---".
func readFrontMatter(a *retrieval.Article, matter string) error {
	const opening = 1
	parsed, err := parser.ParseBytes([]byte(matter), 0)
	if err != nil {
		return yamlProblem(a.File, err)
	}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		return &retrieval.Problem{
			File: a.File, Fix: "fill in the fields " + frontMatterFields, Line: 1, Message: "the front matter is empty",
		}
	}
	var values []*ast.MappingValueNode
	switch node := parsed.Docs[0].Body.(type) {
	case *ast.MappingNode:
		values = node.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{node}
	default:
		return &retrieval.Problem{
			File: a.File, Fix: "write one \"field: value\" a line", Line: 1 + opening,
			Message: "the front matter is not a list of fields",
		}
	}
	seen := make(map[string]bool, len(values))
	for _, value := range values {
		field := fieldReader{file: a.File, key: value.Key.String(), node: value.Value}
		if at := value.Key.GetToken(); at != nil && at.Position != nil {
			field.line = at.Position.Line + opening
		}
		if seen[field.key] {
			return field.problem("is given twice", "keep one of the two")
		}
		seen[field.key] = true
		if err := readField(a, field); err != nil {
			return err
		}
	}
	return nil
}

// yamlProblem says where the YAML of a front matter breaks off.
func yamlProblem(file string, err error) error {
	const opening = 1
	problem := &retrieval.Problem{
		File: file, Fix: "write one \"field: value\" a line, with quotes around values that contain a colon",
		Message: "the front matter is not YAML",
	}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil {
		problem.Line = syntax.Token.Position.Line + opening
		problem.Message += ": " + syntax.Message
	}
	return problem
}

func readField(a *retrieval.Article, field fieldReader) (err error) {
	switch field.key {
	case "slug":
		a.Slug, err = field.text()
	case "locale":
		a.Locale, err = field.locale()
	case "title":
		a.Title, err = field.text()
	case "category":
		a.Category, err = field.text()
	case "intents":
		a.Intents, err = field.list()
	case "jurisdictions":
		a.Jurisdictions, err = field.list()
	case "redirects":
		a.Redirects, err = field.list()
	case "audience":
		var text string
		text, err = field.oneOf(string(retrieval.AudiencePublic), string(retrieval.AudienceInternal))
		a.Audience = retrieval.Audience(text)
	case "status":
		var text string
		text, err = field.oneOf(string(retrieval.StatusDraft), string(retrieval.StatusPublished), string(retrieval.StatusArchived))
		a.Status = retrieval.Status(text)
	case "review_by":
		a.ReviewBy, err = field.date()
	default:
		return field.problem("is not a known field", "use one of "+frontMatterFields)
	}
	return err
}

// fieldReader reads the value of one front-matter field.
type fieldReader struct {
	file string
	key  string
	line int
	node ast.Node
}

func (f fieldReader) problem(message, fix string) error {
	return &retrieval.Problem{Field: retrieval.Shorten(f.key), File: f.file, Fix: fix, Line: f.line, Message: message}
}

func (f fieldReader) text() (string, error) {
	text, ok := scalar(f.node)
	if !ok {
		return "", f.problem("is not a text", "write it on one line, in quotes when it contains a colon")
	}
	return strings.TrimSpace(text), nil
}

func (f fieldReader) list() ([]string, error) {
	sequence, ok := f.node.(*ast.SequenceNode)
	if !ok {
		if text, isText := scalar(f.node); isText && text == "" {
			return nil, nil
		}
		return nil, f.problem("is not a list", "write it as [one, two]")
	}
	items := make([]string, 0, len(sequence.Values))
	for _, value := range sequence.Values {
		item, isText := scalar(value)
		if !isText || strings.TrimSpace(item) == "" {
			return nil, f.problem("has an item that is not a text", "write it as [one, two]")
		}
		items = append(items, strings.TrimSpace(item))
	}
	return items, nil
}

func (f fieldReader) oneOf(allowed ...string) (string, error) {
	text, err := f.text()
	if err != nil {
		return "", err
	}
	if slices.Contains(allowed, text) {
		return text, nil
	}
	return "", f.problem(fmt.Sprintf("%q is unknown", retrieval.Shorten(text)), "use one of "+strings.Join(allowed, ", "))
}

func (f fieldReader) locale() (string, error) {
	text, err := f.text()
	if err != nil {
		return "", err
	}
	locale, ok := retrieval.Locale(text)
	if !ok {
		return "", f.problem(fmt.Sprintf("%q is not a language", retrieval.Shorten(text)), "use a BCP 47 tag like en, zh-Hans or pt")
	}
	return locale, nil
}

func (f fieldReader) date() (time.Time, error) {
	text, err := f.text()
	if err != nil || text == "" {
		return time.Time{}, err
	}
	date, err := time.Parse(retrieval.DateLayout, text)
	if err != nil {
		return time.Time{}, f.problem(fmt.Sprintf("%q is not a date", retrieval.Shorten(text)), "write it as 2027-01-31")
	}
	return date, nil
}

// scalar returns the text of a value as it was written: a slug of digits stays a text.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.NullNode:
		return "", true
	case ast.ScalarNode:
		if at := n.GetToken(); at != nil {
			return at.Value, true
		}
	}
	return "", false
}
