package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// The longest that the shorter and the longer faults last.
const (
	shortFault = 1500 * time.Millisecond
	longFault  = 5 * time.Second
	// clockJump is more than every deadline and promise in the program but the retention.
	clockJump = 90 * time.Minute
	// drainLimit is what a replica may take from SIGTERM to its end.
	drainLimit = 25 * time.Second
	// tooManyConnections is PostgreSQL's code for them.
	tooManyConnections = "53300"
)

// kind is a way in which something fails.
type kind struct {
	database bool                                          // it changes or stops the database
	inject   func(ctx context.Context, f *injection) error // fails, waits, heals
	lasts    time.Duration                                 // at most
	name     string
}

// injection is one fault.
type injection struct {
	*bench

	At       time.Time
	HealedAt time.Time
	Hits     int // what it met: processes, connections, sessions, requests
	Kind     string
	random   *rand.Rand
	span     time.Duration
}

// kinds are all of them.
func (o options) kinds() []kind {
	all := []kind{
		{name: "replica killed", inject: killOne},
		{name: "all replicas killed", inject: killAll},
		{name: "replica stopped (SIGTERM)", inject: terminate},
		{name: "database restarted", database: true, inject: restart(syscall.SIGINT), lasts: shortFault},
		{name: "database killed (SIGKILL)", database: true, inject: restart(syscall.SIGKILL), lasts: shortFault},
		{name: "database crashed (SIGQUIT)", database: true, inject: restart(syscall.SIGQUIT), lasts: longFault},
		{name: "connections cut", inject: func(_ context.Context, f *injection) error { f.Hits = f.network.cut(); return nil }},
		{name: "network stalled", inject: stall, lasts: longFault},
		{name: "sessions ended by the server", database: true, inject: endSessions},
		{name: "disk full", database: true, inject: fillDisk, lasts: longFault},
		{name: "connections used up", database: true, inject: useUpConnections, lasts: longFault},
		{name: "pool exhausted (table locked)", database: true, inject: lockTable, lasts: longFault},
		{name: "model slow", inject: withModel(llmtest.Slow(2 * time.Second)), lasts: longFault},
		{name: "model hangs", inject: withModel(llmtest.Hang()), lasts: longFault},
		{name: "model fails", inject: withModel(llmtest.ServerError(503)), lasts: longFault},
		{name: "model cut off", inject: withModel(llmtest.CutBody()), lasts: longFault},
		{name: "clock ahead", inject: moveClock(clockJump), lasts: longFault},
		{name: "clock behind", inject: moveClock(-clockJump), lasts: longFault},
		{name: "webhook consumer down", inject: breakReceiver, lasts: longFault},
	}
	if o.Encrypted {
		all = append(all, kind{name: "encryption keys rotated", database: true, inject: rotateKeys})
	}
	return all
}

func (f *injection) replica() *replica { return f.replicas[f.random.IntN(len(f.replicas))] }

// last waits for as long as the fault lasts.
func (f *injection) last(ctx context.Context) error { return pause(ctx, f.span) }

// kill ends a replica as soon as there is one to end.
func (f *injection) kill(ctx context.Context, r *replica) error {
	if err := r.awaitProcess(ctx); err != nil {
		return err
	}
	r.signal(syscall.SIGKILL)
	f.Hits++
	return nil
}

func killOne(ctx context.Context, f *injection) error { return f.kill(ctx, f.replica()) }

func killAll(ctx context.Context, f *injection) error {
	for _, r := range f.replicas {
		if err := f.kill(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// terminate asks a replica to stop. It must finish what it has begun in time.
func terminate(ctx context.Context, f *injection) error {
	r := f.replica()
	if err := r.awaitProcess(ctx); err != nil {
		return err
	}
	gone, begun := r.signal(syscall.SIGTERM), time.Now()
	if err := gone(ctx); err != nil {
		return err
	}
	f.Hits++
	if took := time.Since(begun); took > drainLimit {
		return fmt.Errorf("a replica took %s from SIGTERM to its end, more than %s", took, drainLimit)
	}
	return nil
}

func restart(how syscall.Signal) func(context.Context, *injection) error {
	return func(ctx context.Context, f *injection) error {
		running, err := f.database.end(ctx, how)
		if err != nil {
			return err
		}
		if running {
			f.Hits++
		}
		err = f.last(ctx)
		return errors.Join(err, f.database.start(context.WithoutCancel(ctx)))
	}
}

func stall(ctx context.Context, f *injection) error {
	f.Hits = f.network.hold()
	defer f.network.release()
	return f.last(ctx)
}

func endSessions(ctx context.Context, f *injection) error {
	rows, err := f.database.execute(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'deskhand'")
	f.Hits = rows
	return err
}

// fillDisk leaves no room where the database is. Where the machine gives the harness no disk of its own, the database only says
// that there is none left.
func fillDisk(ctx context.Context, f *injection) error {
	if !f.database.mounted {
		return pretendFull(ctx, f)
	}
	if err := f.database.fill(); err != nil {
		return errors.Join(err, os.Remove(f.database.ballast()))
	}
	f.Hits++ // there was no room for another block
	err := f.last(ctx)
	// PostgreSQL ends when it cannot write ahead, and is started when there is room again.
	return errors.Join(err, os.Remove(f.database.ballast()), f.database.start(context.WithoutCancel(ctx)))
}

func pretendFull(ctx context.Context, f *injection) error {
	conn, err := pgx.Connect(ctx, f.database.inDatabase())
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER no_room BEFORE INSERT ON messages EXECUTE FUNCTION no_room();
		CREATE TRIGGER no_room BEFORE INSERT ON river_job EXECUTE FUNCTION no_room();`)
	if err != nil {
		return fmt.Errorf("pretend that the disk is full: %w", err)
	}
	f.Hits++
	err = f.last(ctx)
	_, healing := conn.Exec(context.WithoutCancel(ctx), `DROP FUNCTION no_room CASCADE`)
	return errors.Join(err, healing)
}

// useUpConnections takes all connections that the server has left, so that a replica gets no new one.
func useUpConnections(ctx context.Context, f *injection) error {
	var held []*pgx.Conn
	defer func() {
		for _, conn := range held {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}()
	var refused *pgconn.PgError
	for range serverConnections {
		conn, err := pgx.Connect(ctx, f.database.service)
		if errors.As(err, &refused) && refused.Code == tooManyConnections {
			f.Hits = len(held)
			break
		}
		if err != nil {
			return fmt.Errorf("use up connections: %w", err)
		}
		held = append(held, conn)
	}
	f.network.cut() // those that the replicas have are lost: they must get new ones
	return f.last(ctx)
}

// lockTable makes every connection of a pool wait, until none is left.
func lockTable(ctx context.Context, f *injection) error {
	conn, err := pgx.Connect(ctx, f.database.inDatabase())
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `BEGIN; LOCK TABLE messages IN ACCESS EXCLUSIVE MODE`); err != nil {
		return fmt.Errorf("lock table: %w", err)
	}
	err = f.last(ctx)
	counting := conn.QueryRow(context.WithoutCancel(ctx), `SELECT count(*) FROM pg_locks WHERE NOT granted`).Scan(&f.Hits)
	return errors.Join(err, counting)
}

func withModel(fault llmtest.Fault) func(context.Context, *injection) error {
	return func(ctx context.Context, f *injection) error {
		before := f.model.Count(llmtest.Chat)
		f.model.Always(llmtest.Chat, fault)
		defer f.model.Heal(llmtest.Chat)
		err := f.last(ctx)
		f.Hits = f.model.Count(llmtest.Chat) - before
		return err
	}
}

// moveClock moves the clock of one replica, and kills it while it is wrong in every second case: what it has stored then has the
// wrong times, and nobody is left who knows better.
func moveClock(ahead time.Duration) func(context.Context, *injection) error {
	return func(ctx context.Context, f *injection) error {
		r := f.replica()
		if err := errors.Join(r.awaitProcess(ctx), r.setClock(ahead)); err != nil {
			return err
		}
		err := f.last(ctx)
		if r.reads() {
			f.Hits++
		}
		if f.random.IntN(2) == 0 {
			r.signal(syscall.SIGKILL)
		}
		return errors.Join(err, r.setClock(0))
	}
}

func breakReceiver(ctx context.Context, f *injection) error {
	f.receiver.fail()
	err := f.last(ctx)
	f.Hits = f.receiver.heal()
	return err
}
