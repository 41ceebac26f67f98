package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// importProgress is a bar over the bytes of an import, with its passages a second and the time that is left; on anything but
// a terminal it is nothing.
type importProgress struct {
	bar      *mpb.Bar
	passages atomic.Int64
	pool     *mpb.Progress
	source   files.Source
	started  time.Time
}

func newImportProgress(w io.Writer, source files.Source) *importProgress {
	p := &importProgress{source: source, started: time.Now()}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return p
	}
	p.pool = mpb.New(mpb.WithOutput(file), mpb.WithWidth(barWidth))
	p.bar = p.pool.AddBar(source.Total,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return fmt.Sprintf("%d passages ", p.passages.Load()) })),
		mpb.AppendDecorators(
			decor.Any(p.speed), decor.AverageETA(decor.ET_STYLE_GO), decor.Name(" left")))
	return p
}

func (p *importProgress) speed(decor.Statistics) string {
	seconds := time.Since(p.started).Seconds()
	if seconds < 1 {
		return ""
	}
	return fmt.Sprintf("%.0f/s, ", float64(p.passages.Load())/seconds)
}

// set is told of the import's progress after each step.
func (p *importProgress) set(report retrieval.Report) {
	p.passages.Store(int64(report.Passages))
	if p.bar != nil {
		p.bar.SetCurrent(p.source.Done())
	}
}

// done completes the bar, so that what is printed next starts on a line of its own.
func (p *importProgress) done() {
	if p.bar == nil {
		return
	}
	p.bar.SetTotal(-1, true)
	p.pool.Wait()
}
