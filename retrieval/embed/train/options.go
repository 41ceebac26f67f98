package train

import "github.com/deskhand/deskhand/retrieval/embed"

// Options of a training.
type Options struct {
	Batch         int // pairs of a step
	Dimensions    int // a multiple of 16
	Dropout       float64
	Epochs        int     // passes over the text
	HoldOut       int     // one section in so many is not trained on but measured with; 0 trains on all
	HoldOutOwn    int     // the same for sections of own tables: there are few, and they are the ones that matter
	IDFPower      float64 // of the logarithm of a feature's rarity, in its weight
	LoosePairs    float64 // of each loose question, an epoch
	MinTexts      int     // in which a feature must occur
	OwnPairs      float64 // of each own text with English, and as many with another language, an epoch
	QuestionPairs float64 // of each question with another of its section, an epoch
	Rate          float64 // of learning, at the beginning
	RateEnd       float64
	Rows          int     // of the table at most
	SectionPairs  float64 // of each question with a passage of its section, an epoch
	Seed          uint64
	Temperature   float64
	Upsample      float64 // the most often that a text in a language with little text counts
}

// Defaults returns the options that the built-in table is trained with. They were chosen on sections held out of the public
// text and on the development sets of bitcoin.org and ethereum.org; seeds differ by up to two points.
func Defaults() Options {
	return Options{
		Batch: 128, Dimensions: embed.Dimensions, Dropout: 0.4, Epochs: 8, HoldOut: 20, HoldOutOwn: 5, IDFPower: 1.5,
		LoosePairs: 0.5, MinTexts: 3, OwnPairs: 2, QuestionPairs: 2, Rate: 0.03, RateEnd: 0.002, Rows: 110_000, SectionPairs: 6, Seed: 1,
		Temperature: 0.1, Upsample: 4,
	}
}
