package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what --json writes.
type report struct {
	Faults   []faultFigures `json:"faults"`
	Failures []string       `json:"failures"`
	Injected int            `json:"injected"`
	Ledger   ledger         `json:"ledger"`
	Problems map[string]int `json:"failed_tries"`
	Replicas []lifeFigures  `json:"replicas"`
	Seconds  float64        `json:"seconds"`
	Seed     uint64         `json:"seed"`
	Disk     string         `json:"disk"`
}

// faultFigures are what customers felt of one kind of fault.
type faultFigures struct {
	Kind     string  `json:"kind"`
	Injected int     `json:"injected"`
	Felt     int     `json:"felt"`          // of those, how many met something: a process, a connection, a request
	Hits     int     `json:"hits"`          // what they met
	Asked    int     `json:"asked"`         // questions that were on their way in the meantime
	Retried  int     `json:"retried"`       // of those, how many had to be sent again
	Worst    float64 `json:"worst_seconds"` // the longest that one of those waited
	Recovery float64 `json:"recovery_seconds"`
}

// lifeFigures are how often a replica was started and how it ended.
type lifeFigures struct {
	Starts int         `json:"starts"`
	Exits  map[int]int `json:"exits"`
}

// passed reports whether nothing was lost, nothing doubled, every fault healed, and each kind of them met something.
func (r report) passed() bool {
	return r.Ledger.sound() && len(r.Failures) == 0 && len(r.missed()) == 0
}

// missed are the kinds that were injected and met nothing: nobody knows what they would have done.
func (r report) missed() (names []string) {
	for _, f := range r.Faults {
		if f.Felt == 0 {
			names = append(names, f.Kind)
		}
	}
	return names
}

func (t *trial) report(c *crowd, books ledger) report {
	r := report{
		Failures: append([]string{}, t.failures...), Injected: len(t.faults), Ledger: books, Problems: c.problems, Seed: t.bench.Seed,
		Disk: "the database reports that it is full",
	}
	if t.bench.database.mounted {
		r.Disk = fmt.Sprintf("a file system of %d MB", t.bench.DiskMB)
	}
	for _, replica := range t.bench.replicas {
		r.Replicas = append(r.Replicas, lifeFigures{Starts: replica.starts, Exits: replica.exits})
	}
	figures := make(map[string]*faultFigures)
	for _, f := range t.faults {
		if figures[f.Kind] == nil {
			figures[f.Kind] = &faultFigures{Kind: f.Kind}
		}
		figures[f.Kind].add(f, c.settled)
	}
	for _, f := range figures {
		r.Faults = append(r.Faults, *f)
	}
	slices.SortFunc(r.Faults, func(a, b faultFigures) int { return cmp.Compare(a.Kind, b.Kind) })
	return r
}

func (f *faultFigures) add(fault *injection, questions []*question) {
	f.Injected++
	f.Felt += min(fault.Hits, 1)
	f.Hits += fault.Hits
	recovered := time.Time{}
	for _, q := range questions {
		if q.startedAt.Before(fault.HealedAt) && q.endedAt.After(fault.At) {
			f.Asked++
			if q.tries > 1 {
				f.Retried++
			}
			f.Worst = max(f.Worst, q.endedAt.Sub(q.startedAt).Seconds())
		}
		if len(q.ends) > 0 && !q.endedAt.Before(fault.HealedAt) && (recovered.IsZero() || q.endedAt.Before(recovered)) {
			recovered = q.endedAt
		}
	}
	if !recovered.IsZero() {
		f.Recovery = max(f.Recovery, recovered.Sub(fault.HealedAt).Seconds())
	}
}

// print writes the report as tables.
func (r report) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	sayf(table, "FAULT\tTIMES\tFELT\tMET\tQUESTIONS\tSENT AGAIN\tLONGEST WAIT\tNEXT ANSWER AFTER IT")
	for _, f := range r.Faults {
		sayf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%.1f s\t%.1f s", f.Kind, f.Injected, f.Felt, f.Hits, f.Asked, f.Retried, f.Worst, f.Recovery)
	}
	l := r.Ledger
	sayf(table, "\t\t\t\t\t\t\t")
	for _, line := range []struct {
		name  string
		value any
	}{
		{"questions asked / accepted / stored", fmt.Sprintf("%d / %d / %d", l.Questions, l.Accepted, l.Stored)},
		{"answered / handed off", fmt.Sprintf("%d / %d", l.Answered, l.HandedOff)},
		{"customers who gave up / were refused", fmt.Sprintf("%d / %d", l.GaveUp, l.Refused)},
		{"LOST", l.Lost},
		{"DOUBLED", l.Doubled},
		{"read otherwise than stored", l.Different},
		{"agents' replies: sent / lost / doubled", fmt.Sprintf("%d / %d / %d", l.AgentReplies, l.AgentRepliesLost, l.AgentRepliesDoubled)},
		{"webhook events: all / lost / pending / doubled", fmt.Sprintf("%d / %d / %d / %d", l.Events, l.EventsLost, l.EventsPending,
			l.EventsDoubled)},
		{"audit entries / intact", fmt.Sprintf("%d / %t", l.AuditEntries, l.AuditIntact)},
		{"texts encrypted / in plain / keys needed", l.encryption()},
		{"jobs stuck", l.JobsStuck},
		{"all ended after the last fault within", l.SettledIn.Round(100 * time.Millisecond)},
		{"faults / seconds / seed", fmt.Sprintf("%d / %.0f / %d", r.Injected, r.Seconds, r.Seed)},
		{"disk full", r.Disk},
		{"failed tries", r.Problems},
		{"replicas: starts, exits by code", fmt.Sprint(r.Replicas)},
		{"faults that met nothing", strings.Join(r.missed(), ", ")},
		{"failures", strings.Join(r.Failures, "; ")},
	} {
		sayf(table, "%s\t%v", line.name, line.value)
	}
	return table.Flush()
}
