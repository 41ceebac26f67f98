package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/prompts"
)

// maxShadowBytes bounds the file of a candidate and its prompt.
const maxShadowBytes = 1 << 20

// shadowFile is a candidate as people write it.
type shadowFile struct {
	Budget    float64                   `yaml:"budget_usd"` // that its model may cost in all
	ChatModel string                    `yaml:"chat_model"` // instead of the desk's, on the same server
	Name      string                    `yaml:"name"`
	Policy    *assistant.PolicyDocument `yaml:"policy"` // instead of the desk's
	Price     *struct {
		Completion float64 `yaml:"completion"`
		Prompt     float64 `yaml:"prompt"`
	} `yaml:"price_per_million"` // of the chat model, in US dollars
	Prompt    string  `yaml:"prompt"`    // file of the draft prompt, relative to this one
	Providers string  `yaml:"providers"` // file like that of --providers, relative to this one
	Share     float64 `yaml:"share"`     // of the questions

	asked   []llm.Provider   // the servers of its model
	content []byte           // of this file and those that it names
	draft   string           // the prompt
	prompts *prompts.Library // with that prompt; nil for the desk's own
}

var shadowName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// openShadow reads the file of a candidate, and checks it beside the settings of the desk; nil without a file.
func openShadow(path string, settings config) (*shadowFile, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // nil means that nobody is asked beside the desk
	}
	file, err := readShadow(path)
	if err != nil {
		return nil, err
	}
	if file.asked, err = file.providers(settings); err != nil {
		return nil, fmt.Errorf("%w: --shadow %s: %w", errConfig, path, err)
	}
	if file.draft == "" {
		return &file, nil
	}
	library, err := prompts.New()
	if err != nil {
		return nil, err
	}
	if file.prompts, err = library.WithDraft(file.draft); err != nil {
		return nil, fmt.Errorf("%w: --shadow %s: prompt: %w", errConfig, path, err)
	}
	return &file, nil
}

// readShadow reads the file of a candidate, and checks it for itself.
func readShadow(path string) (shadowFile, error) {
	var file shadowFile
	content, err := readBounded(path)
	if err != nil {
		return file, fmt.Errorf("%w: --shadow: %w", errConfig, err)
	}
	if err := evals.DecodeYAML(content, &file, yaml.Strict(), yaml.DisallowUnknownField()); err != nil {
		return file, fmt.Errorf("%w: --shadow %s: %w", errConfig, path, err)
	}
	file.content = content
	for _, named := range []*string{&file.Prompt, &file.Providers} {
		if *named == "" {
			continue
		}
		if !filepath.IsAbs(*named) {
			*named = filepath.Join(filepath.Dir(path), *named)
		}
		more, err := readBounded(*named)
		if err != nil {
			return file, fmt.Errorf("%w: --shadow %s: %w", errConfig, path, err)
		}
		file.content = append(file.content, more...)
		if named == &file.Prompt {
			file.draft = string(more)
		}
	}
	if err := file.validate(); err != nil {
		return file, fmt.Errorf("%w: --shadow %s: %w", errConfig, path, err)
	}
	return file, nil
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	content, err := io.ReadAll(io.LimitReader(file, maxShadowBytes+1))
	if err == nil && len(content) > maxShadowBytes {
		err = fmt.Errorf("%s is larger than 1 MB", path)
	}
	return content, err
}

func (f shadowFile) validate() error {
	switch {
	case !shadowName.MatchString(f.Name):
		return fmt.Errorf("name is %q: use up to 40 of a-z, 0-9, - and _", f.Name)
	case !(f.Share > 0 && f.Share <= 1):
		return fmt.Errorf("share is %v: write a part of the questions, above 0 and at most 1", f.Share)
	case !(f.Budget >= 0 && f.Budget <= maxBudget):
		return fmt.Errorf("budget_usd is %v: write an amount of US dollars", f.Budget)
	case f.Price != nil && !(f.Price.Prompt >= 0 && f.Price.Completion >= 0):
		return errors.New("price_per_million must not be negative")
	case f.ChatModel != "" && f.Providers != "":
		return errors.New("chat_model and providers are both set: name the model in the file of the providers")
	case f.Policy == nil && f.ChatModel == "" && f.Providers == "" && f.Prompt == "":
		return errors.New("nothing differs from the desk: write policy, chat_model, providers or prompt")
	}
	if f.Policy != nil {
		if _, err := f.Policy.Policy(); err != nil {
			return fmt.Errorf("policy: %w", err)
		}
	}
	return nil
}

// providers are the servers that the candidate's model is asked of.
func (f shadowFile) providers(c config) ([]llm.Provider, error) {
	c.Providers = cmp.Or(f.Providers, c.Providers)
	if f.ChatModel != "" && c.Providers != "" {
		return nil, errors.New("chat_model is for the one server of OPENAI_BASE_URL: name providers instead")
	}
	c.ChatModel = cmp.Or(f.ChatModel, c.ChatModel)
	providers, err := c.providers()
	if err != nil {
		return nil, err
	}
	if len(providers) == 0 && f.ChatModel+f.Providers+f.Prompt != "" {
		return nil, errors.New("chat_model and prompt need a model: set OPENAI_API_KEY or OPENAI_BASE_URL")
	}
	for i := range providers {
		if f.Price != nil {
			providers[i].Prices = map[string]llm.Price{providers[i].ChatModel: {Completion: f.Price.Completion, Prompt: f.Price.Prompt}}
		}
		if _, known := providers[i].Prices[providers[i].ChatModel]; providers[i].ChatModel != "" && (f.Budget == 0 || !known) {
			return nil, fmt.Errorf("a candidate with a model needs budget_usd and the price of %s: write price_per_million "+
				"(0 for a model that costs nothing)",
				providers[i].ChatModel)
		}
	}
	return providers, nil
}

// candidate wires what the file says: the desk's own parts, but for those that it names. Its calls of models are on nobody's bill but
// its own.
func (s *system) candidate(f shadowFile) (online.Candidate, error) {
	links, err := modelParts{clock: s.app.clock, logger: s.app.logger}.connect(f.asked, llm.Limits{})
	if err != nil {
		return online.Candidate{}, err
	}
	chat, err := links.chat()
	if err != nil {
		return online.Candidate{}, err
	}
	k := s.knowledge
	k.prompts = cmp.Or(f.prompts, k.prompts)
	answer := func(ctx context.Context, c assistant.Case) (assistant.Conclusion, error) {
		store := memory.New(func(ctx context.Context) (assistant.Settings, error) { return s.settingsUnder(ctx, f.Policy) })
		store.Put(c)
		pipeline := newAssistant(k, chat, assistant.Config{
			Clock: s.app.clock, Deadline: s.config.RequestDeadline, Search: s.search, Store: store,
		})
		if _, err := pipeline.Recover(ctx, c.Run.ID); err != nil {
			return assistant.Conclusion{}, err
		}
		end, _ := store.Conclusion(c.Run.ID) // a run that Recover returned has concluded
		return end, nil
	}
	return online.Candidate{
		Answer: answer, Budget: f.Budget, Name: f.Name + "@" + shortHash(bytes.NewReader(f.content))[:8], Share: f.Share,
	}, nil
}

// settingsUnder are the desk's settings under another policy, if there is one.
func (s *system) settingsUnder(ctx context.Context, policy *assistant.PolicyDocument) (assistant.Settings, error) {
	settings, err := s.store.Settings(ctx)
	if err != nil || policy == nil {
		return settings, err
	}
	version := settings.Policy.Version
	settings.Policy, err = policy.Policy()
	settings.Policy.Version = version
	return settings, err
}

// shadow begins to ask the candidate of a file, until ctx ends; nothing without a file.
func (s *system) shadow(ctx context.Context, file *shadowFile, registry *prometheus.Registry) error {
	questions := newShadowMetrics(registry) // also without a candidate: what is measured does not depend on it
	if file == nil {
		return nil
	}
	candidate, err := s.candidate(*file)
	if err != nil {
		return err
	}
	s.shadowing = online.NewShadow(s.online(), candidate, s.app.logger, func(result string) { questions.WithLabelValues(result).Inc() })
	go s.shadowing.Run(ctx)
	return nil
}

func newShadowMetrics(registry *prometheus.Registry) *prometheus.CounterVec {
	questions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "deskhand_shadow_questions_total",
		Help: "Questions that were offered to the candidate of --shadow: asked, failed, dropped because too many waited, over its budget.",
	}, []string{"result"})
	for _, result := range online.ShadowResults() {
		questions.WithLabelValues(result)
	}
	registry.MustRegister(questions)
	return questions
}
