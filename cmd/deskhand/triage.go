package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/deskhand/deskhand/assistant/triage/intent"
)

type triageCmd struct {
	Train triageTrainCmd `cmd:"" help:"Train the intent model on example utterances."`
}

type triageTrainCmd struct {
	Out string `default:"assistant/triage/intent/model.bin" help:"File to write the model to (${default})." placeholder:"FILE" type:"path"`
}

// Help is shown by --help.
func (triageTrainCmd) Help() string {
	return `Training is deterministic: the same examples give the same file. The service reads the model that is built in, so build again
afterwards.

Example:
  deskhand triage train && make build`
}

// Run implements the command.
func (c triageTrainCmd) Run(a *app) error {
	started := a.clock()
	classifier, err := intent.TrainBuiltin()
	if err != nil {
		return err
	}
	var encoded bytes.Buffer
	if err := classifier.Encode(&encoded); err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, encoded.Bytes(), 0o644); err != nil { //nolint:gosec // a source file, not a secret
		return fmt.Errorf("write model: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "%s: %d intents, %d KB, trained in %s\n", c.Out, len(classifier.Labels()), encoded.Len()>>10,
		a.clock().Sub(started).Round(1e6))
	return err
}
