package lexical

import _ "embed"

// stopWords are words that carry no topic in the desk's languages, one language a line.
//
//go:embed stopwords.txt
var stopWords string
