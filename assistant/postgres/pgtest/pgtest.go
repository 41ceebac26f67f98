// Package pgtest gives each test a database of its own on a real PostgreSQL with pgvector. The database is a clone of
// a template that has been migrated once, which takes some tens of milliseconds.
//
// The server is the one that DESKHAND_TEST_DATABASE_URL names (its role must be a superuser), else a shared cluster
// without durability, in memory or with the temporary files. The first test that needs it starts it; it then keeps
// running, so that the packages that `go test` runs side by side, and later runs, find it warm. `make test` stops it at
// the end. For that, each test process holds a shared lock on the file "users" in the server's folder for as long as it
// lives: who gets the exclusive lock knows that nobody is left (.ci/stop-test-server does so).
//
// A machine without PostgreSQL or pgvector fails the tests; none is ever skipped.
//
// The service's own role runs the tests on the shared cluster. It is no superuser, so a test fails where the service
// would lack a right.
package pgtest

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
)

const (
	// setupTimeout covers the slowest first use: creating the cluster and migrating the template on a busy machine.
	setupTimeout = 3 * time.Minute
	dropTimeout  = 30 * time.Second

	// poolSize lets a test run a few things side by side without taking the server's connections from other tests.
	poolSize = 6
)

// DB returns a pool on a fresh, migrated database. The pool is closed and the database dropped when the test ends.
// pgvector's types are registered on each connection.
func DB(t testing.TB) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(URL(t))
	if err != nil {
		t.Fatalf("read address of test database: %v", err)
	}
	config.MaxConns = poolSize
	config.AfterConnect = pgxvec.RegisterTypes
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL returns the address of a fresh, migrated database, which is dropped when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	return clone(t, func(ctx context.Context, s *server) (string, error) { return s.template(ctx) })
}

// EmptyURL returns the address of a fresh database without migrations, which is dropped when the test ends.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return clone(t, func(context.Context, *server) (string, error) { return "template1", nil })
}

// Superuser returns a connection to the database of a pool whom no trigger and no right holds, until the test ends.
func Superuser(t testing.TB, pool *pgxpool.Pool) *pgx.Conn {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("find test server: %v", err)
	}
	config, err := pgx.ParseConfig(s.admin)
	if err != nil {
		t.Fatalf("read address of test server: %v", err)
	}
	config.Database = pool.Config().ConnConfig.Database
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatalf("connect as superuser: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// clone makes a database from a template and drops it when the test ends.
func clone(t testing.TB, template func(context.Context, *server) (string, error)) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), setupTimeout)
	defer cancel()
	s, err := shared()
	if err != nil {
		t.Fatalf("find test server: %v", err)
	}
	source, err := template(ctx, s)
	if err != nil {
		t.Fatalf("make template database: %v", err)
	}
	name := clonePrefix + strings.ToLower(rand.Text())
	if err := s.execute(ctx, s.create(name, source)); err != nil {
		t.Fatalf("clone test database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), dropTimeout)
		defer cancel()
		// FORCE: a test may have killed a program whose connections the server has not yet missed.
		if err := s.execute(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Logf("drop test database, which the next run drops: %v", err)
		}
	})
	return s.url(name)
}
