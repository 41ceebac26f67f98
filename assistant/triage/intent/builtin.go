package intent

import (
	_ "embed"
	"fmt"
	"slices"
)

// builtinModel is a string because the linker puts it among what nobody can write, which need not stay in memory.
//
//go:embed model.bin
var builtinModel string

// Builtin returns the classifier that ships with the program, trained on DefaultExamples by TrainBuiltin with the built-in
// embedder, which the caller brings.
func Builtin(e Embedder) (*Classifier, error) {
	c, err := decode([]byte(builtinModel), e)
	if err != nil {
		return nil, fmt.Errorf("load built-in intent model: %w", err)
	}
	return c, nil
}

// TrainBuiltin trains the classifier that Builtin returns from the examples that ship with the program. It takes a minute of
// processor time, so it is a step of development: `deskhand triage train` stores its result.
func TrainBuiltin(e Embedder) (*Classifier, error) {
	taxonomy, err := Default()
	if err != nil {
		return nil, err
	}
	examples, err := DefaultExamples()
	if err != nil {
		return nil, err
	}
	return TrainFor(taxonomy, examples, e)
}

// TrainFor trains a classifier for a desk's taxonomy. Examples of intents that the taxonomy lacks are left out.
func TrainFor(taxonomy *Taxonomy, examples []Example, e Embedder) (*Classifier, error) {
	examples = slices.DeleteFunc(slices.Clone(examples), func(example Example) bool {
		_, known := taxonomy.byID[example.Intent]
		return !known && example.Intent != OutOfScope
	})
	c, err := Train(examples, builtinOptions(taxonomy, e))
	if err != nil {
		return nil, fmt.Errorf("train intent model: %w", err)
	}
	return c, nil
}

// builtinOptions are TrainFor's. With tens of thousands of examples in 14 languages, a feature that occurs twice is noise.
func builtinOptions(taxonomy *Taxonomy, e Embedder) Options {
	return Options{Embedder: e, MinCount: 3, Never: taxonomy.Never()}
}
