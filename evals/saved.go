package evals

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxReportBytes bounds a saved report; one of ten thousand cases has some 20 MB.
const maxReportBytes = 256 << 20

// ReadReport reads a report that was saved as JSON, and counts its results anew: the figures in the file are for people.
func ReadReport(r io.Reader, name string) (Report, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxReportBytes+1))
	if err != nil {
		return Report{}, fmt.Errorf("read result %s: %w", name, err)
	}
	if len(content) > maxReportBytes {
		return Report{}, fmt.Errorf("read result %s: it is larger than 256 MB: split its suite", name)
	}
	var saved struct {
		Results []Result `json:"results"`
		Suite   string   `json:"suite"`
	}
	if err := json.Unmarshal(content, &saved); err != nil {
		return Report{}, fmt.Errorf("read result %s: not what \"deskhand eval run --json\" prints: %w", name, err)
	}
	if len(saved.Results) == 0 {
		return Report{}, fmt.Errorf("read result %s: results is empty: use what \"deskhand eval run --json\" prints", name)
	}
	seen := make(map[string]bool)
	for i, result := range saved.Results {
		if err := result.validate(); err != nil {
			return Report{}, fmt.Errorf("read result %s: result %d (%s): %w", name, i+1, result.Case.ID, err)
		}
		if seen[result.Case.ID] {
			return Report{}, fmt.Errorf("read result %s: result %d: the id %q is used twice", name, i+1, result.Case.ID)
		}
		seen[result.Case.ID] = true
	}
	return NewReport(Suite{Name: saved.Suite}, saved.Results), nil
}

func (r Result) validate() error {
	switch {
	case r.Case.ID == "":
		return errors.New("case.id is missing")
	case len(r.Checks) == 0:
		return errors.New("checks is empty")
	case !slices.Contains(Endings(), r.Ending):
		return fmt.Errorf("ending is %q: it was saved by another version, run the suite again", r.Ending)
	}
	return nil
}

// Failed returns the ids of the cases that did not pass.
func (r Report) Failed() []string {
	var ids []string
	for _, result := range r.Results {
		if !result.Passed() {
			ids = append(ids, result.Case.ID)
		}
	}
	return ids
}

// Broken returns the ids of cases that the pipeline could not handle: such a run says nothing about quality.
func (r Report) Broken() []string {
	var ids []string
	for _, result := range r.Results {
		if slices.ContainsFunc(result.Checks, func(c Check) bool { return c.Name == pipelineCheck }) {
			ids = append(ids, result.Case.ID)
		}
	}
	return ids
}
