package widget_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/web"
	"github.com/deskhand/deskhand/assistant/web/widget"
	"github.com/deskhand/deskhand/assistant/web/widget/bundle"
)

// sizeLimit is what the whole chat may weigh on the wire: both scripts and the texts of a language.
const sizeLimit = 20 << 10

func TestScriptsAreMadeFromTheirSources(t *testing.T) {
	t.Parallel()

	built, err := bundle.Build("src")
	require.NoError(t, err)
	for name, script := range built {
		kept, err := os.ReadFile(filepath.Join("dist", name))
		require.NoError(t, err)
		require.True(t, string(kept) == string(script), "dist/%s is older than src: go generate ./assistant/web/widget", name) //nolint:testifylint // a diff of minified code helps nobody
	}
	for _, forbidden := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"} {
		require.NotContains(t, string(built["widget.mjs"]), forbidden)
	}
}

func TestWholeChatIsSmall(t *testing.T) {
	t.Parallel()

	size := func(name string) int {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		return web.NewFile(content, fiber.MIMETextPlain).ZippedSize()
	}
	scripts := size("dist/widget.js") + size("dist/widget.mjs")
	largest, of := 0, ""
	for _, name := range textFiles(t) {
		if n := size(name); n > largest {
			largest, of = n, name
		}
	}
	t.Logf("gzipped: scripts %d bytes, the largest language %d (%s), in all %d", scripts, largest, of, scripts+largest)
	require.LessOrEqual(t, scripts+largest, sizeLimit)
}

func TestEveryLanguageHasEveryText(t *testing.T) {
	t.Parallel()

	place := regexp.MustCompile(`\{\w+\}`)
	english := texts(t, "texts/en.json")
	names := textFiles(t)
	require.Len(t, names, 14)
	for _, name := range names {
		other := texts(t, name)
		require.Len(t, other, len(english), name)
		for key, text := range english {
			require.NotEmpty(t, strings.TrimSpace(other[key]), "%s: %s", name, key)
			want, got := place.FindAllString(text, -1), place.FindAllString(other[key], -1)
			slices.Sort(want)
			slices.Sort(got)
			require.Equal(t, want, got, "%s: %s", name, key)
		}
	}
}

func textFiles(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("texts/*.json")
	require.NoError(t, err)
	return names
}

func texts(t *testing.T, name string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	var read map[string]string
	require.NoError(t, json.Unmarshal(content, &read), name)
	return read
}

// fetched is what the tests read of a response.
type fetched struct {
	body    string
	headers http.Header
	status  int
}

func TestFilesOfTheWidget(t *testing.T) {
	t.Parallel()

	app := fiber.New(fiber.Config{Immutable: true})
	require.NoError(t, widget.Serve(app))
	get := func(t *testing.T, path string, headers ...string) fetched {
		t.Helper()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		response, err := app.Test(request, -1)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return fetched{body: string(body), headers: response.Header, status: response.StatusCode}
	}

	t.Run("AnyPageMayFetchThem", func(t *testing.T) {
		t.Parallel()

		for _, path := range []string{"/widget.js", "/widget.mjs", "/widget/texts/ar.json", "/widget/words/en.txt", "/widget/words/zh-Hans.txt"} {
			response := get(t, path)
			require.Equal(t, http.StatusOK, response.status, path)
			require.Equal(t, "*", response.headers.Get("Access-Control-Allow-Origin"), path)
			require.Equal(t, "cross-origin", response.headers.Get("Cross-Origin-Resource-Policy"), path)
			require.Equal(t, "public, max-age=300", response.headers.Get("Cache-Control"), path)
		}
		require.Equal(t, http.StatusNotFound, get(t, "/widget/texts/xx.json").status)
		require.Equal(t, http.StatusNotFound, get(t, "/widget/texts/../widget.go").status)
	})

	t.Run("OnlyTheModuleOfThisBuildIsKeptForEver", func(t *testing.T) {
		t.Parallel()

		loader, err := os.ReadFile("dist/widget.js")
		require.NoError(t, err)
		build := regexp.MustCompile(`v=(?:\$\{")?([0-9a-f]{12})`).FindSubmatch(loader)
		require.NotNil(t, build, string(loader))
		require.Equal(t, "public, max-age=31536000, immutable", get(t, "/widget.mjs?v="+string(build[1])).headers.Get("Cache-Control"))
		require.Equal(t, "public, max-age=300", get(t, "/widget.mjs?v=000000000000").headers.Get("Cache-Control"))
	})

	t.Run("WhatABrowserHasIsNotSentAgain", func(t *testing.T) {
		t.Parallel()

		first := get(t, "/widget.mjs", "Accept-Encoding", "gzip, br")
		require.Equal(t, "gzip", first.headers.Get("Content-Encoding"))
		again := get(t, "/widget.mjs", "Accept-Encoding", "gzip, br", "If-None-Match", first.headers.Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.status)
		require.Empty(t, again.headers.Get("Content-Encoding"))
		require.Equal(t, http.StatusOK, get(t, "/widget.mjs", "If-None-Match", first.headers.Get("ETag")).status, "uncompressed is another content")
	})

	t.Run("DemoTakesNothingFromTheAddressButAKeyALanguageAndATheme", func(t *testing.T) {
		t.Parallel()

		for path, want := range map[string]bool{
			"/demo?key=dh_widget_abc&locale=ar&theme=dark": true,
			"/demo":                  false,
			"/demo?key=dh_agent_abc": false,
			"/demo?key=dh_widget_%22%3E%3Cscript%3E1%3C/script%3E": false,
		} {
			response := get(t, path)
			require.Equal(t, http.StatusOK, response.status, path)
			require.NotContains(t, response.headers.Get("Content-Security-Policy"), "unsafe")
			body := response.body
			require.Equal(t, want, strings.Contains(body, `data-key="dh_widget_abc"`), path)
			require.NotContains(t, body, "<script>")
			require.NotContains(t, body, "dh_agent")
		}
	})

	t.Run("DemoShowsPublicArticlesOfTheSampleOnly", func(t *testing.T) {
		t.Parallel()

		require.Contains(t, get(t, "/demo/articles/zh-Hans/withdrawal-pending").body, "<h2>")
		for _, path := range []string{
			"/demo/articles/en/none", "/demo/articles/..%2Fen/withdrawal-pending", "/demo/articles/en/..%2F..%2Fchannels",
		} {
			require.Equal(t, http.StatusNotFound, get(t, path).status, path)
		}
	})
}
