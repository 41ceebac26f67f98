# The two commands are `make run` and `make test`; `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# Counting bits in one instruction: any processor for servers since 2009 can. Others ignore it.
export GOAMD64 ?= v2

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what this machine lacks: PostgreSQL, pgvector, a C compiler
	@.ci/setup

.PHONY: build
build: ## Build bin/deskhand
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/deskhand ./cmd/deskhand

.PHONY: run
run: setup build ## Set up, build and serve on :8080 with the sample knowledge base
	@exec bin/deskhand serve --sample

# The packages whose tests take longest start first, so that none of them is left over for the end.
SLOWEST := ./cmd/deskhand ./assistant/httpapi ./assistant/web/console ./assistant/triage/intent

.PHONY: test
test: ## Set up, also Chromium, run every test with the race detector, then each fuzz target for a moment
	@.ci/setup chromium
	@trap .ci/stop-test-server EXIT; go vet ./... && go test -race -shuffle=on -timeout 40m $(SLOWEST) ./... && .ci/fuzz 300x -race

.PHONY: fuzz
fuzz: setup ## Run every fuzz target for FUZZTIME (30s), guided by coverage
	@trap .ci/stop-test-server EXIT; .ci/fuzz $(or $(FUZZTIME),30s) -fuzz=.

.PHONY: faults
faults: setup ## Break everything around the service while 10,000 questions are asked; ARGS="--encrypted --questions 500 --seed 7"
	@go run ./cmd/faults $(ARGS)

.PHONY: overload
overload: setup ## Ask one replica for four times what it can do, for a minute
	@go run ./cmd/faults overload $(ARGS)

.PHONY: machines
machines: setup ## Run three replicas behind a balancer on two databases, and take one after the other away
	@go run ./cmd/faults machines $(ARGS)

.PHONY: speed
speed: setup ## Ask deskhand, LangChain.js, and a minimum that stores and checks nothing, in turns; ARGS="--rounds 9 --json speed.json"
	@go run ./cmd/faults speed $(ARGS)

.PHONY: lint
lint: ## Check style and security with golangci-lint (gosec is one of its linters), and the licences of all modules
	@go run $(GOLANGCI) run ./...
	@.ci/licences

.PHONY: vulncheck
vulncheck: ## Look for known weaknesses in what the program calls; needs https://vuln.go.dev, or a copy (GOVULNDB, see .ci/vulncheck)
	@.ci/vulncheck

.PHONY: fmt
fmt: ## Format the code with gofumpt and order the imports
	@go run $(GOLANGCI) fmt ./...

# How many passages the benchmark of retrieval imports.
PASSAGES ?= 10000

.PHONY: bench
bench: setup ## Run the benchmarks, the whole pipeline first; PASSAGES=100000 for a large knowledge base
	@trap .ci/stop-test-server EXIT; \
	go run ./cmd/faults speed; \
	go test -run '^$$' -bench '^BenchmarkRetrieval$$' -benchtime 1x -timeout 1h ./retrieval -bench.passages $(PASSAGES); \
	go test -run '^$$' -bench . -skip '^Benchmark(Faces|Gate|Retrieval)$$' -benchmem ./...

.PHONY: eval
eval: setup build ## Run all suites offline, write eval-report/ and the table in README.md
	@bin/deskhand eval all evals/suites/all.yaml --out eval-report --save evals/suites/summary.json --readme README.md

.PHONY: eval-standin
eval-standin: setup build ## Run all suites on the path of a model, with a stand-in for it, and write the table in evals/suites/README.md
	@go run ./cmd/standin -- bin/deskhand eval all evals/suites/all.yaml --out eval-report/standin \
	    --save evals/suites/summary-standin.json --readme evals/suites/README.md

.PHONY: gate-power
gate-power: setup ## Ask an unchanged desk GATE_RUNS (20) times, and desks with planted faults as often: what does the gate say?
	@trap .ci/stop-test-server EXIT; \
	go test -run '^$$' -bench '^BenchmarkGate$$' -benchtime 1x -timeout 1h -v ./cmd/deskhand -gate.runs $(or $(GATE_RUNS),20)

.PHONY: faces
faces: ## Print what people at a browser wait for: first paint, hand-off to open console, 200 consoles, size of the chat
	@.ci/setup chromium
	@trap .ci/stop-test-server EXIT; go test -run '^$$' -bench '^BenchmarkFaces$$' -benchtime 1x -v ./assistant/web/console

.PHONY: compare-lang
compare-lang: ## Compare assistant/lang with lingua-go; DATA=DIR is the folder with the development data
	@cd evals/lingua && go run . "$(or $(abspath $(DATA)),$(error set DATA to the folder with the development data: see docs/data-sources.md))"

.PHONY: embedder
embedder: build ## Train retrieval/embed/table.bin; DATA=DIR is the folder with the public aligned text
	@bin/deskhand embedder train --data "$(or $(DATA),$(error set DATA to a folder with parallel/*.jsonl.gz: see docs/data-sources.md))"
	@$(MAKE) --no-print-directory build

.PHONY: openapi
openapi: build ## Write docs/openapi.yaml from the Go types
	@mkdir -p docs && bin/deskhand openapi > docs/openapi.yaml

.PHONY: clean
clean: ## Remove what was built, and the tests' PostgreSQL
	@rm -rf bin coverage.out
	@.ci/stop-test-server remove
