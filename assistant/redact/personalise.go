package redact

// Personal returns a Redactor that removes personal data too. It shares what the two have in common, so it costs little.
func (r *Redactor) Personal() *Redactor {
	if r.config.PII {
		return r
	}
	personal := *r
	personal.config.PII = true
	personal.cues = newCueAutomaton(personal.config)
	return &personal
}
