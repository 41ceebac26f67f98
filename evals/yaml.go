package evals

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
)

// DecodeYAML reads YAML that somebody else wrote. The library panics on some texts that are no YAML (a tag before an alias, where a
// list is wanted); here that is an error like any other.
func DecodeYAML(content []byte, into any, options ...yaml.DecodeOption) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("it cannot be read as YAML")
		}
	}()
	if err := yaml.UnmarshalWithOptions(content, into, options...); err != nil {
		return fmt.Errorf("parse YAML: %w", err)
	}
	return nil
}
