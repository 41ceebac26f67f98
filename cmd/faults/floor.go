package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
)

// floorOptions are the flags of the minimum.
type floorOptions struct {
	Addr     string `help:"Address to listen on." required:""`
	Database string `help:"Where its passages are." required:""`
	Model    string `help:"Address of the model, up to /v1." required:""`
}

// floor is the least that answers from a knowledge base: one embeddings call, one walk over an index, one chat call. It removes no
// secret, knows no language, risk or person, checks nothing, and stores nothing: what it costs is what nobody can do without.
type floor struct {
	client *http.Client
	model  string
	pool   *pgxpool.Pool
}

const (
	floorConnections = 16
	floorDimensions  = 1536
	floorPassages    = 8
	floorPrompt      = "Answer the customer using only the context.\n\n"
)

// run serves until the process is ended.
func (o floorOptions) run(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(o.Database)
	if err != nil {
		return fmt.Errorf("read address of the database: %w", err)
	}
	config.AfterConnect, config.MaxConns = pgxvec.RegisterTypes, floorConnections
	f := &floor{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: mostAtOnce}}, model: o.Model}
	if f.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer f.pool.Close()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/readyz", func(c *fiber.Ctx) error { return c.SendStatus(http.StatusOK) })
	app.Post("/answer", func(c *fiber.Ctx) error { //nolint:contextcheck // a request has a context of its own
		var asked struct {
			Question string `json:"question"`
		}
		if err := c.BodyParser(&asked); err != nil {
			return fiber.ErrBadRequest
		}
		answer, err := f.answer(c.Context(), asked.Question)
		if err != nil {
			return err
		}
		return c.JSON(map[string]string{"answer": answer})
	})
	return app.Listen(o.Addr)
}

func (f *floor) answer(ctx context.Context, question string) (string, error) {
	const nearest = `SELECT body FROM floor_passages ORDER BY embedding <=> $1 LIMIT $2`
	vectors, err := f.embed(ctx, []string{question})
	if err != nil {
		return "", err
	}
	rows, err := f.pool.Query(ctx, nearest, pgvector.NewHalfVector(vectors[0]), floorPassages)
	if err != nil {
		return "", fmt.Errorf("search: %w", err)
	}
	passages, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("search: %w", err)
	}
	var reply struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
	}
	err = f.call(ctx, "/chat/completions", map[string]any{"model": "stand-in", "messages": []map[string]string{
		{"role": "system", "content": floorPrompt + strings.Join(passages, "\n\n")}, {"role": "user", "content": question},
	}}, &reply)
	if err != nil {
		return "", err
	}
	if len(reply.Choices) == 0 {
		return "", errors.New("the model did not answer")
	}
	return reply.Choices[0].Message.Content, nil
}

func (f *floor) embed(ctx context.Context, texts []string) ([][]float32, error) {
	var reply struct {
		Data []struct {
			Embedding string `json:"embedding"`
		} `json:"data"`
	}
	err := f.call(ctx, "/embeddings", map[string]any{
		"dimensions": floorDimensions, "encoding_format": "base64", "input": texts, "model": speedEmbedding,
	}, &reply)
	if err != nil {
		return nil, err
	}
	if len(reply.Data) != len(texts) {
		return nil, fmt.Errorf("%d vectors for %d texts", len(reply.Data), len(texts))
	}
	vectors := make([][]float32, len(texts))
	for i, data := range reply.Data {
		raw, err := base64.StdEncoding.DecodeString(data.Embedding)
		if err != nil {
			return nil, fmt.Errorf("read vector: %w", err)
		}
		vectors[i] = make([]float32, len(raw)/4)
		for j := range vectors[i] {
			vectors[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*j:]))
		}
	}
	return vectors, nil
}

func (f *floor) call(ctx context.Context, path string, request, reply any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("ask the model: %w", err)
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, f.model+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the model: %w", err)
	}
	post.Header.Set("Content-Type", "application/json")
	response, err := f.client.Do(post)
	if err != nil {
		return fmt.Errorf("ask the model: %w", err)
	}
	err = json.NewDecoder(response.Body).Decode(reply)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return fmt.Errorf("read the model's answer: %w", err)
	}
	return nil
}

// fill gives the floor the desk's passages, with vectors of the same model, and an index of them.
func (f *floor) fill(ctx context.Context) error {
	const atOnce = 128
	rows, err := f.pool.Query(ctx, `SELECT body FROM passages ORDER BY id`)
	if err != nil {
		return fmt.Errorf("read passages: %w", err)
	}
	bodies, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("read passages: %w", err)
	}
	if _, err := f.pool.Exec(ctx, `CREATE TABLE floor_passages (body text NOT NULL, embedding halfvec(1536) NOT NULL)`); err != nil {
		return fmt.Errorf("make table of the floor: %w", err)
	}
	for first := 0; first < len(bodies); first += atOnce {
		some := bodies[first:min(first+atOnce, len(bodies))]
		vectors, err := f.embed(ctx, some)
		if err != nil {
			return err
		}
		_, err = f.pool.CopyFrom(ctx, pgx.Identifier{"floor_passages"}, []string{"body", "embedding"},
			pgx.CopyFromSlice(len(some), func(i int) ([]any, error) { return []any{some[i], pgvector.NewHalfVector(vectors[i])}, nil }))
		if err != nil {
			return fmt.Errorf("copy passages: %w", err)
		}
	}
	if _, err := f.pool.Exec(ctx, `CREATE INDEX ON floor_passages USING hnsw (embedding halfvec_cosine_ops)`); err != nil {
		return fmt.Errorf("index passages: %w", err)
	}
	return nil
}
