package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/retrieval/embed"
)

type triageCmd struct {
	Taxonomy triageTaxonomyCmd `cmd:"" help:"Print the intents in use as the YAML that a desk edits."`
	Train    triageTrainCmd    `cmd:"" help:"Train the intent model on example utterances."`
	Try      triageTryCmd      `cmd:"" help:"Show what the triage makes of a text."`
}

type triageTaxonomyCmd struct{}

// Help is shown by --help.
func (triageTaxonomyCmd) Help() string {
	return `The file is checked: a problem is named with its line. Intents that the model has no examples of are listed on standard
error; a message about one is never recognised until "deskhand triage train" has learned it.

Examples:
  deskhand triage taxonomy > desk.yaml
  deskhand --taxonomy desk.yaml triage taxonomy > /dev/null`
}

// Run implements the command.
func (triageTaxonomyCmd) Run(a *app) error {
	triager, err := openTriager(a.config)
	if err != nil {
		return err
	}
	for _, id := range triager.Untrained() {
		if _, err := fmt.Fprintf(a.err, "deskhand: the intent model has no examples of %s\n", id); err != nil {
			return fmt.Errorf("print intent: %w", err)
		}
	}
	text := intent.DefaultText()
	if a.config.Taxonomy != "" {
		content, err := os.ReadFile(a.config.Taxonomy)
		if err != nil {
			return fmt.Errorf("%w: %w", errConfig, err)
		}
		text = string(content)
	}
	if _, err := io.WriteString(a.out, text); err != nil {
		return fmt.Errorf("print taxonomy: %w", err)
	}
	return nil
}

type triageTrainCmd struct {
	Examples string `help:"Folder with the desk's own examples (*.yaml), learned beside the built-in ones." placeholder:"DIR" type:"existingdir"`
	OnlyOwn  bool   `help:"Learn from the desk's examples alone."`
	Out      string `help:"File to write the model to. Default: the built-in model's, in the source folder." placeholder:"FILE" type:"newfile"`
}

// Where the model, its examples and their packed form lie that are built into the program, in the source folder.
const (
	builtinExamples = "assistant/triage/intent/examples"
	builtinModel    = "assistant/triage/intent/model.bin"
	builtinPacked   = "assistant/triage/intent/examples.zip"
)

// Help is shown by --help.
func (triageTrainCmd) Help() string {
	return `Training takes a minute of processor time and is deterministic: the same examples give the same file. A file of examples
is YAML, one utterance a line:

  withdrawal.pending:
    en: |
      my withdrawal is stuck
      why is it still processing

Examples:
  deskhand --taxonomy desk.yaml triage train --examples desk/ --out desk.bin
  deskhand --taxonomy desk.yaml --intent-model desk.bin serve
  deskhand triage train && make build     # the built-in model, after a change of its examples`
}

// Run implements the command.
func (c triageTrainCmd) Run(a *app) error {
	if c.Out == "" && (c.Examples != "" || a.config.Taxonomy != "") {
		return fmt.Errorf("%w: --out is missing: name the file of the desk's own model", errConfig)
	}
	started := a.clock()
	taxonomy, err := openTaxonomy(a.config)
	if err != nil {
		return err
	}
	examples, err := c.read(taxonomy)
	if err != nil {
		return err
	}
	classifier, err := intent.TrainFor(taxonomy, examples, embed.New())
	if err != nil {
		return err
	}
	var encoded bytes.Buffer
	if err := classifier.Encode(&encoded); err != nil {
		return err
	}
	out := cmp.Or(c.Out, builtinModel)
	if err := os.WriteFile(out, encoded.Bytes(), 0o644); err != nil { //nolint:gosec // a model, not a secret
		return fmt.Errorf("write model: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "%s: %d examples, %d intents, %d KB, trained in %s\n", out, len(examples), len(classifier.Labels()),
		encoded.Len()>>10, a.clock().Sub(started).Round(1e6))
	return err
}

// read gathers what to learn from. For the built-in model that is the source folder, which is packed on the way.
func (c triageTrainCmd) read(taxonomy *intent.Taxonomy) ([]intent.Example, error) {
	if c.Out == "" {
		packed, err := intent.PackExamples(os.DirFS(builtinExamples))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(builtinPacked, packed, 0o644); err != nil { //nolint:gosec // text, not a secret
			return nil, fmt.Errorf("write packed examples: %w", err)
		}
		return intent.ReadExamples(os.DirFS(builtinExamples))
	}
	own, err := readExamples(c.Examples, taxonomy)
	if err != nil || c.OnlyOwn {
		return own, err
	}
	builtin, err := intent.DefaultExamples()
	return append(builtin, own...), err
}

type triageTryCmd struct {
	Text []string `arg:"" help:"The text; - reads it from standard input."`
}

// Help is shown by --help.
func (triageTryCmd) Help() string {
	return `Secrets are removed first, as in the service. Nothing is stored and no database is needed.

Example:
  deskhand triage try "somebody changed the email on my account"`
}

// triageJSON is what triage try prints.
type triageJSON struct {
	AutoAnswer string             `json:"auto_answer"`
	Certainty  float64            `json:"certainty"`
	HandOff    []assistant.Reason `json:"hand_off"` // why a person is needed; empty when the assistant may try
	Intent     string             `json:"intent"`
	Intents    map[string]float64 `json:"intents"`
	OffTopic   bool               `json:"off_topic"`
	Priority   triage.Priority    `json:"priority"`
	Redactions []redact.Kind      `json:"redactions"`
	Risks      []risk.Risk        `json:"risks"`
	Rules      []string           `json:"rules"`
	Text       string             `json:"text"`
}

// Run implements the command.
func (c triageTryCmd) Run(a *app) error {
	text, err := argumentText(a, c.Text)
	if err != nil {
		return err
	}
	k, err := loadKnowledge(a.config)
	if err != nil {
		return err
	}
	clean := k.redactor.Redact(text)
	t := k.triager.Triage(clean.Text, redact.Names(clean.Secrets()))
	result := triageJSON{
		AutoAnswer: string(t.AutoAnswer), Certainty: t.Certainty,
		HandOff: append([]assistant.Reason{}, assistant.DefaultPolicy().MustHandOff(t)...),
		Intent:  t.Intent, Intents: make(map[string]float64), OffTopic: t.OffTopic, Priority: t.Priority,
		Redactions: append([]redact.Kind{}, clean.Kinds()...), Risks: append([]risk.Risk{}, t.Risks...),
		Rules: append([]string{}, t.Rules...),
		Text:  clean.Text,
	}
	for _, prediction := range t.Intents {
		result.Intents[prediction.Intent] = prediction.Probability
	}
	return printJSON(a, result)
}

// argumentText joins the words of a text argument; a single - reads standard input.
func argumentText(a *app, words []string) (string, error) {
	text := strings.Join(words, " ")
	if text != "-" {
		return text, nil
	}
	content, err := io.ReadAll(io.LimitReader(a.in, assistant.MaxMessageRunes*4+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// openTaxonomy reads the desk's taxonomy, or the built-in one.
func openTaxonomy(c config) (*intent.Taxonomy, error) {
	if c.Taxonomy == "" {
		return intent.Default()
	}
	file, err := os.Open(c.Taxonomy)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	taxonomy, err := intent.Parse(file, c.Taxonomy)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	return taxonomy, nil
}

func openClassifier(c config) (*intent.Classifier, error) {
	if c.IntentModel == "" {
		return intent.Builtin(embed.New())
	}
	file, err := os.Open(c.IntentModel)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	classifier, err := intent.Decode(file, embed.New())
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errConfig, c.IntentModel, err)
	}
	return classifier, nil
}

// openTriager loads its parts side by side.
func openTriager(c config) (*triage.Triager, error) {
	var classifier *intent.Classifier
	var rules *risk.Rules
	var loading errgroup.Group
	loading.Go(func() (err error) {
		classifier, err = openClassifier(c)
		return err
	})
	loading.Go(func() (err error) {
		if rules, err = risk.Default(); err != nil {
			return fmt.Errorf("load risk rules: %w", err)
		}
		return nil
	})
	taxonomy, err := openTaxonomy(c)
	if err := cmp.Or(err, loading.Wait()); err != nil {
		return nil, err
	}
	triager, err := triage.New(taxonomy, classifier, rules)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	return triager, nil
}

// readExamples reads a desk's folder of examples; "" has none. An intent that the taxonomy lacks is an error.
func readExamples(folder string, taxonomy *intent.Taxonomy) ([]intent.Example, error) {
	if folder == "" {
		return nil, nil
	}
	examples, err := intent.ReadExamples(os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	if len(examples) == 0 {
		return nil, fmt.Errorf("%w: --examples: %s has no *.yaml file", errConfig, folder)
	}
	var problems []error
	var unknown []string
	for _, e := range examples {
		if _, ok := taxonomy.Lookup(e.Intent); !ok && e.Intent != intent.OutOfScope && !slices.Contains(unknown, e.Intent) {
			unknown = append(unknown, e.Intent)
			problems = append(problems, fmt.Errorf("%s: the taxonomy has no intent %q", folder, e.Intent))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	return examples, nil
}
