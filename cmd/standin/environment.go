package main

import (
	"slices"
	"strings"
)

// environment is that of a command whose only model is the one at address: whatever else names one is taken out.
func environment(inherited []string, address string) []string {
	models := []string{
		"DESKHAND_CHAT_MODEL", "DESKHAND_EMBEDDING_MODEL", "DESKHAND_PROVIDERS", "OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL",
	}
	kept := slices.DeleteFunc(slices.Clone(inherited), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(models, name)
	})
	return append(kept, "DESKHAND_CHAT_MODEL=stand-in", "OPENAI_BASE_URL="+address)
}
