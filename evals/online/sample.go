package online

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// MaxSample is the largest number of questions of one draw: more than two people label in a month.
const MaxSample = 2000

// Draw says which questions are drawn for review.
type Draw struct {
	Actor desk.Actor
	From  time.Time // questions that ended at this time or later
	Seed  int64
	Size  int
	To    time.Time // and before this one
}

// Validate returns an Error with CodeInvalid that names the field at fault.
func (d Draw) Validate() error {
	switch {
	case d.Size < 1 || d.Size > MaxSample:
		return invalid("size", fmt.Sprintf("size must lie between 1 and %d", MaxSample))
	case !d.From.Before(d.To):
		return invalid("from", "from must lie before to")
	}
	return nil
}

func invalid(field, message string) error {
	return &assistant.Error{Code: assistant.CodeInvalid, Field: field, Message: message}
}

// Sample is a draw.
type Sample struct {
	ID         int64     `json:"id"`
	Added      int       `json:"added"` // of Drawn, for the first time
	Drawn      int       `json:"drawn"`
	DrawnAt    time.Time `json:"drawn_at"`
	DrawnBy    string    `json:"drawn_by"`
	From       time.Time `db:"from_at"      json:"from"`
	Population int       `json:"population"` // questions of that time
	Seed       int64     `json:"seed"`
	To         time.Time `db:"to_at"        json:"to"`
}

// sampleColumns are those of a Sample.
const sampleColumns = `id, seed, from_at, to_at, population, drawn, added, drawn_at, drawn_by`

// candidate is a question that may be drawn.
type candidate struct {
	ID      uuid.UUID
	Stratum string

	place [sha256.Size]byte // in its stratum
}

// band names how sure the assistant was. What a rule decides has no confidence.
const band = `CASE WHEN coalesce(r.confidence, 0) = 0 THEN 'none' WHEN r.confidence < 0.5 THEN 'below 0.5'
	WHEN r.confidence < 0.8 THEN '0.5 to 0.8'
	WHEN r.confidence < 0.95 THEN '0.8 to 0.95' ELSE 'from 0.95' END`

// Draw draws questions for review and returns what it did. Strata are made of intent and confidence, and each gets its share of the
// sample, to less than one question; every question has the same chance. The same draw of the same questions draws the same.
func (s *Store) Draw(ctx context.Context, d Draw) (Sample, error) {
	if err := d.Validate(); err != nil {
		return Sample{}, err
	}
	rows, err := s.Pool.Query(ctx, `
		SELECT r.id, coalesce(r.intent, '') || ' · ' || `+band+` AS stratum
		FROM runs r JOIN conversations c ON c.id = r.conversation_id AND c.erased_at IS NULL
		WHERE r.status = 'concluded' AND r.concluded_at >= @from AND r.concluded_at < @to`,
		pgx.NamedArgs{"from": d.From, "to": d.To})
	if err != nil {
		return Sample{}, fmt.Errorf("list questions: %w", err)
	}
	population, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (candidate, error) {
		var c candidate
		err := row.Scan(&c.ID, &c.Stratum)
		return c, err
	})
	if err != nil {
		return Sample{}, fmt.Errorf("list questions: %w", err)
	}
	return s.keep(ctx, d, population)
}

func (s *Store) keep(ctx context.Context, d Draw, population []candidate) (Sample, error) {
	drawn := pick(population, d.Seed, d.Size)
	ids, strata := make([]uuid.UUID, len(drawn)), make([]string, len(drawn))
	for i, c := range drawn {
		ids[i], strata[i] = c.ID, c.Stratum
	}
	var sample Sample
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH fresh AS (
				SELECT d.run_id, d.stratum, d.place FROM unnest(@ids::uuid[], @strata::text[]) WITH ORDINALITY AS d (run_id, stratum, place)
				WHERE NOT EXISTS (SELECT FROM eval_reviews v WHERE v.run_id = d.run_id)
			), sample AS (
				INSERT INTO eval_samples (seed, from_at, to_at, population, drawn, added, drawn_at, drawn_by)
				SELECT @seed, @from, @to, @population, @drawn, count(*), @now, @actor FROM fresh RETURNING `+sampleColumns+`
			), kept AS (
				INSERT INTO eval_reviews (run_id, sample_id, stratum)
				SELECT fresh.run_id, sample.id, fresh.stratum FROM fresh, sample ORDER BY fresh.place
			)
			SELECT `+sampleColumns+` FROM sample`, pgx.NamedArgs{
			"actor": d.Actor.String(), "drawn": len(drawn), "from": d.From, "ids": ids, "now": s.Clock(), "population": len(population),
			"seed": d.Seed, "strata": strata, "to": d.To,
		})
		if err != nil {
			return fmt.Errorf("keep sample: %w", err)
		}
		if sample, err = collectOne[Sample](rows, "sample"); err != nil {
			return err
		}
		e := entry(d.Actor, "review.draw", map[string]any{"added": sample.Added, "drawn": sample.Drawn, "seed": d.Seed})
		e.SubjectID, e.SubjectKind = strconv.FormatInt(sample.ID, 10), "sample"
		return s.Audit(ctx, tx, e)
	})
	if violated(err, "eval_reviews_pkey") {
		return sample, assistant.Errorf(assistant.CodeConflict, "somebody draws the same questions right now: draw again")
	}
	return sample, err
}

// pick draws size of the population systematically from its list in the order of strata, and in each at random: one from each of size
// equal stretches of the list (Cochran 1977, Sampling Techniques, section 8.1). The order in which it returns them is random too, so
// that who labels only the first ones labels a sample of the sample.
func pick(population []candidate, seed int64, size int) []candidate {
	ordered := slices.Clone(population)
	for i := range ordered {
		ordered[i].place = hashed(seed, ordered[i].ID)
	}
	byPlace := func(a, b candidate) int { return bytes.Compare(a.place[:], b.place[:]) }
	slices.SortFunc(ordered, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.Stratum, b.Stratum), byPlace(a, b)) })
	if len(ordered) > size {
		step := float64(len(ordered)) / float64(size)
		first := hashed(seed, uuid.Nil)
		start := step * float64(binary.BigEndian.Uint32(first[:4])) / (1 << 32)
		drawn := make([]candidate, size)
		for i := range drawn {
			drawn[i] = ordered[min(int(start+float64(i)*step), len(ordered)-1)]
		}
		ordered = drawn
	}
	slices.SortFunc(ordered, byPlace)
	return ordered
}

func hashed(seed int64, id uuid.UUID) [sha256.Size]byte {
	return sha256.Sum256([]byte("review " + strconv.FormatInt(seed, 10) + " " + id.String()))
}

// Samples returns the draws, the newest first, at most limit.
func (s *Store) Samples(ctx context.Context, limit int) ([]Sample, error) {
	rows, err := s.Pool.Query(ctx, `SELECT `+sampleColumns+` FROM eval_samples ORDER BY id DESC LIMIT @limit`,
		pgx.NamedArgs{"limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list samples: %w", err)
	}
	samples, err := pgx.CollectRows(rows, pgx.RowToStructByName[Sample])
	if err != nil {
		return nil, fmt.Errorf("list samples: %w", err)
	}
	return samples, nil
}
