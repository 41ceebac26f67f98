package lang

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Row is a text in a known language.
type Row struct {
	// Class is a tag of Supported, another known language, "und" for a neighbour that is none of these, or one of
	// "ar-Latn", "ru-Latn", "hi-Latn" for a language typed in Latin letters.
	Class string
	Text  string
	// Typed marks text as a customer types it. It is rare and close to what the Detector meets, so it is drawn more often.
	Typed bool
}

// Options sets how Train goes about. The zero value of a field means its default.
type Options struct {
	// Draws is the number of training samples per class; 60,000 by default.
	Draws int `json:"draws"`
	// Rate is the initial step of AdaGrad; 0.3 by default.
	Rate float64 `json:"rate"`
	// Seed chooses the samples; 1 by default.
	Seed uint64 `json:"seed"`
}

func (o Options) withDefaults() Options {
	if o.Draws == 0 {
		o.Draws = 60_000
	}
	if o.Rate == 0 {
		o.Rate = 0.3
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	return o
}

// ErrNoText is wrapped by the error of Train about a class without a row.
var ErrNoText = errors.New("no training text")

// Train fits one multinomial logistic regression per script (AdaGrad over samples cut from the rows: single words, runs,
// whole texts, with and without accents) and returns the weight file that Load reads. sources goes into the file's
// header. The result depends on the arguments only: not on the number of CPUs, the clock, or the order of a map.
func Train(rows []Row, sources []Source, options Options) ([]byte, error) {
	options = options.withDefaults()
	specs := groups()
	models := make([]model, len(specs))
	for i := range specs {
		corpora, err := gather(&specs[i], rows)
		if err != nil {
			return nil, fmt.Errorf("gather texts: %w", err)
		}
		t := newTrainer(&specs[i], options)
		t.run(corpora, options.Draws)
		models[i] = t.quantise()
	}
	file, err := encodeWeights(models, options, sources)
	if err != nil {
		return nil, fmt.Errorf("encode weights: %w", err)
	}
	return file, nil
}

// trainer holds a model while it is fitted.
type trainer struct {
	group   *group
	rate    float32
	rng     *rand.Rand
	squares []float32 // sums of squared gradients
	weights []float32
}

func newTrainer(g *group, options Options) *trainer {
	return &trainer{
		group:   g,
		rate:    float32(options.Rate),
		rng:     rand.New(rand.NewPCG(options.Seed, uint64(len(g.classes)))), //nolint:gosec // the same seed must give the same model
		squares: make([]float32, g.size()),
		weights: make([]float32, g.size()),
	}
}

// run visits the classes in turn, in a new order each round.
func (t *trainer) run(corpora []corpus, draws int) {
	order := make([]int, len(corpora))
	for i := range order {
		order[i] = i
	}
	buffer := make([]uint32, 0, maxFeatures)
	for range draws {
		t.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, class := range order {
			sample := corpora[class].draw(t.rng)
			if buffer = t.group.features(sample, buffer[:0]); len(buffer) > 0 {
				t.step(buffer, class)
			}
		}
	}
}

// step moves the weights of a sample's features along the gradient of its log loss. The conversions keep compilers from
// fusing multiplication and addition, which would round differently from one processor to the next.
func (t *trainer) step(features []uint32, class int) {
	width := len(t.group.classes)
	var s scores
	value := float32(damping(len(features)))
	var sums [maxClasses]float32
	for _, bucket := range features {
		for i, w := range t.weights[int(bucket)*width:][:width] {
			sums[i] += w
		}
	}
	for i := range width {
		s[i] = float64(sums[i] * value)
	}
	s.softmax(width)
	var gradient [maxClasses]float32
	for i := range width {
		gradient[i] = float32(s[i]) * value
	}
	gradient[class] -= value
	for _, bucket := range features {
		weights, squares := t.weights[int(bucket)*width:][:width], t.squares[int(bucket)*width:][:width]
		for i, g := range gradient[:width] {
			squares[i] += float32(g * g)
			weights[i] -= float32(t.rate * g / (1e-4 + float32(math.Sqrt(float64(squares[i])))))
		}
	}
}

// quantise rounds the weights to int8. The largest of them are clipped: one outlier must not cost all others their
// resolution.
func (t *trainer) quantise() model {
	sizes := make([]float32, 0, len(t.weights))
	for _, w := range t.weights {
		if w != 0 {
			sizes = append(sizes, float32(math.Abs(float64(w))))
		}
	}
	slices.Sort(sizes)
	scale := float32(1)
	if len(sizes) > 0 {
		scale = sizes[len(sizes)-1-len(sizes)/2000] / math.MaxInt8
	}
	packed := make([]byte, len(t.weights))
	for i, w := range t.weights {
		q := math.Round(float64(w / scale))
		packed[i] = byte(int8(max(-math.MaxInt8, min(math.MaxInt8, q)))) //nolint:gosec // the byte holds an int8
	}
	return model{group: *t.group, scale: scale, weights: packed}
}
