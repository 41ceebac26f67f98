package main

import (
	"fmt"
	"os"
	"time"

	"github.com/deskhand/deskhand/assistant/lang"
)

type langCmd struct {
	Train langTrainCmd `cmd:"" help:"Train the language model on aligned text."`
}

type langTrainCmd struct {
	Data string `help:"Folder with parallel/*.jsonl.gz and kb/." placeholder:"DIR" required:"" type:"existingdir"`
	Out  string `default:"assistant/lang/weights.bin" help:"File to write the model to (${default})." placeholder:"FILE" type:"newfile"`
}

// Help is shown by --help.
func (langTrainCmd) Help() string {
	return `Training is deterministic: the same text gives the same file. The service reads the model that is built in, so build again
afterwards.

Example:
  deskhand lang train --data ./data && make build`
}

// Run implements the command.
func (c langTrainCmd) Run(a *app) error {
	started := a.clock()
	rows, sources, err := lang.ReadSources(c.Data)
	if err != nil {
		return err
	}
	weights, err := lang.Train(rows, sources, lang.Options{})
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, weights, 0o644); err != nil { //nolint:gosec // a source file, not a secret
		return fmt.Errorf("write model: %w", err)
	}
	took := a.clock().Sub(started).Round(time.Millisecond)
	_, err = fmt.Fprintf(a.out, "%s: %d rows, %d KB, trained in %s\n", c.Out, len(rows), len(weights)>>10, took)
	return err
}
