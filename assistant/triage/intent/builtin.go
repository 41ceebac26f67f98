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

// TrainBuiltin trains the classifier that Builtin returns from the examples that ship with the program. It takes
// seconds, so it is a step of development: `deskhand triage train` stores its result.
func TrainBuiltin() (*Classifier, error) {
	taxonomy, err := Default()
	if err != nil {
		return nil, err
	}
	return TrainFor(taxonomy, nil)
}

// TrainFor trains a classifier for a desk's taxonomy: on the built-in examples of the intents that it has, and on the
// desk's own.
func TrainFor(taxonomy *Taxonomy, own []Example) (*Classifier, error) {
	examples, err := DefaultExamples()
	if err != nil {
		return nil, fmt.Errorf("train intent model: %w", err)
	}
	examples = slices.DeleteFunc(examples, func(e Example) bool {
		_, known := taxonomy.byID[e.Intent]
		return !known && e.Intent != OutOfScope
	})
	c, err := Train(append(examples, own...), Options{})
	if err != nil {
		return nil, fmt.Errorf("train intent model: %w", err)
	}
	return c, nil
}
