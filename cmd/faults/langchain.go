package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed langchain
var langchainFiles embed.FS

const (
	nameLangChain        = "LangChain.js"
	nameLangChainIndexed = "LangChain.js, index used"
)

// langchainTables are the contestants by their tables. The index that LangChain.js makes is on its column cast to a length, and the
// statement that it searches with does not cast: PostgreSQL uses the index only where the column itself has that length, which the
// documentation does not mention.
func langchainTables() map[string]string {
	return map[string]string{nameLangChain: "langchain_documented", nameLangChainIndexed: "langchain_indexed"}
}

// langchain prepares the contestants that are made with LangChain.js: packages of fixed versions from npm, which nothing else here
// needs, and the floor's passages. Without Node.js, or its packages, it says so, and there are none.
func (r *race) langchain(ctx context.Context) ([]starter, error) {
	dir := filepath.Join(r.dir, "langchain")
	files, err := fs.Sub(langchainFiles, "langchain")
	if err != nil {
		return nil, fmt.Errorf("find LangChain.js contestant: %w", err)
	}
	if err := os.CopyFS(dir, files); err != nil {
		return nil, fmt.Errorf("write LangChain.js contestant: %w", err)
	}
	install := exec.CommandContext(ctx, "sh", "-c", "node --version && npm install --no-audit --no-fund --silent")
	install.Dir = dir
	if output, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(string(output)))
	}
	pool, err := pgxpool.New(ctx, r.database.service)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer pool.Close()
	var starters []starter
	for _, name := range []string{nameLangChain, nameLangChainIndexed} {
		table, column := langchainTables()[name], "vector"
		if name == nameLangChainIndexed {
			column = fmt.Sprintf("vector(%d)", floorDimensions)
		}
		// As PGVectorStore makes it.
		_, err := pool.Exec(ctx, fmt.Sprintf(`
			CREATE TABLE %[1]s (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), text text, metadata jsonb, embedding %[2]s);
			INSERT INTO %[1]s (text, metadata, embedding) SELECT body, '{}', embedding::vector FROM floor_passages;
			ANALYZE %[1]s`, table, column))
		if err != nil {
			return nil, fmt.Errorf("fill table of %s: %w", name, err)
		}
		starters = append(starters, starter{
			name: name, path: "/answer", contestant: contestant{body: floorBody},
			run: []string{"node", filepath.Join(dir, "serve.mjs"), r.database.service, r.model.BaseURL(), table},
		})
	}
	return starters, nil
}
