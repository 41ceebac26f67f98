package files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval"
)

// Markdown returns the file that ParseMarkdown reads as the same article.
func Markdown(a retrieval.Article) []byte {
	a = a.Normalised()
	var b bytes.Buffer
	b.WriteString("---\n")
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, yamlText(value))
		}
	}
	list := func(name string, items []string) {
		if len(items) == 0 {
			return
		}
		quoted := make([]string, len(items))
		for i, item := range items {
			quoted[i] = yamlText(item)
		}
		fmt.Fprintf(&b, "%s: [%s]\n", name, strings.Join(quoted, ", "))
	}
	field("slug", a.Slug)
	field("locale", a.Locale)
	field("title", a.Title)
	field("category", a.Category)
	list("intents", a.Intents)
	field("audience", string(a.Audience))
	field("status", string(a.Status))
	if !a.ReviewBy.IsZero() {
		fmt.Fprintf(&b, "review_by: %s\n", a.ReviewBy.Format(retrieval.DateLayout))
	}
	list("jurisdictions", a.Jurisdictions)
	list("redirects", a.Redirects)
	b.WriteString("---\n\n" + a.Body + "\n")
	return b.Bytes()
}

// plainYAML is a text that YAML cannot take for anything else, words like "no" apart.
var plainYAML = regexp.MustCompile(`^[a-z][A-Za-z0-9_./-]*$`)

// yamlText quotes a text where YAML would read something else.
func yamlText(text string) string {
	if plainYAML.MatchString(text) && !slices.Contains([]string{"false", "n", "no", "null", "off", "on", "true", "y", "yes"}, text) {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic("retrieval: a text does not encode: " + err.Error())
	}
	return strings.TrimSpace(b.String())
}

// MarkdownName is the path of an article's file in an export: LOCALE/SLUG.md. It never leads out of the folder, and names no
// file that an import would leave out.
func MarkdownName(a retrieval.Article) string {
	parts := strings.Split(a.Slug, "/")
	for i, part := range parts {
		switch {
		case strings.HasPrefix(part, "."):
			parts[i] = "%2e" + part[1:]
		case part == "" || strings.EqualFold(part, "README") || part == "node_modules":
			parts[i] = part + "_"
		}
	}
	return path.Join(a.Locale, path.Join(parts...)+".md")
}
