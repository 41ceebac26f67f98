package assistant

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// extractRunes bounds an extracted answer: about what fits a chat window without scrolling. Steps are never cut, so an answer may be
// up to stepsRunes longer.
const (
	extractRunes      = 900
	extractAgentRunes = 1800
	stepsRunes        = 600
)

// shortened is a text of a passage that fits into room characters: whole, or without the points of a list that answer least.
// Numbered steps stay whole, since half of the steps is worse than none; it is empty where they are too long.
func shortened(body string, room int, fits func(string) float64) string {
	if utf8.RuneCountInString(body) <= room {
		return body
	}
	lines := strings.Split(strings.TrimSpace(body), "\n")
	if slices.ContainsFunc(lines, isStep) {
		if utf8.RuneCountInString(body) <= room+stepsRunes {
			return body
		}
		return ""
	}
	points := pointsOf(lines)
	if fits == nil || len(points) < 2 {
		return ""
	}
	slices.SortStableFunc(points, func(a, b int) int { return cmp.Compare(fits(lines[b]), fits(lines[a])) })
	left := make(map[int]bool)
	for rank, i := range points {
		if room -= utf8.RuneCountInString(lines[i]); room < 0 && rank > 0 {
			left[i] = true
		}
	}
	var kept []string
	for i, line := range lines {
		if strings.HasPrefix(line, pointMark) && !left[i] || len(kept) == 0 && !strings.HasPrefix(line, pointMark) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// mostPoints is how many points of a further passage are sent.
const mostPoints = 2

// further is what is sent of a passage behind the best one, which is nothing unless a line of it answers better than what is sent
// already: then all of it where there is room, or all its steps, or the points that do.
func further(body string, room int, better func(line string) bool) string {
	lines := strings.Split(strings.TrimSpace(body), "\n")
	if !slices.ContainsFunc(lines, better) {
		return ""
	}
	runes := utf8.RuneCountInString(body)
	if slices.ContainsFunc(lines, isStep) {
		room += stepsRunes
	}
	if runes <= room {
		return body
	}
	if slices.ContainsFunc(lines, isStep) {
		return ""
	}
	var kept []string
	for _, i := range pointsOf(lines) {
		if len(kept) < mostPoints && better(lines[i]) {
			kept = append(kept, lines[i])
		}
	}
	return strings.Join(kept, "\n")
}

// pointMark begins a point of a list, and a row of a table.
const pointMark = "- "

// pointsOf are the indexes of the points of lists among lines.
func pointsOf(lines []string) []int {
	var points []int
	for i, line := range lines {
		if strings.HasPrefix(line, pointMark) {
			points = append(points, i)
		}
	}
	return points
}

// isStep reports a line that begins with a number and a full stop.
func isStep(line string) bool {
	rest := strings.TrimLeftFunc(line, unicode.IsDigit)
	return len(rest) < len(line) && strings.HasPrefix(rest, ". ")
}
