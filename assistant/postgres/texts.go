package postgres

// texts turns a slice of named strings into one that the driver knows as text[].
func texts[S ~string](values []S) []string {
	plain := make([]string, len(values))
	for i, value := range values {
		plain[i] = string(value)
	}
	return plain
}

// values turns text[] into a slice of named strings.
func values[S ~string](plain []string) []S {
	if len(plain) == 0 {
		return nil
	}
	named := make([]S, len(plain))
	for i, value := range plain {
		named[i] = S(value)
	}
	return named
}
