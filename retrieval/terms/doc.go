// Package terms reads and writes glossaries: the built-in one and those that a desk brings along.
//
//	TSV, TBX (ISO 30042) -> concepts -> retrieval/lexical recognises them
//
// A glossary comes from outside: what is read is bounded in size, depth and number, XML entities are refused, and a mistake
// is a *Problem with its line. It stores nothing.
package terms
