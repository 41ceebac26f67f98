package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
)

// contestant is a running program that answers questions.
type contestant struct {
	body    func(question string) any
	header  http.Header
	process *os.Process
	url     string
}

// starter is who comes to the start.
type starter struct {
	contestant

	env  []string
	name string
	path string
	run  []string
}

// listen are the arguments that say where.
func (s *starter) listen(address string) []string {
	host, port, _ := strings.Cut(address, ":")
	if s.run[0] == "node" {
		return []string{host, port}
	}
	return []string{"--addr", address}
}

// line brings the contestants to the start, those of an earlier build too where there is one.
func (r *race) line(ctx context.Context, o speedOptions, out io.Writer) error {
	offline, err := r.offlineDatabase(ctx)
	if err != nil {
		return err
	}
	if err := r.fillFloor(ctx); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	starters := []starter{{
		name: nameFloor, path: "/answer", run: []string{self, "floor", "--database", r.database.service, "--model", r.model.BaseURL()},
		contestant: contestant{body: floorBody},
	}}
	starters = append(starters, r.builds(r.Binary, offline)...)
	if o.Before != "" {
		for _, one := range r.builds(o.Before, offline) {
			one.name += earlier
			starters = append(starters, one)
		}
	}
	if o.LangChain {
		ones, err := r.langchain(ctx)
		if err != nil {
			sayf(out, "LangChain.js takes no turns: %v", err)
		}
		starters = append(starters, ones...)
	}
	for _, one := range starters {
		address, err := freeAddress(ctx)
		if err != nil {
			return err
		}
		one.url = "http://" + address + one.path
		if err := r.start(ctx, &one.contestant, append(one.run, one.listen(address)...), one.env); err != nil {
			return fmt.Errorf("start %s: %w", one.name, err)
		}
		if err := r.awaitReady(ctx, "http://"+address+"/readyz"); err != nil {
			return fmt.Errorf("start %s: %w", one.name, err)
		}
		r.contestants[one.name] = &one.contestant
	}
	return nil
}

// floorBody is what the floor, and what is made like it, takes.
func floorBody(question string) any { return map[string]string{"question": question} }

// builds is a build of the program with the stand-in model, and without a model.
func (r *race) builds(binary, offline string) []starter {
	serve := []string{
		binary, "serve", "--key-rate", "0", "--total-rate", "0", "--visitor-rate", "0", "--max-questions", "512", "--log-level", "warn",
	}
	asking := contestant{
		body:   func(question string) any { return map[string]any{"message": map[string]string{"body": question}} },
		header: http.Header{"Authorization": {"Bearer " + r.widgetKey}},
	}
	model := []string{
		"DATABASE_URL=" + r.database.service, "DESKHAND_CHAT_MODEL=stand-in", "OPENAI_BASE_URL=" + r.model.BaseURL(),
	}
	return []starter{
		{name: nameModel, path: "/v1/answers", run: serve, contestant: asking, env: append(model, r.Env...)},
		{name: nameOffline, path: "/v1/answers", run: serve, contestant: asking, env: []string{"DATABASE_URL=" + offline}},
	}
}

// offlineDatabase is a copy of the desk for the contestant without a model, with the built-in embedder's vectors.
func (r *race) offlineDatabase(ctx context.Context) (string, error) {
	const name = "offline"
	if _, err := r.database.execute(ctx, `CREATE DATABASE `+name+` TEMPLATE deskhand OWNER deskhand`); err != nil {
		return "", err
	}
	address := strings.Replace(r.database.service, "/deskhand?", "/"+name+"?", 1)
	command := exec.CommandContext(ctx, r.Binary, "kb", "reindex", "--model", "builtin") //nolint:gosec // the program under test
	command.Env = append(os.Environ(), "DATABASE_URL="+address)
	command.Stdout, command.Stderr = r.log, r.log
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("make vectors without a model: %w", err)
	}
	return address, nil
}

func (r *race) fillFloor(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(r.database.service)
	if err != nil {
		return fmt.Errorf("read address of the database: %w", err)
	}
	config.AfterConnect = pgxvec.RegisterTypes
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer pool.Close()
	return (&floor{client: r.client, model: r.model.BaseURL(), pool: pool}).fill(ctx)
}

func (r *race) start(ctx context.Context, c *contestant, args, env []string) error {
	command := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the programs that are compared
	command.Env = append(append(os.Environ(), env...), "DESKHAND_CLOCK_FILE="+filepath.Join(r.dir, "clock"))
	command.Stdout, command.Stderr = r.log, r.log
	if err := command.Start(); err != nil {
		return err
	}
	c.process = command.Process
	r.stops = append(r.stops, func() {
		_ = command.Process.Signal(syscall.SIGKILL) // nothing that it holds is kept
		_ = command.Wait()
	})
	return nil
}

func (r *race) awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := r.client.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := pause(ctx, quickly); err != nil {
			return fmt.Errorf("wait until it answers: %w", err)
		}
	}
}
