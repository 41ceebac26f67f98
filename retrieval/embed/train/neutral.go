package train

import "math"

// neutralLanguages is in how many languages a row must be said to count: the means must be of the same contents.
const neutralLanguages = 8

// neutralise removes from all rows the directions in which the means of the languages differ. What is left of a text is
// what it says, and not what language it says it in: that is worth three points of recall@5 across languages on the
// development sets.
func neutralise(m *model, data prepared) {
	var directions [][]float64
	for _, direction := range centred(languageMeans(m, data)) {
		orthogonalise(direction, directions)
		length := math.Sqrt(product(direction, direction))
		if length < 1e-6 {
			continue // the last one follows from the others
		}
		for i := range direction {
			direction[i] /= length
		}
		directions = append(directions, direction)
	}
	parallel(len(m.squares), func(i int) {
		row := m.rows[i*m.dims:][:m.dims]
		exact := make([]float64, m.dims)
		for j, x := range row {
			exact[j] = float64(x)
		}
		orthogonalise(exact, directions)
		for j, x := range exact {
			row[j] = float32(x)
		}
	})
}

// languageMeans returns the mean of the unit vectors of each language's texts, nil where there are none.
func languageMeans(m *model, data prepared) [][]float64 {
	sums, counts := make([][]float64, len(Languages)), make([]float64, len(Languages))
	for _, texts := range data.texts {
		said := 0
		for _, t := range texts {
			if t != nil {
				said++
			}
		}
		if said < neutralLanguages {
			continue
		}
		for l, t := range texts {
			if t == nil {
				continue
			}
			if sums[l] == nil {
				sums[l] = make([]float64, m.dims)
			}
			counts[l]++
			m.addUnit(sums[l], t)
		}
	}
	for l, sum := range sums {
		for i := range sum {
			sum[i] /= counts[l]
		}
	}
	return sums
}

// addUnit adds the unit vector of a text.
func (m *model) addUnit(sum []float64, t *text) {
	vector := make([]float32, m.dims)
	for i, row := range t.rows {
		addScaled(vector, m.row(row), t.weights[i])
	}
	length := math.Sqrt(float64(dot(vector, vector))) + 1e-9
	for i, x := range vector {
		sum[i] += float64(x) / length
	}
}

// centred subtracts the mean of the vectors from each, and leaves out those that are nil.
func centred(vectors [][]float64) [][]float64 {
	var some [][]float64
	for _, v := range vectors {
		if v != nil {
			some = append(some, v)
		}
	}
	if len(some) == 0 {
		return nil
	}
	for i := range some[0] {
		mean := 0.0
		for _, v := range some {
			mean += v[i] / float64(len(some))
		}
		for _, v := range some {
			v[i] -= mean
		}
	}
	return some
}

// orthogonalise removes from v what lies in the directions, which are of length 1 and orthogonal.
func orthogonalise(v []float64, directions [][]float64) {
	for _, d := range directions {
		p := product(v, d)
		for i := range v {
			v[i] -= float64(p * d[i])
		}
	}
}

func product(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x * b[i])
	}
	return sum
}
