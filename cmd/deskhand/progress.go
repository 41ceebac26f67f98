package main

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress is a bar on a terminal and nothing elsewhere.
type progress struct {
	bar      *mpb.Bar
	pool     *mpb.Progress
	unending bool // how many there will be is not known
}

// newProgress shows how many of total things are done; a total of zero is one that is not known yet.
func newProgress(w io.Writer, noun string, total int) *progress {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &progress{}
	}
	pool := mpb.New(mpb.WithOutput(file), mpb.WithWidth(barWidth))
	bar := pool.AddBar(int64(total),
		mpb.PrependDecorators(decor.CurrentNoUnit("%d "+noun)),
		mpb.AppendDecorators(decor.AverageSpeed(0, "%.0f/s "), decor.AverageETA(decor.ET_STYLE_GO)))
	return &progress{bar: bar, pool: pool, unending: total == 0}
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
