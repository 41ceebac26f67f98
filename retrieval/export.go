package retrieval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"path"
	"regexp"
	"slices"
	"strings"
)

// exportPage is how many articles are read at once.
const exportPage = 200

// Export yields every article that is not deleted, in all languages and states, as it was written last. An import of what it
// yields changes nothing.
func (x *Index) Export(ctx context.Context) iter.Seq2[Article, error] {
	return func(yield func(Article, error) bool) {
		earlier, err := x.earlierSlugs(ctx)
		if err != nil {
			yield(Article{}, err)
			return
		}
		filter := AuthorFilter{Bodies: true, Limit: exportPage}
		for {
			page, err := x.Written(ctx, filter)
			if err != nil {
				yield(Article{}, err)
				return
			}
			for _, version := range page {
				a := version.Article()
				a.Redirects = earlier[a.Slug]
				if !yield(a, nil) {
					return
				}
				filter.AfterSlug, filter.AfterLocale = a.Slug, a.Locale
			}
			if len(page) < exportPage {
				return
			}
		}
	}
}

// earlierSlugs returns the slugs that lead to each slug, directly or through others.
func (x *Index) earlierSlugs(ctx context.Context) (map[string][]string, error) {
	redirects, err := x.Redirects(ctx)
	if err != nil {
		return nil, err
	}
	next := make(map[string]string, len(redirects))
	for _, r := range redirects {
		next[r.OldSlug] = r.Slug
	}
	earlier := make(map[string][]string)
	for _, r := range redirects {
		end := r.Slug
		for steps := 0; next[end] != "" && steps < len(next); steps++ {
			end = next[end]
		}
		earlier[end] = append(earlier[end], r.OldSlug)
	}
	return earlier, nil
}

// Markdown returns the file that ParseMarkdown reads as the same article.
func (a Article) Markdown() []byte {
	a = a.normalised()
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
		fmt.Fprintf(&b, "review_by: %s\n", a.ReviewBy.Format(dateLayout))
	}
	list("jurisdictions", a.Jurisdictions)
	list("redirects", a.Redirects)
	b.WriteString("---\n\n" + a.Body + "\n")
	return b.Bytes()
}

// JSONLine returns the line, with its end, that ReadJSONL reads as the same article.
func (a Article) JSONLine() ([]byte, error) { return jsonLine(a.normalised()) }

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
func (a Article) MarkdownName() string {
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
