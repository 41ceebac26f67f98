// Package files reads articles from files and writes them: Markdown with front matter, HTML pages, JSONL, trees of Docusaurus and
// Hugo, exports of a Zendesk help centre; in UTF-8 or another encoding that is certain.
//
//	file -> bytes -> text in UTF-8 -> front matter, body -> retrieval.Article or *retrieval.Problem
//
// One bad file is one *retrieval.Problem with its name and line, and the rest are read. What becomes of the articles is decided
// by others: it touches no database.
package files
