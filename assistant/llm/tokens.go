package llm

import (
	"embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/pkoukk/tiktoken-go"
)

// Encoding names a tokenizer.
type Encoding string

// The encodings of the models in use. Others exist and belong to models that are shut down.
const (
	CL100K Encoding = "cl100k_base"
	O200K  Encoding = "o200k_base"
)

// maxWord is the longest run without white space that is encoded at once, in bytes. The encoder's time grows with the
// square of a run, and text from outside can be one run. Cutting a longer one adds at most a token per cut.
const maxWord = 1 << 10

// EncodingFor names the encoding of a model: cl100k for GPT-4, GPT-3.5 and OpenAI's embedding models, else o200k. For
// models of other makers this is an estimate.
func EncodingFor(model string) Encoding {
	switch {
	case strings.HasPrefix(model, "gpt-4o"), strings.HasPrefix(model, "gpt-4.1"), strings.HasPrefix(model, "gpt-4.5"):
		return O200K
	case strings.HasPrefix(model, "gpt-4"), strings.HasPrefix(model, "gpt-3.5"), strings.HasPrefix(model, "text-embedding-"):
		return CL100K
	default:
		return O200K
	}
}

// Tokens counts tokens with encodings that are part of the binary; it never uses the network. An encoding is loaded
// when it is first used (0.1 to 0.3 s, 14 to 34 MB) and kept. It is safe for concurrent use.
type Tokens struct {
	encodings map[Encoding]func() (*tiktoken.CoreBPE, error)
}

// NewTokens loads nothing yet.
func NewTokens() *Tokens {
	return &Tokens{encodings: map[Encoding]func() (*tiktoken.CoreBPE, error){
		CL100K: sync.OnceValues(func() (*tiktoken.CoreBPE, error) { return loadEncoding(CL100K, cl100kWords) }),
		O200K:  sync.OnceValues(func() (*tiktoken.CoreBPE, error) { return loadEncoding(O200K, o200kWords) }),
	}}
}

// Count returns the number of tokens of a text, without the few that a chat format adds per message. The error means
// that the encoding is unknown.
func (t *Tokens) Count(encoding Encoding, text string) (int, error) {
	load, ok := t.encodings[encoding]
	if !ok {
		return 0, fmt.Errorf("count tokens: unknown encoding %q", string(encoding))
	}
	bpe, err := load()
	if err != nil {
		return 0, fmt.Errorf("count tokens: %w", err)
	}
	encoder := tiktoken.NewTiktoken(bpe, nil, nil)
	n := 0
	for text != "" {
		cut := chunk(text)
		n += len(encoder.EncodeOrdinary(text[:cut]))
		text = text[cut:]
	}
	return n, nil
}

// The expressions that split text into words before the encoding, as published with each encoding
// (github.com/openai/tiktoken, openai_public.py). tiktoken-go has them too, but hands them out only through a loader in
// a package variable, which two packages could set at the same time.
const (
	cl100kWords = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	o200kWords  = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// encodings are compressed: the tokens of each in the order of their ranks, each after its length, a byte.
//
//go:embed encodings/*.zst
var encodings embed.FS

// loadEncoding reads an encoding from the binary. Special tokens are left out: in text from outside they are text.
func loadEncoding(encoding Encoding, words string) (*tiktoken.CoreBPE, error) {
	compressed, err := encodings.ReadFile("encodings/" + string(encoding) + ".zst")
	if err != nil {
		return nil, fmt.Errorf("load encoding: %w", err)
	}
	ranks, err := readRanks(compressed)
	if err != nil {
		return nil, fmt.Errorf("load encoding %s: %w", encoding, err)
	}
	bpe, err := tiktoken.NewCoreBPE(ranks, nil, words)
	if err != nil {
		return nil, fmt.Errorf("prepare encoding %s: %w", encoding, err)
	}
	return bpe, nil
}

func readRanks(compressed []byte) (map[string]int, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	plain, err := decoder.DecodeAll(compressed, nil)
	if err != nil {
		return nil, err
	}
	ranks := make(map[string]int)
	for rest := string(plain); rest != ""; {
		end := 1 + int(rest[0])
		if end > len(rest) {
			return nil, errors.New("its last token is cut off")
		}
		ranks[rest[1:end]] = len(ranks)
		rest = rest[end:]
	}
	return ranks, nil
}

// chunk returns where to cut the first piece off a text: before a single space between two words once maxWord bytes are
// reached, where a cut changes no count, or after twice as many bytes wherever that is.
func chunk(text string) int {
	if len(text) <= maxWord {
		return len(text)
	}
	for i := maxWord; i < min(2*maxWord, len(text)-1); i++ {
		if text[i] != ' ' {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+1:])
		if !unicode.IsSpace(before) && !unicode.IsSpace(after) {
			return i
		}
	}
	cut := min(2*maxWord, len(text))
	for cut > maxWord && cut < len(text) && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return cut
}
