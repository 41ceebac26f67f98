// Package lint looks for what is wrong with articles, or will be: stale, contradicting in their numbers between languages, nearly
// the same, with links that lead nowhere, missing in a language that is asked for.
//
// It reads the articles that it is given, changes nothing, and knows no model and no database.
package lint
