package intent

import "math"

// cells are the weights of the features that are not nothing, by feature and column: a sparse matrix of some millions, two bytes
// each.
type cells struct {
	// rows says where those of each feature begin, and where the last end.
	rows []uint32
	// gaps are the steps from a cell's column to the next one's; the first starts at 0. A step that no byte holds goes
	// over cells without weight.
	gaps    []uint8
	weights []int8
	// last is the column that the row being added has come to.
	last int
}

// newCells returns cells with room for those of so many features.
func newCells(features, room int) cells {
	return cells{gaps: make([]uint8, 0, room), rows: make([]uint32, 1, features+1), weights: make([]int8, 0, room)}
}

// add appends a cell to the row that is not ended yet. Its column lies behind that of the cell before, its weight is not 0.
func (c *cells) add(column int, weight int8) {
	for ; column-c.last > math.MaxUint8; c.last += math.MaxUint8 {
		c.gaps, c.weights = append(c.gaps, math.MaxUint8), append(c.weights, 0)
	}
	c.gaps, c.weights = append(c.gaps, uint8(column-c.last)), append(c.weights, weight) //nolint:gosec // it fits now
	c.last = column
}

// endRow ends the row of a feature.
func (c *cells) endRow() {
	c.rows, c.last = append(c.rows, uint32(len(c.weights))), 0 //nolint:gosec // Decode bounds the features, and they bound the cells
}

// each calls found for each cell of a feature.
func (c *cells) each(feature int, found func(column int, weight int8)) {
	column := 0
	for i := c.rows[feature]; i < c.rows[feature+1]; i++ {
		column += int(c.gaps[i])
		if weight := c.weights[i]; weight != 0 {
			found(column, weight)
		}
	}
}

// addTo adds a feature's weights, times its value in a text, to the scores of the columns.
func (c *cells) addTo(scores []float32, t term) {
	first, end := c.rows[t.index], c.rows[t.index+1]
	weights := c.weights[first:end]
	column := 0
	for i, gap := range c.gaps[first:end] {
		column += int(gap)
		scores[column] += t.value * float32(weights[i])
	}
}
