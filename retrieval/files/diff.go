package files

import (
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval"
)

// maxDiffLines bounds the table of a comparison; what differs beyond it is shown as replaced whole.
const maxDiffLines = 4000

// Diff compares two versions line by line, front matter first: lines of the second begin with "+", those of the first that it
// has no more with "-", and those of both with a space.
func Diff(from, to retrieval.Version) string {
	a := strings.Split(strings.TrimSuffix(string(Markdown(from.Article())), "\n"), "\n")
	b := strings.Split(strings.TrimSuffix(string(Markdown(to.Article())), "\n"), "\n")
	var out strings.Builder
	write := func(mark string, lines []string) {
		for _, line := range lines {
			out.WriteString(mark + line + "\n")
		}
	}
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	write(" ", a[:start])
	before, after := a[start:len(a)-end], b[start:len(b)-end]
	if len(before) > maxDiffLines || len(after) > maxDiffLines {
		write("-", before)
		write("+", after)
	} else {
		for _, line := range compare(before, after) {
			out.WriteString(line + "\n")
		}
	}
	write(" ", a[len(a)-end:])
	return out.String()
}

// compare marks the lines of two texts by their longest common subsequence.
func compare(a, b []string) []string {
	// length[i][j] is that of a[i:] and b[j:].
	length := make([][]uint16, len(a)+1)
	for i := range length {
		length[i] = make([]uint16, len(b)+1)
	}
	for i, before := range slices.Backward(a) {
		for j, after := range slices.Backward(b) {
			if before == after {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var lines []string
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			lines = append(lines, " "+a[i])
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			lines = append(lines, "-"+a[i])
			i++
		default:
			lines = append(lines, "+"+b[j])
			j++
		}
	}
	for _, line := range a[i:] {
		lines = append(lines, "-"+line)
	}
	return slices.Concat(lines, prefixed("+", b[j:]))
}

func prefixed(mark string, lines []string) []string {
	marked := make([]string, len(lines))
	for i, line := range lines {
		marked[i] = mark + line
	}
	return marked
}
