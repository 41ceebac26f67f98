package evals

import (
	"fmt"
	"io"
	"strings"
)

// A plot is a square of plotSize units with plotMargin around it, in SVG 1.1 without scripts, fonts or links.
const (
	plotSize   = 400.0
	plotMargin = 60.0
)

// plot is a diagram with both axes from 0 to their end.
type plot struct {
	body       strings.Builder
	right, top float64 // ends of the axes
}

// newPlot draws the frame. Title and labels are ours: none comes from a suite.
func newPlot(title, across, up string, top float64) *plot {
	p := &plot{right: 1, top: top}
	whole := plotSize + 2*plotMargin
	p.addf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s" `+
		`font-family="sans-serif" font-size="13">`, whole, whole, whole, whole, title)
	p.addf(`<rect width="%g" height="%g" fill="#fff"/><text x="%g" y="30" text-anchor="middle" font-size="16">%s</text>`,
		whole, whole, whole/2, title)
	for i := range 6 {
		share := float64(i) / 5
		x, y := p.place(share*p.right, share*p.top)
		p.addf(`<path d="M%.1f %gV%g M%g %.1fH%g" stroke="#ddd"/>`, x, plotMargin, plotMargin+plotSize, plotMargin, y, plotMargin+plotSize)
		p.addf(`<text x="%.1f" y="%g" text-anchor="middle">%g</text>`, x, plotMargin+plotSize+18, share*p.right)
		p.addf(`<text x="%g" y="%.1f" text-anchor="end">%.3g</text>`, plotMargin-8, y+4, share*p.top)
	}
	p.addf(`<text x="%g" y="%g" text-anchor="middle">%s</text>`, whole/2, whole-16, across)
	p.addf(`<text transform="translate(16 %g) rotate(-90)" text-anchor="middle">%s</text>`, whole/2, up)
	return p
}

func (p *plot) addf(format string, values ...any) {
	_, _ = fmt.Fprintf(&p.body, format+"\n", values...)
}

// place returns where a point lies on the page.
func (p *plot) place(x, y float64) (across, down float64) {
	return plotMargin + x/p.right*plotSize, plotMargin + (1-min(y/p.top, 1))*plotSize
}

// line joins points, in their order.
func (p *plot) line(color string, points [][2]float64) {
	var path strings.Builder
	command := byte('M')
	for _, point := range points {
		x, y := p.place(point[0], point[1])
		_, _ = fmt.Fprintf(&path, "%c%.1f %.1f", command, x, y)
		command = 'L'
	}
	p.addf(`<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`, path.String(), color)
}

func (p *plot) writeTo(w io.Writer) error {
	if _, err := io.WriteString(w, p.body.String()+"</svg>\n"); err != nil {
		return fmt.Errorf("write diagram: %w", err)
	}
	return nil
}

const (
	colorIdeal    = "#999"
	colorMeasured = "#0b62a3"
	colorTarget   = "#b3261e"
)

// WriteReliability draws the reliability diagram as SVG: what was promised against what came true, with 95 % intervals; a point on the
// diagonal keeps its promise.
func (c Calibration) WriteReliability(w io.Writer) error {
	p := newPlot("Reliability", "promised probability", "share that came true", 1)
	p.line(colorIdeal, [][2]float64{{0, 0}, {1, 1}})
	var kept [][2]float64
	for _, bin := range c.Bins {
		kept = append(kept, [2]float64{bin.Promised, bin.Kept.Rate})
		x, low := p.place(bin.Promised, bin.Kept.Lower)
		_, high := p.place(bin.Promised, bin.Kept.Upper)
		_, y := p.place(bin.Promised, bin.Kept.Rate)
		p.addf(`<path d="M%.1f %.1fV%.1f" stroke="%s"/>`, x, low, high, colorMeasured)
		p.addf(`<circle cx="%.1f" cy="%.1f" r="4" fill="%s"><title>%s</title></circle>`, x, y, colorMeasured, bin.Kept)
	}
	p.line(colorMeasured, kept)
	return p.writeTo(w)
}

// WriteRiskCoverage draws the risk-coverage curve as SVG: the share of wrong answers among the surest, for every share that is
// answered; the dashed line is the risk that the target allows.
func (c Calibration) WriteRiskCoverage(w io.Writer) error {
	var curve [][2]float64
	wrong, highest := 0, 1-c.Target.Wanted
	for i, prediction := range c.predictions {
		if !prediction.right {
			wrong++
		}
		risk := float64(wrong) / float64(i+1)
		highest = max(highest, risk)
		curve = append(curve, [2]float64{float64(i+1) / float64(len(c.predictions)), risk})
	}
	p := newPlot("Risk and coverage", "share of questions that is answered", "share of answers that is wrong", max(highest, 0.01))
	p.line(colorMeasured, curve)
	left, y := p.place(0, 1-c.Target.Wanted)
	right, _ := p.place(1, 0)
	p.addf(`<path d="M%.1f %.1fH%.1f" stroke="%s" stroke-dasharray="6 4"/>`, left, y, right, colorTarget)
	return p.writeTo(w)
}
