// Package page writes the report of an eval run as one HTML file that holds all it needs: no network, no server. It shows figures
// that package evals has computed and computes none itself. Questions, replies and articles in it are hostile text: html/template
// encodes them, and the page's own policy lets nothing run but its one script.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/deskhand/deskhand/evals"
)

//go:embed page.html
var markup string

//go:embed page.css
var style string

//go:embed page.js
var script string

// Input is what a page shows.
type Input struct {
	Baseline   *evals.Report     // nil without one
	Comparison *evals.Comparison // with Baseline
	Made       time.Time         // when the page was made
	Report     evals.Report
}

// Write writes the page.
func Write(w io.Writer, in Input) error {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"ends": func(s evals.Share) [3]float64 { // of the bar of an interval: where it begins, how long it is, where the rate is
			return [3]float64{100 * s.Lower, 100 * (s.Upper - s.Lower), min(100*s.Rate, 98.8)}
		},
		"last":    func(i, n int) bool { return i == n-1 },
		"label":   label,
		"millis":  millis,
		"percent": func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) },
		"points":  func(x float64) string { return fmt.Sprintf("%+.1f", 100*x) },
		"three":   func(x float64) string { return fmt.Sprintf("%.3f", x) },
	}).Parse(markup)
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	if err := parsed.Execute(w, newView(in)); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// Policy lets nothing load and nothing run but the page's own style and script, named by their hashes (Content Security Policy 3).
func Policy() string {
	return fmt.Sprintf("default-src 'none'; base-uri 'none'; form-action 'none'; style-src '%s'; script-src '%s'",
		source(style), source(script))
}

func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
