package assistant

// Finding is one thing that the guard objects to in an outgoing text.
type Finding struct {
	Check  string `json:"check"`  // "link", "number", "language", …
	Detail string `json:"detail"` // what, in words for an agent; may quote the draft, never the customer
}

// Verdict is the guard's judgement of one outgoing text. A verdict can only lower an outcome, never raise it.
type Verdict struct {
	Findings []Finding
}

// Passed reports whether the guard objects to nothing.
func (v Verdict) Passed() bool { return len(v.Findings) == 0 }

// Checks returns the names of the checks that failed, each once.
func (v Verdict) Checks() []string {
	var checks []string
	seen := make(map[string]bool)
	for _, finding := range v.Findings {
		if !seen[finding.Check] {
			seen[finding.Check] = true
			checks = append(checks, finding.Check)
		}
	}
	return checks
}
