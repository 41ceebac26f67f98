// Package lexical turns text in any of the desk's languages into index terms.
//
// It folds what people type differently (case, accents, Arabic letter forms, traditional and simplified Chinese), cuts
// text into words or, for scripts written without spaces, character bigrams, removes inflection, and adds one
// concept term ("t:withdrawal") for every termbase entry it recognises, so that a question and an article meet on the
// concept when they share no word.
//
// It is pure: no database, no scoring, no language detection. The same Analyzer must be used for passages and for
// queries; Fingerprint changes whenever either would come out differently.
package lexical
