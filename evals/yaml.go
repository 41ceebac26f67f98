package evals

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// DecodeYAML reads YAML that somebody else wrote. The library panics on some texts that are no YAML (a tag before an alias, where a
// list is wanted); here that is an error like any other, of one line that begins with the place: [line:column].
func DecodeYAML(content []byte, into any, options ...yaml.DecodeOption) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("it cannot be read as YAML")
		}
	}()
	if err := yaml.UnmarshalWithOptions(content, into, options...); err != nil {
		problem, _, _ := strings.Cut(yaml.FormatError(err, false, false), "\n") // without the lines around the place
		return fmt.Errorf("parse YAML: %s", problem)
	}
	return nil
}
