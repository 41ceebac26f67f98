package page

import (
	"fmt"
	"strings"

	"github.com/deskhand/deskhand/evals"
)

// plot is a curve in a square of side units, with what a pointer is told of its dots.
type plot struct {
	Area string // of an SVG polygon under the line; empty without one
	Dots []dot
	Line string // of an SVG polyline
	Max  string // what the upper end of the vertical axis stands for
	Rods []rod
}

type dot struct{ Title, X, Y string }

// rod is an interval, drawn upright.
type rod struct{ From, To, X string }

// side of the square, in units of the SVG.
const side = 200

func place(x float64) string { return fmt.Sprintf("%.1f", side*x) }

// riskPlot is the risk-coverage curve: the error rate among the surest share of drafts.
func riskPlot(s evals.Selective) plot {
	most := 0.05
	for _, p := range s.Curve {
		most = max(most, p.Risk)
	}
	points := make([]string, 0, len(s.Curve)+1)
	for _, p := range s.Curve {
		points = append(points, place(p.Coverage)+","+place(1-p.Risk/most))
	}
	p := plot{Line: strings.Join(points, " "), Max: fmt.Sprintf("%.0f %%", 100*most)}
	if len(s.Curve) > 0 {
		first, last := s.Curve[0], s.Curve[len(s.Curve)-1]
		p.Area = place(first.Coverage) + "," + place(1) + " " + p.Line + " " + place(last.Coverage) + "," + place(1)
	}
	for _, c := range s.Coverage {
		if c.Proven {
			title := fmt.Sprintf("precision %.2f is proved for the surest %.1f %% (threshold %.2f)", c.Wanted,
				100*c.Coverage.Rate, c.Threshold)
			p.Dots = append(p.Dots, dot{Title: title, X: place(c.Coverage.Rate), Y: place(1 - (1-c.Precision.Rate)/most)})
		}
	}
	return p
}

// reliablePlot is the reliability diagram: what came true against what was promised.
func reliablePlot(s evals.Selective) plot {
	var p plot
	for _, bin := range s.Reliability {
		title := fmt.Sprintf("promised %.2f, came true %.2f (%d of %d)", bin.Promised, bin.Kept.Rate, bin.Kept.Hits, bin.Kept.N)
		p.Dots = append(p.Dots, dot{Title: title, X: place(bin.Promised), Y: place(1 - bin.Kept.Rate)})
		p.Rods = append(p.Rods, rod{From: place(1 - bin.Kept.Lower), To: place(1 - bin.Kept.Upper), X: place(bin.Promised)})
	}
	return p
}
