package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
)

func (m *machines) failf(format string, args ...any) {
	m.report.Failures = append(m.report.Failures, fmt.Sprintf(format, args...))
}

// changeArticle puts another fee into the article, and returns when that is stored.
func (m *machines) changeArticle(ctx context.Context) error {
	var article map[string]any
	call := request{address: m.replicas[0].address, key: m.adminKey}
	call.apiCall = apiCall{method: http.MethodGet, path: feeArticle, out: &article}
	if err := call.send(ctx, m.client); err != nil {
		return err
	}
	text, _ := article["body"].(string)
	changed := make(map[string]any)
	for _, field := range []string{"audience", "category", "intents", "review_by", "status", "title", "version"} {
		changed[field] = article[field]
	}
	changed["body"] = strings.ReplaceAll(text, feeBefore, feeAfter)
	call.apiCall = apiCall{method: http.MethodPut, path: feeArticle, body: changed}
	return call.send(ctx, m.client)
}

// autoReply is the kill switch.
func (m *machines) autoReply(ctx context.Context, address string, on bool) error {
	var policy map[string]any
	call := request{address: address, key: m.adminKey, apiCall: apiCall{method: http.MethodGet, path: "/v1/policy", out: &policy}}
	if err := call.send(ctx, m.client); err != nil {
		return err
	}
	document, _ := policy["policy"].(map[string]any)
	document["auto_reply"] = on
	call.apiCall = apiCall{method: http.MethodPut, path: "/v1/policy", body: policy}
	return call.send(ctx, m.client)
}

// search returns the texts of all hits for a question that nobody has asked before.
func (m *machines) search(ctx context.Context, address string) (string, error) {
	var found struct {
		Hits []struct {
			Passage struct {
				Body string `json:"body"`
			} `json:"passage"`
		} `json:"hits"`
	}
	query := url.Values{"locale": {"en"}, "q": {feeQuestion + ", " + letters(m.random)}}
	err := request{address: address, key: m.agentKey, apiCall: apiCall{
		method: http.MethodGet, path: "/v1/search?" + query.Encode(), out: &found,
	}}.send(ctx, m.client)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, hit := range found.Hits {
		texts = append(texts, hit.Passage.Body)
	}
	return strings.Join(texts, "\n"), nil
}

// copyCounts are where searches went that could have gone to the copy.
type copyCounts struct {
	Answered int `json:"answered"` // by the copy
	Behind   int `json:"behind"`   // by the database itself: the copy was behind
	Failed   int `json:"failed"`   // by the database itself: the copy did not answer
}

// counts reads them from a replica's metrics.
func (m *machines) counts(ctx context.Context, address string) (copyCounts, error) {
	var counts copyCounts
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return counts, fmt.Errorf("read metrics: %w", err)
	}
	response, err := m.client.Do(request)
	if err != nil {
		return counts, fmt.Errorf("read metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		line, found := strings.CutPrefix(lines.Text(), `deskhand_replica_searches_total{end="`)
		if !found {
			continue
		}
		end, text, _ := strings.Cut(line, `"} `)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return counts, fmt.Errorf("read metrics: %w", err)
		}
		switch end {
		case "answered":
			counts.Answered = int(value)
		case "behind":
			counts.Behind = int(value)
		case "failed":
			counts.Failed = int(value)
		}
	}
	return counts, lines.Err()
}

// allCounts are the counts of all replicas since each was started.
func (m *machines) allCounts(ctx context.Context) (all copyCounts, err error) {
	for _, address := range m.addresses() {
		one, err := m.counts(ctx, address)
		if err != nil {
			return all, err
		}
		all.Answered, all.Behind, all.Failed = all.Answered+one.Answered, all.Behind+one.Behind, all.Failed+one.Failed
	}
	return all, nil
}

// compareEvents holds what each console was told against the tickets that there are. What was told last is on its way for a moment.
func (m *machines) compareEvents(ctx context.Context) error {
	conn, err := connect(ctx, m.database.inDatabase())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, `SELECT id::text FROM tickets`)
	if err != nil {
		return fmt.Errorf("read tickets: %w", err)
	}
	tickets, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("read tickets: %w", err)
	}
	m.report.Tickets = len(tickets)
	for deadline := time.Now().Add(stepTimeout); ; {
		m.report.Missed, m.report.Doubled = 0, 0
		for _, w := range m.watchers {
			missed, doubled := w.compare(tickets)
			m.report.Missed, m.report.Doubled = m.report.Missed+missed, m.report.Doubled+doubled
		}
		if m.report.Missed == 0 || time.Now().After(deadline) {
			break
		}
		if err := pause(ctx, quickly); err != nil {
			return err
		}
	}
	if all := waits(m.watchers); len(all) > 0 {
		m.report.EventP50, m.report.EventMax = quantile(all, 0.5), quantile(all, 1)
	}
	m.report.Copies, err = m.allCounts(ctx)
	return err
}

// broken names the promises that were broken, of those that hold on every machine, and of those that are a matter of speed.
func (r machinesReport) broken() (always, measured []string) {
	always = append(always, r.Failures...)
	if !r.Ledger.sound() {
		always = append(always, "the books do not balance")
	}
	if r.Stale > 0 {
		always = append(always, fmt.Sprintf("%d texts were older than what had been seen", r.Stale))
	}
	if r.Missed+r.Doubled > 0 {
		always = append(always, fmt.Sprintf("%d events did not come, %d came twice", r.Missed, r.Doubled))
	}
	if r.LateMS > float64(switchLimit.Milliseconds()) {
		measured = append(measured, fmt.Sprintf("an answer was sent %.0f ms after automatic answers were switched off", r.LateMS))
	}
	return always, measured
}

// print writes the report as a table.
func (r machinesReport) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	l := r.Ledger
	for _, line := range []struct {
		name  string
		value any
	}{
		{"questions asked / accepted / stored", fmt.Sprintf("%d / %d / %d", l.Questions, l.Accepted, l.Stored)},
		{"answered / handed off / gave up", fmt.Sprintf("%d / %d / %d", l.Answered, l.HandedOff, l.GaveUp)},
		{"LOST", l.Lost},
		{"DOUBLED", l.Doubled},
		{"read otherwise than stored", l.Different},
		{"older than what had been seen", r.Stale},
		{"searches at the end: copy / behind / failed", fmt.Sprintf("%d / %d / %d", r.Copies.Answered, r.Copies.Behind, r.Copies.Failed)},
		{"answered after the kill switch, at the latest", fmt.Sprintf("%.0f ms", r.LateMS)},
		{"tickets, and events missed / doubled at three consoles", fmt.Sprintf("%d, %d / %d", r.Tickets, r.Missed, r.Doubled)},
		{"from the first console to the last, p50 / max", fmt.Sprintf("%.0f / %.0f ms", 1000*r.EventP50, 1000*r.EventMax)},
		{"seconds", fmt.Sprintf("%.0f", r.Seconds)},
		{"failures", strings.Join(r.Failures, "; ")},
	} {
		sayf(table, "%s\t%v", line.name, line.value)
	}
	return table.Flush()
}

func (o machinesOptions) measure(ctx context.Context, out io.Writer) error {
	if o.Customers < 1 || o.Rounds < 1 {
		return errors.New("--customers and --rounds must be 1 or more")
	}
	result, err := runMachines(ctx, o, out)
	if err != nil {
		return err
	}
	if err := errors.Join(result.print(out), writeJSON(o.JSON, result)); err != nil {
		return err
	}
	always, measured := result.broken()
	if broken := slices.Concat(always, measured); len(broken) > 0 {
		return fmt.Errorf("on several machines %s", strings.Join(broken, "; "))
	}
	return nil
}
