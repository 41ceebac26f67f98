package main

import "fmt"

type evalLintCmd struct {
	Suites []string `arg:"" help:"Suites: YAML, or JSONL with a case or a hand-off row a line." type:"existingfile"`
}

// Help is shown by --help.
func (evalLintCmd) Help() string {
	return `Every problem of a YAML suite is printed with the line of its case, of a data set the first. The
exit code is 1 when there is one.

Example:
  deskhand eval lint evals/suites/smoke.yaml evals/suites/handoff-dev.jsonl`
}

// Run implements the command.
func (c evalLintCmd) Run(a *app) error {
	var failed error
	for _, path := range c.Suites {
		suite, err := readSuite(path)
		said := fmt.Sprintf("%s: %d cases, nothing wrong", path, len(suite.Cases))
		if err != nil {
			said, failed = err.Error(), errFailed
		}
		if _, err := fmt.Fprintln(a.out, said); err != nil {
			return fmt.Errorf("print problems: %w", err)
		}
	}
	return failed
}
