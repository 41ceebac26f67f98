package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/deskhand/deskhand/evals"
)

// progress is a bar on a terminal and nothing elsewhere.
type progress struct {
	bar      *mpb.Bar
	pool     *mpb.Progress
	unending bool // how many there will be is not known
}

// newProgress shows how many of total things are done, and more beside it; a total of zero is one that is not known yet.
func newProgress(w io.Writer, noun string, total int, more ...decor.Decorator) *progress {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &progress{}
	}
	pool := mpb.New(mpb.WithOutput(file), mpb.WithWidth(barWidth))
	bar := pool.AddBar(int64(total),
		mpb.PrependDecorators(decor.CurrentNoUnit("%d "+noun)),
		mpb.AppendDecorators(append(more, decor.AverageSpeed(0, "%.0f/s "), decor.AverageETA(decor.ET_STYLE_GO))...))
	return &progress{bar: bar, pool: pool, unending: total == 0}
}

// caseProgress is a bar over the cases of a suite that also says how many of those that are done passed.
type caseProgress struct {
	*progress

	passed, seen atomic.Int64
}

func newCaseProgress(w io.Writer, total int) *caseProgress {
	c := &caseProgress{}
	c.progress = newProgress(w, "cases", total, decor.Any(func(decor.Statistics) string {
		if seen := c.seen.Load(); seen > 0 {
			return fmt.Sprintf("%.1f%% passed ", 100*float64(c.passed.Load())/float64(seen))
		}
		return ""
	}))
	return c
}

// addResult is told of a case that ended.
func (c *caseProgress) addResult(result evals.Result) {
	if result.Passed() {
		c.passed.Add(1)
	}
	c.seen.Add(1)
	c.add()
}

// barWidth leaves room for the words beside the bar on a terminal of 80 columns.
const barWidth = 50

func (p *progress) add() {
	if p.bar != nil {
		p.bar.Increment()
	}
}

func (p *progress) set(done int) {
	if p.bar == nil {
		return
	}
	if p.unending {
		p.bar.SetTotal(int64(done)+1, false)
	}
	p.bar.SetCurrent(int64(done))
}

// done completes the bar, so that what is printed next starts on a line of its own.
func (p *progress) done() {
	if p.bar == nil {
		return
	}
	p.bar.SetTotal(-1, true)
	p.pool.Wait()
}
