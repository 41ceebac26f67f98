package intent

import (
	"bytes"
	_ "embed"
	"fmt"
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
// seconds, so it is a step of development: `go test ./assistant/triage/intent -run Builtin -update` stores its result.
func TrainBuiltin() (*Classifier, error) {
	examples, err := DefaultExamples()
	if err != nil {
		return nil, fmt.Errorf("train built-in intent model: %w", err)
	}
	c, err := Train(examples, Options{})
	if err != nil {
		return nil, fmt.Errorf("train built-in intent model: %w", err)
	}
	return c, nil
}
