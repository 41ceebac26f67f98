package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// turn is what a contestant did while it was its turn.
type turn struct {
	ends      map[outcome]int
	latencies []time.Duration // of questions that were taken
	memory    int64
	processor processorTime
	rate      float64 // of those, a second
}

// processorTime is what was computed for somebody's questions. Other work on the machine hardly moves it.
type processorTime struct {
	database time.Duration // by the server's processes, of which there are no others' meanwhile
	program  time.Duration
}

func (p processorTime) since(before processorTime) processorTime {
	return processorTime{database: p.database - before.database, program: p.program - before.program}
}

func (t *turn) add(took time.Duration, end outcome) {
	if t.ends == nil {
		t.ends = make(map[outcome]int)
	}
	t.ends[end]++
	if end != refused {
		t.latencies = append(t.latencies, took)
	}
}

func (t *turn) finish(lasted time.Duration, memory int64) {
	slices.Sort(t.latencies)
	t.memory, t.rate = memory, float64(len(t.latencies))/lasted.Seconds()
}

// perQuestion is the share of one question that was taken, in milliseconds.
func (t *turn) perQuestion(all time.Duration) float64 {
	return 1000 * all.Seconds() / float64(max(len(t.latencies), 1))
}

// speedReport compares contestants with the floor.
type speedReport struct {
	Lines []speedLine `json:"lines"`
}

// speedLine is one contestant under one load.
type speedLine struct {
	Setting    string  `json:"setting"`
	Contestant string  `json:"contestant"`
	Against    string  `json:"against,omitempty"` // whose figures stand in the floor's place
	P50        spread  `json:"p50_ratio"`
	P99        spread  `json:"p99_ratio"`
	Rate       spread  `json:"throughput_ratio"`
	P50Ms      spread  `json:"p50_ms"`
	FloorP50Ms spread  `json:"floor_p50_ms"`
	PerSecond  spread  `json:"answers_per_second"`
	FloorRate  spread  `json:"floor_answers_per_second"`
	MemoryMB   float64 `json:"memory_mb"`      // at the end of the last turn
	Memory     float64 `json:"memory_ratio"`   // to the other's, then
	ProgramMs  spread  `json:"program_ms"`     // processor time of the program for a question that was taken
	DatabaseMs spread  `json:"database_ms"`    // and of PostgreSQL
	Answered   float64 `json:"answered_share"` // of those taken; the rest went to a person
	Refused    float64 `json:"refused_share"`  // of all
}

// spread is the median of the rounds, with the least and the most.
type spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

func newSpread(values []float64) spread {
	slices.Sort(values)
	return spread{Median: values[len(values)/2], Least: values[0], Most: values[len(values)-1]}
}

func (s spread) String() string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", s.Median, s.Least, s.Most)
}

// newSpeedLine holds each turn against the floor's turn of the same round.
func newSpeedLine(s setting, name string, floor, own []turn) speedLine {
	each := func(value func(turn) float64, turns []turn) spread {
		values := make([]float64, len(turns))
		for i, t := range turns {
			values[i] = value(t)
		}
		return newSpread(values)
	}
	ratio := func(value func(turn) float64) spread {
		values := make([]float64, len(own))
		for i := range own {
			values[i] = value(own[i]) / value(floor[i])
		}
		return newSpread(values)
	}
	p50 := func(t turn) float64 { return 1000 * quantile(t.latencies, 0.5) }
	p99 := func(t turn) float64 { return 1000 * quantile(t.latencies, 0.99) }
	rate := func(t turn) float64 { return t.rate }
	line := speedLine{
		Setting: s.Name, Contestant: name, P50: ratio(p50), P99: ratio(p99), Rate: ratio(rate), P50Ms: each(p50, own),
		FloorP50Ms: each(p50, floor), PerSecond: each(rate, own), FloorRate: each(rate, floor),
		MemoryMB:   megabytes(own[len(own)-1].memory),
		ProgramMs:  each(func(t turn) float64 { return t.perQuestion(t.processor.program) }, own),
		DatabaseMs: each(func(t turn) float64 { return t.perQuestion(t.processor.database) }, own),
	}
	line.Memory = line.MemoryMB / megabytes(floor[len(floor)-1].memory)
	ends := make(map[outcome]int)
	for _, t := range own {
		for end, count := range t.ends {
			ends[end] += count
		}
	}
	taken := ends[answered] + ends[handedOff]
	line.Answered = float64(ends[answered]) / float64(max(taken, 1))
	line.Refused = float64(ends[refused]) / float64(max(taken+ends[refused], 1))
	return line
}

// print writes the report as a table.
func (r speedReport) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	sayf(table, "contestant\tp50 / floor's\tp99 / floor's\tthroughput / floor's\tp50 ms\tanswers/s\t"+
		"program ms\tdatabase ms\tMB\t/ floor's\tanswered\trefused")
	last := ""
	for _, line := range r.Lines {
		if line.Setting != last {
			sayf(table, "%s (floor: %.1f ms, %.0f/s)", line.Setting, line.FloorP50Ms.Median, line.FloorRate.Median)
			last = line.Setting
		}
		name := line.Contestant
		if line.Against != "" {
			name += " / " + line.Against + ":"
		}
		sayf(table, "  %s\t%s\t%s\t%s\t%.1f\t%.0f\t%.1f\t%.1f\t%.0f\t%.2f\t%.2f\t%.2f", name, line.P50, line.P99, line.Rate,
			line.P50Ms.Median, line.PerSecond.Median, line.ProgramMs.Median, line.DatabaseMs.Median, line.MemoryMB,
			line.Memory, line.Answered, line.Refused)
	}
	return table.Flush()
}

// memoryOf is a process's resident memory in bytes, 0 where the system does not tell.
func memoryOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

// clockTick is the unit of times below /proc on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// processStat is what /proc tells of a process.
type processStat struct {
	ended  time.Duration // processor time of its children that have ended
	parent int
	used   time.Duration // its own
}

// statOf returns zeros where the system does not tell.
func statOf(pid int) processStat {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processStat{}
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // a name may hold anything
	number := func(field int) int {                                           // by its number in proc(5)
		n, err := strconv.Atoi(fields[field-3])
		if err != nil {
			return 0
		}
		return n
	}
	return processStat{
		ended:  time.Duration(number(16)+number(17)) * clockTick,
		parent: number(4),
		used:   time.Duration(number(14)+number(15)) * clockTick,
	}
}

// processorOf is the processor time that a program and a PostgreSQL have used since they began.
func processorOf(program, server int) processorTime {
	root := statOf(server)
	p := processorTime{database: root.used + root.ended, program: statOf(program).used}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return p
	}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if stat := statOf(pid); stat.parent == server {
				p.database += stat.used
			}
		}
	}
	return p
}
