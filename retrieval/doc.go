// Package retrieval is the knowledge base: articles, the passages they are cut into, and search over them.
//
//	files (retrieval/files) -> Article -> passages (retrieval/passage) -> terms and vectors -> tables
//	authors -> Save -> version -> Apply -> tables -> Search -> Hits with their evidence
//
// It owns its tables (migrations 2, 6, 8, 27, 34 and 35) and their SQL. Vectors come from an EmbedFunc, the built-in one (retrieval/embed)
// or a provider's; the nearest are found in memory by short codes of them (codes), and PostgreSQL compares those exactly. Terms come from
// retrieval/lexical, with the built-in glossary and the desk's own (Glossary), and are looked up in memory too (mirror). What it
// guarantees:
//
//   - An import writes an article whole or not at all, skips what did not change, and one bad file stops no other.
//   - Only published articles have passages, so nothing else can be found. Internal and stale articles are found for the
//     desk only (AudienceInternal), never for a customer.
//   - Every version of an article is kept with who wrote it and when; what an author writes becomes live whole, once its
//     vectors are made, and nobody overwrites what they have not seen.
//   - Another embedding model is filled beside the one that is searched by, and takes over in one transaction.
//   - Where a customer is not known to be, no article that holds in some countries only is found for them.
//   - A Desk answers equal questions from memory until something changes that a search might find.
//   - Everything that changes what a search may find raises the version of the knowledge base in the same transaction.
//
// It does not decide whether a hit is good enough to answer with: hits carry their evidence, others judge it.
package retrieval
