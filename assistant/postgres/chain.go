package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
)

// ChainHead is an end of the audit chain. Kept outside the database, it also proves that nobody has written the chain anew
// since, which a database's owner could.
type ChainHead struct {
	Hash     [sha256.Size]byte
	Position int64
}

// ParseChainHead reads what String wrote.
func ParseChainHead(text string) (ChainHead, error) {
	var head ChainHead
	position, hash, _ := strings.Cut(text, ":")
	sum, err := hex.DecodeString(hash)
	if err == nil && len(sum) == len(head.Hash) {
		head.Position, err = strconv.ParseInt(position, 10, 64)
	}
	if err != nil || len(sum) != len(head.Hash) || head.Position < 0 {
		return head, &assistant.Error{
			Code: assistant.CodeInvalid, Field: "head",
			Message: "the head must be a number, a colon and 64 hexadecimal digits, as \"audit verify\" prints it",
		}
	}
	copy(head.Hash[:], sum)
	return head, nil
}

// String returns the position and the hash in hexadecimal: "1042:9f86d0…".
func (h ChainHead) String() string {
	return strconv.FormatInt(h.Position, 10) + ":" + hex.EncodeToString(h.Hash[:])
}

// Fault is a place where the audit log is not what was written.
type Fault struct {
	EntryID  int64  `json:"entry_id,omitempty"` // of audit_log; 0 where it is not known
	Position int64  `json:"position,omitempty"` // in the chain; 0 for an entry outside it
	What     string `json:"what"`
}

// Chain is what a look through the audit chain found.
type Chain struct {
	Faults []Fault
	Head   ChainHead
	Length int64 // links that were looked at
}

// maxFaults bounds what is named of a log that is broken all over.
const maxFaults = 1000

// VerifyChain computes the audit chain again, from the first entry to the last, on one snapshot of the database. Expected are
// heads that were kept elsewhere. Progress is told the links looked at and their number, now and then.
func (s *Store) VerifyChain(ctx context.Context, expected []ChainHead, progress func(done, total int64)) (Chain, error) {
	var chain Chain
	options := pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		// The longest log takes longer than a request may.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return fmt.Errorf("lift time limit: %w", err)
		}
		v := &verifier{expected: expected, progress: progress}
		if err := v.run(ctx, tx); err != nil {
			return err
		}
		chain = Chain{Faults: v.faults, Head: v.last, Length: v.length}
		return nil
	})
	if err != nil {
		return chain, fmt.Errorf("verify audit chain: %w", err)
	}
	return chain, nil
}

// verifier walks along the chain.
type verifier struct {
	expected []ChainHead
	faults   []Fault
	last     ChainHead
	length   int64
	progress func(done, total int64)
	total    int64
}

// link is a row of the chain with the entry that it names, as far as it exists.
type link struct {
	Action      *string
	Actor       *string
	At          *int64 // microseconds since 1970
	Detail      *string
	EntryID     int64
	Hash        []byte
	Position    int64
	Previous    []byte
	SubjectID   *string
	SubjectKind *string
}

// progressEach is how many links pass between two reports.
const progressEach = 5000

func (v *verifier) run(ctx context.Context, tx pgx.Tx) error {
	head, err := v.readHead(ctx, tx)
	if err != nil {
		return err
	}
	if err := v.walk(ctx, tx); err != nil {
		return err
	}
	if v.last != head {
		v.fault(Fault{Position: v.last.Position, What: fmt.Sprintf(
			"the chain ends at %d, the head says %d: entries at the end were removed or added, or the head was changed", v.last.Position, head.Position)})
	}
	for _, kept := range v.expected {
		if kept.Position > v.last.Position {
			v.fault(Fault{Position: kept.Position, What: "the chain ends before the head that was kept: entries were removed"})
		}
	}
	return v.unchained(ctx, tx)
}

func (v *verifier) readHead(ctx context.Context, tx pgx.Tx) (ChainHead, error) {
	rows, err := tx.Query(ctx, `SELECT h.position, h.hash, (SELECT count(*) FROM audit_chain) AS total FROM audit_head h`)
	if err != nil {
		return ChainHead{}, fmt.Errorf("read head: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct {
		Hash     []byte
		Position int64
		Total    int64
	}])
	if err != nil {
		return ChainHead{}, fmt.Errorf("read head: %w", err)
	}
	if len(found) == 0 {
		v.fault(Fault{What: "the head of the chain was removed"})
		return ChainHead{Position: -1}, nil
	}
	v.total = found[0].Total
	head := ChainHead{Position: found[0].Position}
	copy(head.Hash[:], found[0].Hash)
	return head, nil
}

func (v *verifier) walk(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		SELECT c.position, c.entry_id, c.previous, c.hash, l.actor, l.action, l.subject_kind, l.subject_id,
			l.detail::text AS detail, (extract(epoch FROM l.at) * 1000000)::bigint AS at
		FROM audit_chain c LEFT JOIN audit_log l ON l.id = c.entry_id
		ORDER BY c.position`)
	if err != nil {
		return fmt.Errorf("read chain: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		l, err := pgx.RowToStructByName[link](rows)
		if err != nil {
			return fmt.Errorf("read link: %w", err)
		}
		v.check(l)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read chain: %w", err)
	}
	if v.progress != nil {
		v.progress(v.length, v.total)
	}
	return nil
}

// check judges one link. It goes on from the stored hash, so that one changed entry is one fault.
func (v *verifier) check(l link) {
	at := Fault{EntryID: l.EntryID, Position: l.Position}
	switch {
	case l.Position != v.last.Position+1:
		first := v.last.Position + 1
		v.fault(Fault{Position: first, What: fmt.Sprintf("entries at %d to %d were removed", first, l.Position-1)})
	case !bytes.Equal(l.Previous, v.last.Hash[:]):
		at.What = fmt.Sprintf("it does not follow the entry at %d: that one was replaced, or this one moved or inserted", v.last.Position)
	}
	switch hash, exists := l.hash(); {
	case !exists:
		at.What = "the entry was removed from the log"
	case !bytes.Equal(hash, l.Hash):
		at.What = "the entry was changed after it was written, or moved"
	}
	if at.What != "" {
		v.fault(at)
	}
	v.last.Position = l.Position
	copy(v.last.Hash[:], l.Hash)
	for _, kept := range v.expected {
		if kept.Position == l.Position && kept != v.last {
			v.fault(Fault{
				EntryID: l.EntryID, Position: l.Position, What: "it differs from the head that was kept: the chain was written anew",
			})
		}
	}
	v.length++
	if v.progress != nil && v.length%progressEach == 0 {
		v.progress(v.length, v.total)
	}
}

// unchained finds entries that got into the log without the chain.
func (v *verifier) unchained(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		SELECT l.id FROM audit_log l LEFT JOIN audit_chain c ON c.entry_id = l.id
		WHERE c.entry_id IS NULL ORDER BY l.id LIMIT @limit`, pgx.NamedArgs{"limit": maxFaults})
	if err != nil {
		return fmt.Errorf("look for entries outside the chain: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("look for entries outside the chain: %w", err)
	}
	for _, id := range ids {
		v.fault(Fault{EntryID: id, What: "the entry is not in the chain: it was inserted past it"})
	}
	return nil
}

func (v *verifier) fault(f Fault) {
	if len(v.faults) < maxFaults {
		v.faults = append(v.faults, f)
	}
}

// hash computes what the database's audit_hash did when the entry was written; false when the entry is gone.
func (l link) hash() ([]byte, bool) {
	if l.At == nil || l.Actor == nil || l.Action == nil || l.SubjectKind == nil || l.SubjectID == nil || l.Detail == nil {
		return nil, false
	}
	sum := sha256.New()
	_, _ = sum.Write(l.Previous) // a hash takes everything
	for _, part := range []string{
		strconv.FormatInt(l.Position, 10), strconv.FormatInt(l.EntryID, 10), strconv.FormatInt(*l.At, 10),
		*l.Actor, *l.Action, *l.SubjectKind, *l.SubjectID, *l.Detail,
	} {
		_, _ = fmt.Fprintf(sum, "%d:%s,", len(part), part)
	}
	return sum.Sum(nil), true
}
