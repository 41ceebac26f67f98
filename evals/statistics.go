package evals

import (
	"cmp"
	"math"
	"slices"
)

// calibrationBins is the usual number of bins of the expected calibration error (Guo et al. 2017, On Calibration of Modern
// Neural Networks).
const calibrationBins = 10

// quantile is the smallest of values, in ascending order and at least one, that a share of them does not exceed.
func quantile(share float64, values []float64) float64 {
	return values[max(int(math.Ceil(share*float64(len(values))))-1, 0)]
}

// judged is a prediction with its probability and whether it was right.
type judged struct {
	probability float64
	right       bool
}

// calibrationError is the mean distance between what is promised and what is kept, over equal bins of probability.
func calibrationError(predictions []judged) float64 {
	var gaps [calibrationBins]float64
	for _, p := range predictions {
		bin := binOf(p.probability)
		gaps[bin] += p.probability
		if p.right {
			gaps[bin]--
		}
	}
	sum := 0.0
	for _, gap := range gaps {
		sum += math.Abs(gap)
	}
	return sum / float64(max(len(predictions), 1))
}

func binOf(probability float64) int { return min(int(probability*calibrationBins), calibrationBins-1) }

// riskArea is the area under the risk-coverage curve: the mean error rate over all ways to answer only the surest
// (Geifman, Uziel and El-Yaniv 2019, Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers).
func riskArea(predictions []judged) float64 {
	sorted := slices.Clone(predictions)
	slices.SortStableFunc(sorted, func(a, b judged) int { return cmp.Compare(b.probability, a.probability) })
	wrong, area := 0.0, 0.0
	for i, p := range sorted {
		if !p.right {
			wrong++
		}
		area += wrong / float64(i+1)
	}
	return area / float64(max(len(sorted), 1))
}

// rankArea is the area under the ROC curve: the probability that a high score of the first kind beats one of the second
// (Mann and Whitney 1947). Ties count half.
func rankArea(higher, lower []float64) float64 {
	if len(higher) == 0 || len(lower) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(lower))
	wins := 0.0
	for _, score := range higher {
		below, _ := slices.BinarySearch(sorted, score)
		upTo := below
		for upTo < len(sorted) && sorted[upTo] == score {
			upTo++
		}
		wins += float64(below) + float64(upTo-below)/2
	}
	return wins / float64(len(higher)*len(lower))
}
