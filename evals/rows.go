package evals

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/deskhand/deskhand/assistant"
)

// ParseRows reads a data set as a suite on the sample knowledge base: one JSON object a line, each a Case or a HandOffRow.
// Errors name the file and the line.
func ParseRows(r io.Reader, name string) (Suite, error) {
	rows, err := ReadRows[suiteRow](r, name)
	if err != nil {
		return Suite{}, err
	}
	suite := Suite{KB: SampleKB, Name: strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))}
	for _, row := range rows {
		suite.Cases = append(suite.Cases, row.Case)
	}
	// What is wrong with one row has been said with its line: two rows with one id are left.
	if err := suite.validate(func(int) string { return "" }); err != nil {
		return Suite{}, fmt.Errorf("check suite %s: %w", name, err)
	}
	return suite, nil
}

// suiteRow is a line of a suite that is a data set.
type suiteRow struct{ Case }

// UnmarshalJSON reads a case, or a hand-off row as the case that it stands for, and checks it.
func (r *suiteRow) UnmarshalJSON(line []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return fmt.Errorf("read row: %w", err)
	}
	if keys["text"] == nil {
		if err := decodeStrictly(line, &r.Case); err != nil {
			return err
		}
		return r.validate()
	}
	if keys["must_handoff"] == nil {
		return errors.New("must_handoff is missing: say true or false, or write the row as a case with conversation and expect")
	}
	var row HandOffRow
	if err := decodeStrictly(line, &row); err != nil {
		return err
	}
	r.Case = row.asCase()
	return r.validate()
}

// asCase says of a message that must reach a person that it does, and of any other that the assistant replies to it. What
// the reply says is not judged: the row names no article.
func (row HandOffRow) asCase() Case {
	c := Case{
		Conversation: []string{row.Text}, Expect: Expect{Intent: row.Intent, Outcome: OutcomeReplied},
		ID: row.ID, Locale: row.Lang,
	}
	if row.MustHandOff {
		c.Expect.Outcome, c.Expect.Risks, c.Tags = assistant.OutcomeHandedOff, row.Risks, []string{MandatoryTag}
	}
	return c
}

func decodeStrictly(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read row: %w", err)
	}
	return nil
}
