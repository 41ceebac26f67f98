// Package lang names the language of a short customer message.
//
// It answers one question, "in which language should the desk reply?", for text as customers type it: two words, no
// accents, an English error message pasted into a Russian sentence, Arabic in Latin letters. Detect goes through four
// steps, each of which only sees what the one before it left over:
//
//  1. clean: drop what carries no language (links, addresses, tickers, hashes, numbers, code, placeholders of the
//     redaction, quoted English when other words remain);
//  2. script: count words by script; a script that belongs to one language decides at once, and a message that mixes a
//     script with Latin terms belongs to that script;
//  3. model: where several languages share a script (Latin, Cyrillic, Arabic, Han), a linear model over hashed character
//     n-grams and whole words chooses, with the hint as a prior;
//  4. borrow: a text without evidence takes the language of the conversation, then of the caller, then English.
//
// The model is a file of int8 weights in the binary, used in place: a Detector costs no heap to speak of, takes
// microseconds, and is safe for concurrent use. Train builds the file from ReadSources; the same rows give the same bytes.
//
// The package does not translate, does not split a message into parts of different languages, and does not decide
// what the desk does with a language that it has no people for: it names it.
package lang
