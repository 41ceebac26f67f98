package lang

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// The block of CJK unified ideographs that the national character sets of the last century chose from.
const (
	firstIdeograph = 0x4E00
	lastIdeograph  = 0x9FFF
	charsetBytes   = (lastIdeograph - firstIdeograph + 1) / 8
	charsetCount   = 3
)

// A character that the national set of a language lacks speaks against that language by foreignOdds (natural log), for up
// to foreignMost characters: text of one domain shows the model a fraction of the characters, the sets have them all.
const (
	foreignOdds = 2.5
	foreignMost = 4
)

// charsets says which ideographs each class of the Han group writes: one bitmap per class, in the order of its classes.
type charsets []byte

// newCharsets draws the bitmaps from GB 2312, Big5 and JIS X 0208.
func newCharsets() charsets {
	table := make(charsets, charsetCount*charsetBytes)
	for i, set := range [charsetCount]encoding.Encoding{
		simplifiedchinese.HZGB2312, traditionalchinese.Big5, japanese.ShiftJIS,
	} {
		encoder := set.NewEncoder()
		for r := rune(firstIdeograph); r <= lastIdeograph; r++ {
			if _, err := encoder.String(string(r)); err == nil {
				at := int(r - firstIdeograph)
				table[i*charsetBytes+at/8] |= 1 << (at % 8)
			}
		}
	}
	return table
}

// odds is what the characters of e say about each class, besides the model.
func (c charsets) odds(e evidence) [charsetCount]float64 {
	var foreign [charsetCount]int
	for _, w := range e.words {
		for _, r := range e.runes[w.from:w.to] {
			if r < firstIdeograph || r > lastIdeograph {
				continue
			}
			at := int(r - firstIdeograph)
			for i := range foreign {
				if c[i*charsetBytes+at/8]&(1<<(at%8)) == 0 {
					foreign[i]++
				}
			}
		}
	}
	var odds [charsetCount]float64
	for i, n := range foreign {
		odds[i] = -foreignOdds * float64(min(n, foreignMost))
	}
	return odds
}
