// Gen writes the widget's scripts; run it with go generate in assistant/web/widget after a change of src or texts.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/deskhand/deskhand/assistant/web/widget/bundle"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	scripts, err := bundle.Build("src")
	if err != nil {
		return fmt.Errorf("build widget: %w", err)
	}
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join("dist", name), script, 0o600); err != nil {
			return fmt.Errorf("write script: %w", err)
		}
	}
	return nil
}
