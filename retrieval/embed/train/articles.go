package train

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// ReadArticles adds the articles in folder, LOCALE/SLUG.md: the versions of one article are aligned section by section,
// where a version has as many as the English one.
func (c *Corpus) ReadArticles(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, Languages[english], "*.md"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("read articles: %s has no %s/*.md file", folder, Languages[english])
	}
	before := len(c.Rows)
	var all []byte
	for _, name := range names {
		slug := strings.TrimSuffix(filepath.Base(name), ".md")
		versions := make([][]block, len(Languages))
		for i, tag := range Languages {
			content, err := os.ReadFile(filepath.Join(folder, tag, slug+".md")) //nolint:gosec // the user names the folder
			if os.IsNotExist(err) && i != english {
				continue
			}
			if err != nil {
				return fmt.Errorf("read articles: %w", err)
			}
			all = append(all, content...)
			versions[i] = blocks(string(content))
		}
		c.Rows = append(c.Rows, align(slug, versions)...)
	}
	c.Sources = append(c.Sources, embed.Source{
		Licence: "Apache-2.0", Name: "articles", Owner: "written for this desk", Rows: len(c.Rows) - before, SHA256: sum(all),
	})
	return nil
}

// block is a heading and what stands below it.
type block struct{ heading, text string }

// blocks cuts a Markdown file at its headings; the first heading is the title.
func blocks(content string) []block {
	_, content, _ = strings.Cut(content, "---\n")
	head, body, _ := strings.Cut(content, "---\n")
	title := ""
	for line := range strings.SplitSeq(head, "\n") {
		if rest, ok := strings.CutPrefix(line, "title:"); ok {
			title = strings.Trim(strings.TrimSpace(rest), `"'`)
		}
	}
	all := []block{{heading: title}}
	for line := range strings.SplitSeq(body, "\n") {
		if heading, ok := strings.CutPrefix(line, "#"); ok {
			all = append(all, block{heading: strings.TrimSpace(strings.TrimLeft(heading, "#"))})
			continue
		}
		all[len(all)-1].text += line + "\n"
	}
	return all
}

// articlePrefix begins the sections of articles.
const articlePrefix = "article/"

// align makes rows of the versions of an article. The title asks for all of it, a heading for its own block.
func align(slug string, versions [][]block) []Row {
	var rows []Row
	for i := range versions[english] {
		section := fmt.Sprintf("%s%s#%d", articlePrefix, slug, i)
		heading := Row{Key: section + ":h", Kind: Asking, Own: true, Section: section, Texts: make([]string, len(Languages))}
		text := Row{Key: section + ":p", Kind: Passage, Own: true, Section: section, Texts: make([]string, len(Languages))}
		for l, version := range versions {
			if len(version) == len(versions[english]) {
				heading.Texts[l], text.Texts[l] = version[i].heading, strings.TrimSpace(version[i].text)
			}
		}
		for _, row := range []Row{heading, text} {
			if slices.ContainsFunc(row.Texts, func(s string) bool { return s != "" }) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}
