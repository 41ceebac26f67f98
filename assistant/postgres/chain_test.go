package postgres_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// written fills the log with ten entries.
func (b *testBundle) written(t *testing.T) {
	t.Helper()
	for range 10 {
		require.NoError(t, b.store.Record(t.Context(), postgres.Entry{
			Action: "test.write", Actor: "cli", Detail: map[string]any{"count": 3, "名字": "值:,"}, SubjectID: "one", SubjectKind: "test",
		}))
	}
}

func (b *testBundle) verify(t *testing.T, expected ...postgres.ChainHead) postgres.Chain {
	t.Helper()
	chain, err := b.store.VerifyChain(t.Context(), expected, nil)
	require.NoError(t, err)
	return chain
}

// tamper does what only a superuser can, who is held by no trigger.
func (b *testBundle) tamper(t *testing.T, statements string) {
	t.Helper()
	require.NoError(t, pgx.BeginFunc(t.Context(), pgtest.Superuser(t, b.pool), func(tx pgx.Tx) error {
		for statement := range strings.SplitSeq("SET LOCAL session_replication_role = replica;"+statements, ";") {
			if _, err := tx.Exec(t.Context(), statement); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestAuditChain(t *testing.T) {
	t.Parallel()

	t.Run("IsIntactAfterHonestWork", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.written(t)
		chain := b.verify(t)
		require.Empty(t, chain.Faults)
		require.Equal(t, chain.Length, chain.Head.Position)
		again, err := postgres.ParseChainHead(chain.Head.String())
		require.NoError(t, err)
		require.Equal(t, chain.Head, again)
		b.written(t)
		require.Empty(t, b.verify(t, chain.Head).Faults, "a head that was kept still holds")
	})

	t.Run("ManyWritersMakeOneChain", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		var writing sync.WaitGroup
		for range 8 {
			writing.Go(func() { b.written(t) })
		}
		writing.Wait()
		chain := b.verify(t)
		require.Empty(t, chain.Faults)
		require.GreaterOrEqual(t, chain.Length, int64(80))
	})

	for name, test := range map[string]struct {
		tamper string
		fault  string
		at     []int64 // positions that are named
	}{
		"an actor":           {`UPDATE audit_log SET actor = 'mallory' WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5)`, "changed", []int64{5}},
		"a time":             {`UPDATE audit_log SET at = at + interval '1 microsecond' WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5)`, "changed", []int64{5}},
		"a detail":           {`UPDATE audit_log SET detail = '{}' WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5)`, "changed", []int64{5}},
		"parts moved":        {`UPDATE audit_log SET subject_id = 'on', subject_kind = 'teste' WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5)`, "changed", []int64{5}},
		"an entry removed":   {`DELETE FROM audit_log WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5)`, "removed", []int64{5}},
		"a link removed":     {`DELETE FROM audit_log WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5); DELETE FROM audit_chain WHERE position = 5`, "removed", []int64{5}},
		"the first removed":  {`DELETE FROM audit_log WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 1); DELETE FROM audit_chain WHERE position = 1`, "removed", []int64{1}},
		"the last removed":   {`DELETE FROM audit_log WHERE id = (SELECT max(entry_id) FROM audit_chain); DELETE FROM audit_chain WHERE position = (SELECT max(position) FROM audit_chain)`, "at the end", nil},
		"one inserted":       {`INSERT INTO audit_log (at, actor, action, subject_kind, subject_id) VALUES (now(), 'cli', 'test.write', 'test', 'one')`, "inserted", []int64{0}},
		"two swapped":        {`UPDATE audit_chain SET entry_id = -entry_id WHERE position IN (5, 6); UPDATE audit_chain c SET entry_id = -o.entry_id FROM audit_chain o WHERE c.position IN (5, 6) AND o.position = 11 - c.position`, "changed", []int64{5, 6}},
		"two links swapped":  {`UPDATE audit_chain SET position = position + 100 WHERE position IN (5, 6); UPDATE audit_chain SET position = 111 - position WHERE position > 100`, "follow", []int64{5, 6, 7}},
		"one hashed again":   {`UPDATE audit_log SET actor = 'mallory' WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5); UPDATE audit_chain c SET hash = audit_hash(c.previous, c.position, l) FROM audit_log l WHERE l.id = c.entry_id AND c.position = 5`, "follow", []int64{6}},
		"the head set back":  {`UPDATE audit_head SET position = position - 1`, "the head", nil},
		"the head removed":   {`DELETE FROM audit_head`, "head of the chain was removed", nil},
		"everything removed": {`DELETE FROM audit_chain; DELETE FROM audit_log`, "at the end", nil},
	} {
		t.Run("Names/"+name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.written(t)
			b.tamper(t, test.tamper)
			chain := b.verify(t)
			require.NotEmpty(t, chain.Faults)
			var words strings.Builder
			var positions []int64
			for _, fault := range chain.Faults {
				words.WriteString(fault.What + "\n")
				positions = append(positions, fault.Position)
			}
			require.Contains(t, words.String(), test.fault)
			for _, at := range test.at {
				require.Contains(t, positions, at, words.String())
			}
		})
	}

	t.Run("WrittenAnewIsFoundByAHeadThatWasKept", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.written(t)
		kept := b.verify(t).Head
		// The owner of the database changes an entry and computes everything after it again.
		b.tamper(t, `UPDATE audit_log SET actor = 'mallory' WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 5);
			CREATE TABLE anew AS WITH RECURSIVE chain AS (
				SELECT 0::bigint AS position, 0::bigint AS entry_id, decode(repeat('00', 32), 'hex') AS previous, decode(repeat('00', 32), 'hex') AS hash
				UNION ALL SELECT c.position, c.entry_id, n.hash, audit_hash(n.hash, c.position, l)
				FROM chain n JOIN audit_chain c ON c.position = n.position + 1 JOIN audit_log l ON l.id = c.entry_id
			) SELECT position, entry_id, previous, hash FROM chain;
			UPDATE audit_chain c SET previous = n.previous, hash = n.hash FROM anew n WHERE n.position = c.position;
			UPDATE audit_head h SET hash = n.hash FROM anew n WHERE n.position = h.position`)
		require.Empty(t, b.verify(t).Faults, "the chain alone cannot tell")
		require.NotEmpty(t, b.verify(t, kept).Faults)
	})

	t.Run("CannotBeChangedByTheService", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.written(t)
		for _, statement := range []string{
			`UPDATE audit_log SET actor = 'x'`, `DELETE FROM audit_log`, `TRUNCATE audit_log CASCADE`, `UPDATE audit_chain SET position = position + 1`,
			`DELETE FROM audit_chain`, `TRUNCATE audit_chain`, `UPDATE audit_head SET position = 0`, `UPDATE audit_head SET position = position + 1`,
			`DELETE FROM audit_head`, `TRUNCATE audit_head`, `INSERT INTO audit_head (one, position, hash) VALUES (true, 0, decode(repeat('00', 32), 'hex'))`,
		} {
			_, err := b.pool.Exec(t.Context(), statement)
			require.ErrorContains(t, err, "not allowed", statement)
		}
		require.Empty(t, b.verify(t).Faults)
	})
}

func TestParseChainHeadRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "1", "1:", ":" + strings.Repeat("00", 32), "-1:" + strings.Repeat("00", 32), "1:" + strings.Repeat("0", 63), "1:zz"} {
		_, err := postgres.ParseChainHead(text)
		require.Error(t, err, text)
	}
}

func FuzzParseChainHead(f *testing.F) {
	f.Add(postgres.ChainHead{Position: 1042}.String())
	f.Add("-1:" + strings.Repeat("0", 64))
	f.Add(":")
	f.Fuzz(func(t *testing.T, text string) {
		head, err := postgres.ParseChainHead(text)
		if err != nil {
			require.Equal(t, assistant.CodeInvalid, assistant.ErrorCode(err))
			return
		}
		again, err := postgres.ParseChainHead(head.String())
		require.NoError(t, err)
		require.Equal(t, head, again)
	})
}
