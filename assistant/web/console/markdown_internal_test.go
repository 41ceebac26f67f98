package console

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// An article is shown with the elements of Markdown and nothing that runs.
func FuzzRenderMarkdown(f *testing.F) {
	for _, seed := range []string{
		"# Fees\n\n| a | b |\n|---|---|\n| 1 | `2` |\n", "<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](data:text/html,1)",
		"<a href=\"jav\tascript:x\" onclick=x>", "<java&#115;cript:x>", "[x]: vbscript:x \"t\"\n[x]", "提币 *手续费* السحب",
	} {
		f.Add(seed)
	}
	elements := []string{
		"a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "strong", "table", "tbody",
		"td", "th", "thead", "tr", "ul",
	}
	f.Fuzz(func(t *testing.T, source string) {
		tokens := html.NewTokenizer(strings.NewReader(string(renderMarkdown(source))))
		for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
			token := tokens.Token()
			if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
				require.Contains(t, elements, token.Data)
				requireHarmless(t, token)
			}
		}
		if err := tokens.Err(); !errors.Is(err, io.EOF) {
			require.NoError(t, err)
		}
	})
}

func requireHarmless(t *testing.T, token html.Token) {
	t.Helper()
	for _, attribute := range token.Attr {
		require.Contains(t, []string{"align", "alt", "class", "href", "src", "start", "style", "title"}, attribute.Key)
		address := strings.ToLower(strings.Map(func(r rune) rune {
			if r <= ' ' {
				return -1 // browsers pass over it
			}
			return r
		}, attribute.Val))
		switch attribute.Key {
		case "href", "src":
			scheme, _, _ := strings.Cut(address, ":")
			require.False(t, slices.Contains([]string{"javascript", "vbscript", "file"}, scheme), attribute.Val)
		case "style":
			require.True(t, strings.HasPrefix(address, "text-align:"), attribute.Val)
		}
	}
}
