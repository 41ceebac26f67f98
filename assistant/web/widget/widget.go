// Package widget is the chat that customers see: one script on the desk's web site, in 14 languages, and a demo page with it.
//
// It serves files and nothing else. What the chat may do is decided by package httpapi, whose public routes the script calls
// with the site's widget key. The sources are in src, the interface's texts in texts; go generate makes the two scripts in
// dist, and a test fails while they are older than their sources.
package widget

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/deskhand/deskhand/assistant/web"
)

//go:generate go run ./gen

//go:embed dist texts
var embedded embed.FS

const (
	// unversioned is how long a browser may use a file whose name stays when its content changes: a new release reaches
	// every page within that time.
	unversioned = 5 * time.Minute
)

const (
	loaderPath = "/widget.js"
	modulePath = "/widget.mjs"

	scriptType = "text/javascript; charset=utf-8"
	plainType  = "text/plain; charset=utf-8"
)

// Serve adds the widget's files and the demo page to the application. The scripts are /widget.js for one script tag and
// /widget.mjs as a module; any page may fetch them, since they hold nothing of anybody.
func Serve(app *fiber.App) error {
	files, err := assets()
	if err != nil {
		return fmt.Errorf("load widget: %w", err)
	}
	build := moduleBuild()
	for name, file := range files {
		app.Get(name, func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
			c.Set("Cross-Origin-Resource-Policy", "cross-origin")
			// While replicas change over, an old one must not give its module the new one's name for a year.
			if name == modulePath && c.Query("v") == build {
				return file.Send(c, web.Forever)
			}
			return file.Send(c, unversioned)
		})
	}
	return serveDemo(app)
}

// assets returns the files by their path.
func assets() (map[string]*web.File, error) {
	files := make(map[string]*web.File)
	add := func(name, mediaType string, content []byte) { files[name] = web.NewFile(content, mediaType) }
	err := fs.WalkDir(embedded, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read embedded file: %w", err)
		}
		if path.Dir(name) == "dist" {
			add("/"+path.Base(name), scriptType, content)
		} else {
			add("/widget/"+name, fiber.MIMEApplicationJSONCharsetUTF8, content)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name, words := range wordLists() {
		add("/widget/words/"+name+".txt", plainType, []byte(strings.Join(words, "\n")))
	}
	return files, nil
}

// wordLists are the words of recovery phrases (BIP-39) by language. The widget fetches one when a text is long enough for a
// phrase and in a script of the list, so that it can warn before anything is sent.
func wordLists() map[string][]string {
	return map[string][]string{
		"en": wordlists.English, "es": wordlists.Spanish, "fr": wordlists.French, "ja": wordlists.Japanese, "ko": wordlists.Korean,
		"zh-Hans": wordlists.ChineseSimplified, "zh-Hant": wordlists.ChineseTraditional,
	}
}

// moduleBuild names the module's content as package bundle does.
func moduleBuild() string {
	content, err := embedded.ReadFile("dist" + modulePath)
	if err != nil {
		return "" // the test of the scripts fails before that
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}
