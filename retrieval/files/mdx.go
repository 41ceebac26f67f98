package files

import (
	"regexp"
	"strings"
)

// plainMarkdown removes from a page of Docusaurus or Hugo what is no Markdown (imports, components, shortcodes, ids of
// headings) and keeps the text that stands in it: in tabs, folded sections and admonitions. Code is left as it is.
func plainMarkdown(text string) string {
	var b strings.Builder
	var prose strings.Builder
	fence := ""
	flush := func() {
		b.WriteString(plainProse(prose.String()))
		prose.Reset()
	}
	for line := range strings.Lines(text) {
		mark := fenceOf(line)
		switch {
		case fence != "":
			b.WriteString(line)
			if strings.HasPrefix(mark, fence) && strings.Trim(strings.TrimSpace(line), mark[:1]) == "" {
				fence = ""
			}
		case mark != "":
			flush()
			fence = mark
			b.WriteString(line)
		default:
			prose.WriteString(line)
		}
	}
	flush()
	return strings.TrimSpace(manyBlank.ReplaceAllString(b.String(), "\n\n"))
}

// fenceOf returns the run of marks that opens or closes a block of code, or "".
func fenceOf(line string) string {
	line = strings.TrimLeft(line, " ")
	for _, mark := range []string{"`", "~"} {
		if run := len(line) - len(strings.TrimLeft(line, mark)); run >= 3 {
			return line[:run]
		}
	}
	return ""
}

var (
	manyBlank = regexp.MustCompile(`\n[ \t]*\n(?:[ \t]*\n)+`)

	moduleLine = regexp.MustCompile(`(?m)^(?:import\s[^\n]*?(?:from\s+)?["'][^"'\n]*["'];?[ \t]*|` +
		`export\s(?:default|const|let|function|\{)[^\n]*(?:\n[^\n]+)*)\n?`)
	jsxComment   = regexp.MustCompile(`(?s)\{/\*.*?\*/\}|<!--.*?-->`)
	expression   = regexp.MustCompile(`(?m)^[ \t]*\{[^{}\n]*\}[ \t]*$`)
	headingID    = regexp.MustCompile(`(?m)^(#{1,6} .*?)[ \t]*\{#[^{}\n]{1,200}\}[ \t]*$`)
	admonition   = regexp.MustCompile(`(?m)^([ \t]*):{3,}[ \t]*([a-zA-Z]+)?(?:\[([^\]\n]*)\]|[ \t]+([^\n]*?))?[ \t]*$`)
	refShortcode = regexp.MustCompile(`\{\{[<%]\s*(?:rel)?ref\s+["']?([^"'\s>%]+)["']?\s*[>%]\}\}`)
	shortcode    = regexp.MustCompile(`(?s)\{\{[<%](.*?)[>%]\}\}`)
	summary      = regexp.MustCompile(`(?is)<summary[^<>]*>(.*?)</summary>`)
	component    = regexp.MustCompile(`(?s)</?([A-Z][A-Za-z0-9.]{0,60})((?:\s[^<>]*?)?)/?>`)
	blockTag     = regexp.MustCompile(`(?i)</?(?:details|div|section|center|figure|figcaption|p|span|br)(?:\s[^<>]*)?/?>`)
	namedText    = regexp.MustCompile(`\b(?:title|label|summary)\s*=\s*(?:"([^"\n]{1,300})"|'([^'\n]{1,300})')`)
)

func plainProse(text string) string {
	text = moduleLine.ReplaceAllString(text, "")
	text = jsxComment.ReplaceAllString(text, "")
	text = refShortcode.ReplaceAllString(text, "$1")
	text = outsideCode(text, func(s string) string {
		s = summary.ReplaceAllString(s, "\n\n**$1**\n\n")
		s = shortcode.ReplaceAllStringFunc(s, func(tag string) string { return named(shortcode.FindStringSubmatch(tag)[1]) })
		s = component.ReplaceAllStringFunc(s, func(tag string) string { return named(component.FindStringSubmatch(tag)[2]) })
		return blockTag.ReplaceAllString(s, "")
	})
	text = expression.ReplaceAllString(text, "")
	text = headingID.ReplaceAllString(text, "$1")
	return admonition.ReplaceAllStringFunc(text, func(line string) string {
		match := admonition.FindStringSubmatch(line)
		title := match[3] + match[4]
		if kind := match[2]; title == "" && kind != "" {
			title = strings.ToUpper(kind[:1]) + kind[1:]
		}
		if title == "" {
			return "\n"
		}
		return match[1] + "**" + title + "**\n"
	})
}

// named is what a reader sees of a component or shortcode itself: its title or label.
func named(attributes string) string {
	match := namedText.FindStringSubmatch(attributes)
	if match == nil {
		return ""
	}
	return "\n\n**" + match[1] + match[2] + "**\n\n"
}

// outsideCode applies a change to what does not stand between backticks.
func outsideCode(text string, change func(string) string) string {
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 {
		return change(text) // an odd number of backticks marks no code
	}
	var b strings.Builder
	for i, part := range parts {
		if i%2 == 1 {
			b.WriteString("`" + part + "`")
			continue
		}
		b.WriteString(change(part))
	}
	return b.String()
}
