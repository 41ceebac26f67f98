package main

import (
	"fmt"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

type openAPICmd struct{}

// Run implements the command.
func (openAPICmd) Run(a *app) error {
	document, err := httpapi.OpenAPI()
	if err != nil {
		return fmt.Errorf("describe HTTP interface: %w", err)
	}
	_, err = a.out.Write(document)
	return err
}
