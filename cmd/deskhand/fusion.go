package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
)

type evalFusionCmd struct {
	JSON bool     `help:"Print one JSON object." name:"json"`
	Out  string   `help:"Also write the weights to a file; retrieval/second.json is built in." placeholder:"FILE" type:"newfile"`
	Set  []string `arg:"" help:"Data sets: folders with kb.jsonl and queries.jsonl, as for \"deskhand eval retrieval\"." type:"existingdir"`
}

// Help is shown by --help.
func (evalFusionCmd) Help() string {
	return `After the search by words and vectors, the first 20 passages are looked at again: their nearest sentence, how well each word of
the question has its like in them, and how near they are to each other. This fits what each of these counts, once for
articles in another language than the question (English and Simplified Chinese articles) and once for the same language.
Bodies only are indexed. Each set is reported with weights that were fitted on the other sets.

Examples:
  deskhand eval fusion kb/bitcoin_faq kb/eth_support kb/en_wallet_support
  deskhand eval fusion kb/bitcoin_faq kb/eth_support --out retrieval/second.json`
}

// Run implements the command.
func (c evalFusionCmd) Run(ctx context.Context, a *app) error {
	var across, same []evals.FusionSet
	fitted := retrieval.FittedWeights{}
	for _, folder := range c.Set {
		set, err := readFusionSet(folder)
		if err != nil {
			return err
		}
		foreign, err := set.ask(ctx, a, []evals.RetrievalOptions{{DocLangs: []string{"en"}}, {DocLangs: []string{"zh-Hans"}}})
		if err != nil {
			return err
		}
		own, err := set.ask(ctx, a, []evals.RetrievalOptions{{SameLanguage: true}})
		if err != nil {
			return err
		}
		name := filepath.Base(folder)
		fitted.FittedOn = append(fitted.FittedOn, name)
		if len(foreign) > 0 {
			across = append(across, evals.FusionSet{Found: foreign, Name: name})
		}
		same = append(same, evals.FusionSet{Found: own, Name: name})
	}
	report := struct {
		Across evals.Fusion `json:"across"`
		Same   evals.Fusion `json:"same"`
	}{}
	var err error
	if report.Across, err = evals.FitFusion(across); err != nil {
		return fmt.Errorf("%w: across languages: %w", errConfig, err)
	}
	if report.Same, err = evals.FitFusion(same); err != nil {
		return fmt.Errorf("%w: same language: %w", errConfig, err)
	}
	fitted.Across, fitted.Same = report.Across.Weights, report.Same.Weights
	if c.Out != "" {
		if err := writeWeights(c.Out, fitted); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a, report)
	}
	_, _ = fmt.Fprintln(a.out, "Across languages")
	if err := report.Across.WriteTable(a.out); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(a.out, "\nSame language")
	return report.Same.WriteTable(a.out)
}

func writeWeights(name string, fitted retrieval.FittedWeights) error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(fitted); err != nil {
		return fmt.Errorf("encode weights: %w", err)
	}
	if err := writeWhole(name, content.Bytes()); err != nil {
		return fmt.Errorf("write weights: %w", err)
	}
	return nil
}

// fusionSet is one data set.
type fusionSet struct {
	articles  []evals.ArticleRow
	questions []evals.QuestionRow
}

func readFusionSet(folder string) (s fusionSet, err error) {
	if s.articles, err = readRows[evals.ArticleRow](filepath.Join(folder, "kb.jsonl")); err != nil {
		return s, err
	}
	s.questions, err = readRows[evals.QuestionRow](filepath.Join(folder, "queries.jsonl"))
	return s, err
}

// ask searches as each of the options says. Questions in the language of the articles are asked only where that is what
// is measured; a set without questions for an option adds nothing.
func (s fusionSet) ask(ctx context.Context, a *app, all []evals.RetrievalOptions) (found []evals.Found, err error) {
	for _, options := range all {
		questions := s.questions
		if !options.SameLanguage {
			questions = nil
			for _, q := range s.questions {
				if locale, ok := retrieval.Locale(q.Lang); ok && locale != options.DocLangs[0] {
					questions = append(questions, q)
				}
			}
		}
		collections, _, err := evals.NewCollections(s.articles, questions, options)
		if err != nil {
			continue // no question of this set has an article in these languages
		}
		some, err := measureRetrieval(ctx, a, collections)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}
