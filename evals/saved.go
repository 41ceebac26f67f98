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
		Fingerprint string            `json:"fingerprint"`
		Results     []Result          `json:"results"`
		Settings    map[string]string `json:"settings"`
		Suite       string            `json:"suite"`
		SuiteHash   string            `json:"suite_hash"`
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
		try := result.Name()
		if seen[try] {
			return Report{}, fmt.Errorf("read result %s: result %d: the id %q is used twice", name, i+1, try)
		}
		seen[try] = true
	}
	report := NewReport(Suite{Name: saved.Suite}, saved.Results)
	report.Fingerprint, report.Settings, report.SuiteHash = saved.Fingerprint, saved.Settings, saved.SuiteHash
	return report, nil
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

// Name is the id of the case, with the number of the repeat after the first.
func (r Result) Name() string {
	if r.Repeat == 0 {
		return r.Case.ID
	}
	return fmt.Sprintf("%s#%d", r.Case.ID, r.Repeat+1)
}

// Failed returns the ids of the cases that did not pass, each time that they were asked.
func (r Report) Failed() []string {
	var ids []string
	for _, result := range r.Results {
		if !result.Passed() && !slices.Contains(ids, result.Case.ID) {
			ids = append(ids, result.Case.ID)
		}
	}
	return ids
}

// Broken returns the ids of cases that the pipeline could not handle: such a run says nothing about quality.
func (r Report) Broken() []string {
	var ids []string
	for _, result := range r.Results {
		if result.Broken() {
			ids = append(ids, result.Case.ID)
		}
	}
	return ids
}
