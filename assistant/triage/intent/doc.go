// Package intent tells what a customer wants: the taxonomy of a desk, and a linear model that maps a short text in any
// of 14 languages to the taxonomy's intents.
//
// The taxonomy is YAML that a desk edits (taxonomy.yaml is the default); it says how urgent an intent is and whether a
// machine may answer. The examples (examples/*.yaml, and *.tsv with the same messages in several languages) are what the
// model learns from. What is learned in one language is carried to the others by the concepts of lexicon.txt and by the
// vectors of an embedder, which the caller brings.
//
// The model is one linear support vector machine per intent over TF-IDF weighted words, word pairs, character n-grams,
// concepts, pairs of concepts, and the dimensions of the text's vector. Some concepts say how a thing is told: supposed,
// settled, heard, of somebody else; in pairs they tell "how do I avoid being hacked" from "I was hacked". One more machine
// tells the intents that need a person from all others. A calibration that was fitted on held-out predictions turns scores
// into probabilities, one of them that of "none of these", and one that the message needs a person. It is trained in a
// minute of processor time, shared by all cores, reproducibly to the byte, and predicts in microseconds.
//
// The package decides nothing. Risks (hacked, self-harm, ...) are found by rules elsewhere, which a prediction can never
// overrule; secrets have been removed from the text before it comes here.
package intent
