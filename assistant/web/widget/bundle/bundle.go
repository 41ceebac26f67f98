// Package bundle makes the widget's two scripts from its sources: esbuild as a library joins and shortens the modules, so that
// neither a host site nor this repository needs node. Only the generator and a test import it; the program does not.
package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/evanw/esbuild/pkg/api"
)

// target is the oldest language that is written for: browsers of 2023, which know constructable style sheets and :has.
const target = api.ES2022

// Build returns the scripts by their file name, from the sources in folder.
func Build(folder string) (map[string][]byte, error) {
	module, err := build(filepath.Join(folder, "main.js"), api.FormatESModule, nil)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(module)
	loader, err := build(filepath.Join(folder, "loader.js"), api.FormatIIFE, map[string]string{
		"BUILD": strconv.Quote(hex.EncodeToString(sum[:6])), // the loader of a build fetches the module of that build
	})
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"widget.js": loader, "widget.mjs": module}, nil
}

func build(entry string, format api.Format, define map[string]string) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		Bundle: true, Define: define, EntryPoints: []string{entry}, Format: format, LegalComments: api.LegalCommentsNone,
		MinifyIdentifiers: true, MinifySyntax: true, MinifyWhitespace: true, Plugins: []api.Plugin{styleAsText()}, Target: target,
		Charset: api.CharsetUTF8,
	})
	if len(result.Errors) > 0 {
		return nil, errors.New(api.FormatMessages(result.Errors, api.FormatMessagesOptions{})[0])
	}
	return result.OutputFiles[0].Contents, nil
}

// styleAsText gives a module the shortened text of the style sheet that it imports.
func styleAsText() api.Plugin {
	return api.Plugin{Name: "style", Setup: func(build api.PluginBuild) {
		build.OnLoad(api.OnLoadOptions{Filter: `\.css$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			source, err := os.ReadFile(args.Path)
			if err != nil {
				return api.OnLoadResult{}, fmt.Errorf("read style sheet: %w", err)
			}
			shortened := api.Transform(string(source), api.TransformOptions{
				Loader: api.LoaderCSS, MinifySyntax: true, MinifyWhitespace: true, Sourcefile: args.Path,
			})
			if len(shortened.Errors) > 0 {
				return api.OnLoadResult{Errors: shortened.Errors}, nil
			}
			text := string(shortened.Code)
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderText}, nil
		})
	}}
}
