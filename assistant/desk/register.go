package desk

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/deskhand/deskhand/assistant"
)

// WriteComplaints writes a register of complaints as CSV (RFC 4180) with a line of names. Times are RFC 3339 in UTC. Every
// value is the desk's own: none begins like a formula.
func WriteComplaints(w io.Writer, complaints []Complaint) error {
	sheet := csv.NewWriter(w)
	rows := [][]string{{
		"number", "ticket", "regime", "status", "received_at", "acknowledged_at", "decide_by", "extended", "decided_at", "in_time",
		"root_cause", "intent", "language",
	}}
	for _, c := range complaints {
		inTime := ""
		if c.DecidedAt != nil {
			inTime = strconv.FormatBool(!c.DecidedAt.After(c.DecideBy))
		}
		rows = append(rows, []string{
			c.Reference(), assistant.Ticket{Number: c.TicketNumber}.Reference(), c.Regime, string(c.Status), stamp(&c.ReceivedAt),
			stamp(c.AcknowledgedAt), stamp(&c.DecideBy), strconv.FormatBool(c.Extended), stamp(c.DecidedAt), inTime, c.RootCause,
			c.Intent, c.Language,
		})
	}
	if err := sheet.WriteAll(rows); err != nil {
		return fmt.Errorf("write complaints: %w", err)
	}
	return nil
}

func stamp(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
