package intent

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
)

//go:embed model.bin
var builtinModel []byte

// Builtin returns the classifier that ships with the program, trained on DefaultExamples by TrainBuiltin.
func Builtin() (*Classifier, error) {
	c, err := Decode(bytes.NewReader(builtinModel))
	if err != nil {
		return nil, fmt.Errorf("load built-in intent model: %w", err)
	}
	return c, nil
}

// TrainBuiltin trains the classifier that Builtin returns from the examples that ship with the program. It takes a minute,
// so it is a step of development: `deskhand triage train` stores its result.
func TrainBuiltin() (*Classifier, error) {
	taxonomy, err := Default()
	if err != nil {
		return nil, err
	}
	examples, err := DefaultExamples()
	if err != nil {
		return nil, err
	}
	return TrainFor(taxonomy, examples)
}

// TrainFor trains a classifier for a desk's taxonomy. Examples of intents that the taxonomy lacks are left out.
func TrainFor(taxonomy *Taxonomy, examples []Example) (*Classifier, error) {
	examples = slices.DeleteFunc(slices.Clone(examples), func(e Example) bool {
		_, known := taxonomy.byID[e.Intent]
		return !known && e.Intent != OutOfScope
	})
	c, err := Train(examples, builtinOptions(taxonomy))
	if err != nil {
		return nil, fmt.Errorf("train intent model: %w", err)
	}
	return c, nil
}

// builtinOptions are TrainFor's. With tens of thousands of examples in 14 languages, a feature that occurs twice is noise.
func builtinOptions(taxonomy *Taxonomy) Options { return Options{MinCount: 3, Never: taxonomy.Never()} }
