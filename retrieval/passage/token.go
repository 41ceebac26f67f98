package passage

import (
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/pkoukk/tiktoken-go"
	tiktokenloader "github.com/pkoukk/tiktoken-go-loader"
)

// encodingFile and encodingPattern are the cl100k_base encoding: that of OpenAI's embedding models. o200k_base takes 2.4
// times as long to load and as much memory, and passages need a measure, not an exact bill.
const (
	encodingFile    = "cl100k_base.tiktoken"
	encodingPattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// countWindow is how many bytes are counted at once: the time for a stretch without spaces grows with its square.
const countWindow = 1 << 10

// loadEncoding reads the encoding from the binary itself, at the first count: it takes 130 ms and 14 MB, a process that never
// imports does not pay for it, and one with several indexes pays once.
var loadEncoding = sync.OnceValues(func() (*tiktoken.Tiktoken, error) {
	ranks, err := tiktokenloader.NewOfflineLoader().LoadTiktokenBpe(encodingFile)
	if err != nil {
		return nil, fmt.Errorf("load token encoding: %w", err)
	}
	core, err := tiktoken.NewCoreBPE(ranks, map[string]int{}, encodingPattern)
	if err != nil {
		return nil, fmt.Errorf("build token encoding: %w", err)
	}
	encoding := &tiktoken.Encoding{Name: "cl100k_base", PatStr: encodingPattern, MergeableRanks: ranks}
	return tiktoken.NewTiktoken(core, encoding, map[string]any{}), nil
})

// countTokens returns the number of tokens of text, which may be one too many for every kilobyte.
func countTokens(text string) (int, error) {
	encoding, err := loadEncoding()
	if err != nil {
		return 0, err
	}
	total := 0
	for len(text) > 0 {
		end := min(countWindow, len(text))
		for end < len(text) && end > countWindow-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		total += len(encoding.EncodeOrdinary(text[:end]))
		text = text[end:]
	}
	return total, nil
}
