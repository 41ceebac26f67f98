package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
)

// growthOptions are the flags of the comparison of a young desk with one that has answered for years.
type growthOptions struct {
	Binary        string        `help:"Program to test. Default: the source's, built for this run." placeholder:"FILE" type:"existingfile"`
	Conversations int           `default:"1000000" help:"Conversations that the older desk has stored (${default}). A million take 6 GB." placeholder:"N"`
	DiskMB        int           `default:"9000" help:"Size of the databases' disk, in memory where the machine lets the harness make one (${default})." name:"disk-mb" placeholder:"MB"`
	JSON          string        `help:"File for the report as JSON." name:"json" placeholder:"FILE"`
	Log           string        `help:"File for the log of the programs. Default: deskhand-faults.log with the temporary files." placeholder:"FILE"`
	Passages      int           `help:"About how many passages the older desk's articles have beside the sample's, in made-up words. Default: none." placeholder:"N"`
	Rounds        int           `default:"5" help:"Turns that each desk has with each number of customers (${default})." placeholder:"N"`
	Turn          time.Duration `default:"3s" help:"How long a turn is (${default})." placeholder:"TIME"`
}

// growthReport holds the older desk against the young one.
type growthReport struct {
	Conversations int64       `json:"conversations"` // of the older desk; the young one has none
	Lines         []speedLine `json:"lines"`
	Passages      int64       `json:"passages"` // of the older desk; the young one has the sample's
	SizeMB        float64     `json:"size_mb"`  // of the older desk's database
}

const (
	nameYoung = "young"
	nameOld   = "old"
	// models is how many conversations are asked for real, and then told again as if they had been before.
	models = 50
)

// growth has the two desks.
type growth struct {
	*race

	report growthReport
}

// runGrowth asks the same of two desks that differ by how much they have stored, in turns.
func runGrowth(ctx context.Context, o growthOptions, out io.Writer) (growthReport, error) {
	b, err := newBench(ctx, options{Binary: o.Binary, DiskMB: o.DiskMB, Log: cmp.Or(o.Log, defaultLog())})
	if err != nil {
		return growthReport{}, err
	}
	g := &growth{race: newRace(b)}
	err = g.run(ctx, o, out)
	for _, stop := range g.stops {
		stop()
	}
	return g.report, errors.Join(err, b.close(ctx))
}

func (g *growth) run(ctx context.Context, o growthOptions, out io.Writer) error {
	if _, err := g.database.execute(ctx, `CREATE DATABASE young TEMPLATE deskhand OWNER deskhand`); err != nil {
		return err
	}
	if err := g.enter(ctx, nameOld, g.database.service); err != nil {
		return err
	}
	for range models {
		if _, err := g.ask(ctx, g.contestants[nameOld]); err != nil {
			return err
		}
	}
	begun := time.Now()
	if err := g.write(ctx, o.Passages); err != nil {
		return err
	}
	if err := g.age(ctx, o.Conversations/models); err != nil {
		return err
	}
	sayf(out, "%d conversations and %d passages, %.0f MB, stored in %.0f s", g.report.Conversations, g.report.Passages, g.report.SizeMB,
		time.Since(begun).Seconds())
	if err := g.enter(ctx, nameYoung, strings.Replace(g.database.service, "/deskhand?", "/young?", 1)); err != nil {
		return err
	}
	for _, customers := range []int{1, 8} {
		s := setting{Name: fmt.Sprintf("%d customers", customers), Clients: customers}
		var young, old []turn
		for round := range o.Rounds + 1 {
			one, err := g.turn(ctx, g.contestants[nameYoung], customers, o.Turn)
			if err != nil {
				return err
			}
			other, err := g.turn(ctx, g.contestants[nameOld], customers, o.Turn)
			if err != nil {
				return err
			}
			if round > 0 { // the first warms up
				young, old = append(young, one), append(old, other)
			}
		}
		g.report.Lines = append(g.report.Lines, newSpeedLine(s, nameOld, young, old))
	}
	return nil
}

// enter starts the program, without a model, on a database.
func (g *growth) enter(ctx context.Context, name, database string) error {
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	one := g.builds(g.Binary, database)[1]
	one.url = "http://" + address + one.path
	if err := g.start(ctx, &one.contestant, append(one.run, "--addr", address), one.env); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	g.contestants[name] = &one.contestant
	return g.awaitReady(ctx, "http://"+address+"/readyz")
}

// grownTables are what grows with conversations, in an order that references allow.
func grownTables() []string {
	return []string{"conversations", "messages", "idempotency_keys", "tickets", "runs", "run_steps", "ticket_history", "drafts"}
}

// age tells each conversation again so many times, each ten seconds before the last, with all that belongs to it. Its cases are resolved.
func (g *growth) age(ctx context.Context, times int) error {
	conn, err := connect(ctx, g.database.inDatabase())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := await(ctx, conn, stepTimeout, openRuns); err != nil {
		return err
	}
	if _, err := await(ctx, conn, stepTimeout, unfinishedJobs); err != nil {
		return err
	}
	// Without triggers, which would look at each row; what they check holds for the rows that are told again.
	_, err = conn.Exec(ctx, `
		SET session_replication_role = replica;
		UPDATE tickets SET status = 'resolved', outcome = 'assumed', resolved_at = created_at + interval '1 hour', next_check_at = NULL;
		CREATE FUNCTION pg_temp.earlier(id uuid, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
			SELECT (lpad(to_hex(('x' || substr(h, 1, 12))::bit(48)::bigint - n * 10000), 12, '0') || '7' || substr(md5(h || n), 1, 3)
				|| '8' || substr(md5(h || n), 4, 15))::uuid FROM replace(id::text, '-', '') h $$`)
	if err != nil {
		return fmt.Errorf("prepare an older desk: %w", err)
	}
	for _, table := range grownTables() {
		if err := tellAgain(ctx, conn, table, times); err != nil {
			return err
		}
	}
	for _, table := range grownTables() {
		if _, err := conn.Exec(ctx, "VACUUM (ANALYZE) "+table); err != nil {
			return fmt.Errorf("look through %s: %w", table, err)
		}
	}
	dangling, err := number(ctx, conn, `
		SELECT (SELECT count(*) FROM messages WHERE conversation_id NOT IN (SELECT id FROM conversations))
			+ (SELECT count(*) FROM runs WHERE message_id NOT IN (SELECT id FROM messages) OR reply_id NOT IN (SELECT id FROM messages)
				OR ticket_id NOT IN (SELECT id FROM tickets))
			+ (SELECT count(*) FROM run_steps WHERE run_id NOT IN (SELECT id FROM runs))`)
	if err != nil {
		return err
	}
	if dangling > 0 {
		return fmt.Errorf("the older desk is not whole: %d rows belong to nothing", dangling)
	}
	var size int64
	err = conn.QueryRow(ctx, `
		SELECT count(*), (SELECT count(*) FROM passages), pg_database_size(current_database()) FROM conversations`).
		Scan(&g.report.Conversations, &g.report.Passages, &size)
	if err != nil {
		return fmt.Errorf("count conversations: %w", err)
	}
	g.report.SizeMB = megabytes(size)
	return nil
}

// write imports articles of five passages each, of words that nobody asks for and a few that everybody does.
func (g *growth) write(ctx context.Context, passages int) error {
	const sections, words, vocabulary = 5, 40, 20000
	if passages == 0 {
		return nil
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // texts, not secrets
	known := strings.Fields("withdrawal deposit fee account verification address network coin order limit trade history")
	for range vocabulary {
		known = append(known, letters(random))
	}
	common := rand.NewZipf(random, 1.1, 20, uint64(len(known)-1)) //nolint:gosec // not negative
	path := filepath.Join(g.dir, "articles.jsonl")
	file, err := os.Create(path) //nolint:gosec // a file of our own
	if err != nil {
		return fmt.Errorf("write articles: %w", err)
	}
	lines := json.NewEncoder(file)
	for i := range passages / sections {
		var body strings.Builder
		for section := range sections {
			fmt.Fprintf(&body, "## %s %d\n\n", known[common.Uint64()], section)
			for range words {
				body.WriteString(known[common.Uint64()] + " ")
			}
			body.WriteString("\n\n")
		}
		article := map[string]string{
			"body": body.String(), "key": fmt.Sprintf("made-up-%d", i), "lang": "en", "title": known[common.Uint64()],
		}
		if err := lines.Encode(article); err != nil {
			return errors.Join(fmt.Errorf("write articles: %w", err), file.Close())
		}
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write articles: %w", err)
	}
	_, err = g.command(ctx, "kb", "import", path)
	return err
}

// tellAgain copies the rows of a table, with other ids and earlier times.
func tellAgain(ctx context.Context, conn *pgx.Conn, table string, times int) error {
	rows, err := conn.Query(ctx, `
		SELECT quote_ident(column_name), CASE
			WHEN udt_name = 'uuid' AND column_name IN ('id', 'conversation_id', 'message_id', 'reply_id', 'run_id', 'ticket_id', 'sent_as')
				THEN format('pg_temp.earlier(%I, n)', column_name)
			WHEN udt_name = 'timestamptz' THEN format('%I - n * interval ''10 s''', column_name)
			WHEN column_name IN ('key', 'client_id') THEN format('%I || ''-'' || n', column_name)
			ELSE quote_ident(column_name) END
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND is_identity = 'NO'
			AND is_generated = 'NEVER'`, table)
	if err != nil {
		return fmt.Errorf("read columns of %s: %w", table, err)
	}
	var columns, values []string
	var column, value string
	_, err = pgx.ForEachRow(rows, []any{&column, &value}, func() error {
		columns, values = append(columns, column), append(values, value)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read columns of %s: %w", table, err)
	}
	_, err = conn.Exec(ctx, fmt.Sprintf(`INSERT INTO %[1]s (%[2]s) SELECT %[3]s FROM %[1]s, generate_series(1, %[4]d) n`,
		table, strings.Join(columns, ", "), strings.Join(values, ", "), times))
	if err != nil {
		return fmt.Errorf("tell %s again: %w", table, err)
	}
	return nil
}

// print writes the report as a table.
func (r growthReport) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	sayf(table, "%d conversations, %d passages / none, the sample\tp50\tp99\tthroughput\tp50 ms\tp50 ms of the young desk\tanswered",
		r.Conversations, r.Passages)
	for _, line := range r.Lines {
		sayf(table, "%s\t%s\t%s\t%s\t%.1f\t%.1f\t%.2f", line.Setting, line.P50, line.P99, line.Rate, line.P50Ms.Median,
			line.FloorP50Ms.Median, line.Answered)
	}
	return table.Flush()
}

func (o growthOptions) measure(ctx context.Context, out io.Writer) error {
	if o.Rounds < 1 || o.Turn <= 0 || o.Conversations < models {
		return fmt.Errorf("--rounds must be 1 or more, --turn longer than nothing, --conversations %d or more", models)
	}
	result, err := runGrowth(ctx, o, out)
	if err != nil {
		return err
	}
	return errors.Join(result.print(out), writeJSON(o.JSON, result))
}
