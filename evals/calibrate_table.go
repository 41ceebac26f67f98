package evals

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable prints the calibration for a person.
func (c Calibration) WriteTable(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%d cases of %s, %d with the right article; every figure is cross-validated, intervals are at 95 %%\n"+
		"AURC %.4f, E-AURC %.4f; calibration brings Brier from %.4f to %.4f, ECE from %.4f to %.4f\n%s\n\n",
		c.Cases, strings.Join(c.Model.Suites, ", "), c.Correct, c.AURC, c.EAURC,
		c.Before.Brier, c.After.Brier, c.Before.ECE, c.After.ECE, c.Target)
	if err != nil {
		return fmt.Errorf("print calibration: %w", err)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "THRESHOLD\tCOVERAGE\tPRECISION") // errors of a table show at Flush
	for _, point := range c.Points {
		_, _ = fmt.Fprintf(table, "%.2f\t%s\t%s\n", point.Threshold, point.Coverage, point.Precision)
	}
	_, _ = fmt.Fprintln(table, "\nTARGET PRECISION OF A POLICY\tTHRESHOLD\tCOVERAGE\tLOWER BOUND OF THE PRECISION")
	for _, point := range c.Model.Points {
		_, _ = fmt.Fprintf(table, "%.2f\t%.4f\t%.3f\t%.4f\n", point.Target, point.Threshold, point.Coverage, point.LowerBound)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print calibration: %w", err)
	}
	return nil
}

// String is one or two lines.
func (t Target) String() string {
	switch {
	case t.Coverage.Hits == 0:
		return fmt.Sprintf("at precision %.2f: nothing can be answered, the surest draft is wrong", t.Wanted)
	case t.Proven:
		return fmt.Sprintf("at precision %.2f: coverage %s with the threshold %.4f; precision %s, lower bound %.4f",
			t.Wanted, t.Coverage, t.Threshold, t.Precision, t.Lower)
	}
	return fmt.Sprintf("at precision %.2f: coverage %s with the threshold %.4f; precision %s, but its lower bound is %.4f:\n"+
		"the cases do not prove it (%d answers without a mistake would), so a policy with this target answers nothing",
		t.Wanted, t.Coverage, t.Threshold, t.Precision, t.Lower, t.Needed)
}
