package evals

// kind is what cases are sliced by.
type kind string

const (
	byChannel kind = "channel"
	byIntent  kind = "intent"
	byLocale  kind = "locale"
	byRisk    kind = "risk"
	byTag     kind = "tag"
)

// kinds returns all, in the order in which a report shows them.
func kinds() []kind { return []kind{byLocale, byTag, byRisk, byIntent, byChannel} }

// names returns the slices of this kind that the case is in, by what it expects and not by what came.
func (k kind) names(c Case) []string {
	var names []string
	switch k {
	case byChannel:
		names = append(names, c.Channel)
	case byIntent:
		names = append(names, c.Expect.Intent)
	case byLocale:
		names = append(names, c.Locale)
	case byRisk:
		for _, named := range c.Expect.Risks {
			names = append(names, string(named))
		}
	case byTag:
		names = c.Tags
	}
	if len(names) == 1 && names[0] == "" {
		return nil
	}
	return names
}

// slice tallies results by the slices of a kind. A case counts in each that it is in.
func slice(results []Result, by kind) map[string]Tally {
	parts := make(map[string][]Result)
	for _, result := range results {
		for _, name := range by.names(result.Case) {
			parts[name] = append(parts[name], result)
		}
	}
	tallies := make(map[string]Tally, len(parts))
	for name, part := range parts {
		tallies[name] = newTally(part)
	}
	return tallies
}
