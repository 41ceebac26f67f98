package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pemistahl/lingua-go"

	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/lang/langtest"
)

// contender is one way to name the language of a text.
type contender struct {
	load func() (detect, error)
	name string
}

// detect names the language of a text: BCP 47, "" for none. lingua-go does not tell the two kinds of Chinese apart: both
// are "zh" for it.
type detect func(text string) string

// The languages that assistant/lang knows by name, and the 14 (13 for lingua-go) that a desk writes in: the second is
// the easier task, as nothing else can be guessed.
var (
	deskLanguages = []string{"en", "zh", "vi", "tr", "ru", "ko", "es", "pt", "id", "ar", "ja", "de", "fr"}
	allLanguages  = append([]string{"uk", "fa", "hi", "th", "it", "pl", "nl", "bn", "ur", "tl", "ms"}, deskLanguages...)
)

var contenders = []contender{
	{name: "assistant/lang", load: ours},
	{name: "assistant/lang, Chinese as one", load: oursWithOneChinese},
	{name: "lingua-go, high accuracy, 24 languages", load: theirs(allLanguages, highAccuracy)},
	{name: "lingua-go, high accuracy, 13 languages", load: theirs(deskLanguages, highAccuracy)},
	{name: "lingua-go, low accuracy, 24 languages", load: theirs(allLanguages, lowAccuracy)},
}

func ours() (detect, error) {
	d, err := lang.New()
	if err != nil {
		return nil, err
	}
	return func(text string) string { return d.Detect(text, lang.Hint{}).Tag }, nil
}

func oursWithOneChinese() (detect, error) {
	named, err := ours()
	if err != nil {
		return nil, err
	}
	return func(text string) string {
		tag, _, _ := strings.Cut(named(text), "-")
		return tag
	}, nil
}

func highAccuracy(b lingua.LanguageDetectorBuilder) lingua.LanguageDetectorBuilder {
	return b.WithPreloadedLanguageModels()
}

func lowAccuracy(b lingua.LanguageDetectorBuilder) lingua.LanguageDetectorBuilder {
	return b.WithLowAccuracyMode().WithPreloadedLanguageModels()
}

// theirs loads lingua-go with some languages in one of its modes.
func theirs(tags []string, mode func(lingua.LanguageDetectorBuilder) lingua.LanguageDetectorBuilder) func() (detect, error) {
	return func() (detect, error) {
		codes := make([]lingua.IsoCode639_1, 0, len(tags))
		for _, tag := range tags {
			codes = append(codes, lingua.GetIsoCode639_1FromValue(strings.ToUpper(tag)))
		}
		d := mode(lingua.NewLanguageDetectorBuilder().FromIsoCodes639_1(codes...)).Build()
		return func(text string) string {
			language, ok := d.DetectLanguageOf(text)
			if !ok {
				return ""
			}
			return strings.ToLower(language.IsoCode639_1().String())
		}, nil
	}
}

// report is what was measured of one contender.
type report struct {
	Heap         float64          `json:"heap_mb"`      // what it keeps on the heap
	Memory       float64          `json:"memory_mb"`    // growth of the resident memory, with what is mapped from the program's file
	Microseconds float64          `json:"microseconds"` // a text of two words, on one core
	Name         string           `json:"name"`
	Suites       map[string]score `json:"suites"`
}

// score is the accuracy on one suite, over the languages that a desk writes in.
type score struct {
	Accuracy float64            `json:"accuracy"`
	ByLang   map[string]float64 `json:"by_lang"`
	N        int                `json:"n"`
}

func (c contender) measure(suites map[string][]langtest.Sample) (report, error) {
	r := report{Name: c.name, Suites: map[string]score{}}
	heap, resident, err := memory()
	if err != nil {
		return r, err
	}
	d, err := c.load()
	if err != nil {
		return r, fmt.Errorf("load: %w", err)
	}
	for name, samples := range suites {
		r.Suites[name] = rate(d, samples)
	}
	heapAfter, residentAfter, err := memory()
	if err != nil {
		return r, err
	}
	r.Heap, r.Memory = heapAfter-heap, residentAfter-resident
	r.Microseconds = pace(d, suites[langtest.TwoWords])
	runtime.KeepAlive(d)
	return r, nil
}

// rate counts the right guesses. A guess without a kind of Chinese is right for both.
func rate(d detect, samples []langtest.Sample) score {
	hits, total := map[string]int{}, map[string]int{}
	right := 0
	for _, s := range samples {
		total[s.Lang]++
		if got := d(s.Text); got == s.Lang || got == "zh" && strings.HasPrefix(s.Lang, "zh-") {
			right++
			hits[s.Lang]++
		}
	}
	out := score{Accuracy: float64(right) / float64(max(len(samples), 1)), ByLang: map[string]float64{}, N: len(samples)}
	for tag, n := range total {
		out.ByLang[tag] = float64(hits[tag]) / float64(n)
	}
	return out
}

// pace returns the microseconds for one text, of the fastest of three rounds.
func pace(d detect, samples []langtest.Sample) float64 {
	const rounds, most = 3, 2000
	samples = samples[:min(most, len(samples))]
	best := time.Duration(0)
	for range rounds {
		start := time.Now()
		for _, s := range samples {
			d(s.Text)
		}
		if took := time.Since(start); best == 0 || took < best {
			best = took
		}
	}
	return float64(best.Nanoseconds()) / 1e3 / float64(max(len(samples), 1))
}

// memory returns the live heap and the resident memory of this process in MB. The second is 0 where the system does not
// tell: it is Linux that does.
func memory() (heap, resident float64, err error) {
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	heap = float64(stats.HeapAlloc) / 1e6
	statm, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, fs.ErrNotExist) {
		return heap, 0, nil
	}
	if err != nil {
		return heap, 0, err
	}
	var size, pages int
	if _, err := fmt.Sscan(string(statm), &size, &pages); err != nil {
		return heap, 0, fmt.Errorf("read /proc/self/statm: %w", err)
	}
	return heap, float64(pages*os.Getpagesize()) / 1e6, nil
}
