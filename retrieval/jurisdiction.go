package retrieval

import (
	"strings"

	"golang.org/x/text/language"
)

// Jurisdiction returns a country as articles and queries name it: its ISO 3166-1 alpha-2 code in upper case (gb and UK become
// GB). It returns false for what is not a country.
func Jurisdiction(code string) (string, bool) {
	code = strings.TrimSpace(code)
	if len(code) != 2 { // regions also have codes of three letters and digits
		return "", false
	}
	region, err := language.ParseRegion(code)
	if err != nil || !region.Canonicalize().IsCountry() {
		return "", false
	}
	return region.Canonicalize().String(), true
}
