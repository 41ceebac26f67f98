package train

import "strings"

// joinedBytes is how long a joined passage gets: an index cuts articles into passages of some 250 tokens.
const joinedBytes = 900

// join returns rows that hold several successive passages of a section, as a search meets them: a question must find its
// answer among the sentences around it.
func join(rows []Row) []Row {
	var joined []Row
	last := make(map[string]int) // by section: where its open row stands in joined
	for _, row := range rows {
		if row.Kind != Passage {
			continue
		}
		i, ok := last[row.Section]
		if !ok || len(joined[i].Texts[english]) > joinedBytes {
			i = len(joined)
			last[row.Section] = i
			joined = append(joined, Row{
				Joined: true, Key: row.Key, Kind: Passage, Own: row.Own, Section: row.Section, Texts: make([]string, len(Languages)),
			})
		}
		for l, s := range row.Texts {
			joined[i].Texts[l] = strings.TrimSpace(joined[i].Texts[l] + "\n" + s)
		}
	}
	return joined
}
