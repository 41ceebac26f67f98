// Package passage cuts an article into passages: Markdown into plain blocks, blocks under their headings into pieces of some 250
// tokens that end where a sentence or a line of a list does.
//
//	Markdown -> blocks (plain.go) -> sentences (sentence.go), counted (token.go) -> passages (passage.go)
//
// It does not know what becomes of them.
package passage
