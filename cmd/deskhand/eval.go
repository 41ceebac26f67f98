package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/deskhand/deskhand/evals"
)

type evalCmd struct {
	All        evalAllCmd        `cmd:"" help:"Run the suites of a manifest and print what they came to."`
	Calibrate  evalCalibrateCmd  `cmd:"" help:"Fit the confidence on labelled suites, and say what it is worth."`
	Compare    evalCompareCmd    `cmd:"" help:"Say what is better and what is worse in a second run of a suite."`
	Drift      evalDriftCmd      `cmd:"" help:"Say whether live traffic of the last week differs from that before."`
	Entailment evalEntailmentCmd `cmd:"" help:"Measure whether a draft is stopped that its sources, in another language, do not support."`
	Export     evalExportCmd     `cmd:"" help:"Write a suite in the format of another tool."`
	Gate       evalGateCmd       `cmd:"" help:"Run a suite and fail when it is worse than a baseline or breaks a rule."`
	Import     evalImportCmd     `cmd:"" help:"Make a suite of another tool's file, or of what agents decided."`
	Fusion     evalFusionCmd     `cmd:"" help:"Fit the weights of the second look at the best hits, and measure each part of it."`
	Guard      evalGuardCmd      `cmd:"" help:"Measure what the checks on outgoing texts stop, and what they should not have."`
	Intents    evalIntentsCmd    `cmd:"" help:"Train and measure the intent classifier on labelled sets."`
	Judge      evalJudgeCmd      `cmd:"" help:"Say how far a model that judges replies agrees with people."`
	Lang       evalLangCmd       `cmd:"" help:"Measure the language detector."`
	Lint       evalLintCmd       `cmd:"" help:"Check suites without running them."`
	List       evalListCmd       `cmd:"" help:"List the runs that are kept."`
	Redact     evalRedactCmd     `cmd:"" help:"Measure the redaction of secrets."`
	Report     evalReportCmd     `cmd:"" help:"Write the report of a run as one HTML file or as Markdown."`
	Retrieval  evalRetrievalCmd  `cmd:"" help:"Measure how well the search finds articles, beside plain BM25."`
	Review     evalReviewCmd     `cmd:"" help:"Let people review live questions: draw, label, decide, make cases of them."`
	Run        evalRunCmd        `cmd:"" help:"Run a suite and fail when a case does."`
	Shadow     evalShadowCmd     `cmd:"" help:"Say what a candidate would have done with live questions."`
	Show       evalShowCmd       `cmd:"" help:"Show a run that is kept, or one of its cases with its trace."`
	Triage     evalTriageCmd     `cmd:"" help:"Measure what reaches a person and what should not have."`
}

func printJSON(a *app, value any) error { return encodeJSON(a.out, value) }

func encodeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}

func readSuite(path string) (evals.Suite, error) {
	suite, err := evals.Open(path)
	if err != nil {
		return suite, fmt.Errorf("%w: %w", errConfig, err)
	}
	return suite, nil
}
