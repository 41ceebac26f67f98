package lexical

import _ "embed"

// stopWords are words that carry no topic in the desk's languages, one language a line.
//
//go:embed stopwords.txt
var stopWords string

// onlyIn are words that name a concept, each with the languages in which it does so by itself. In the others it is an
// everyday word: "long" in "how long", the Spanish "para", which is money in Turkish, or the Portuguese "sim", a driving licence
// in Indonesian.
//
//go:embed onlyin.txt
var onlyIn string
