// Package guard checks what is about to leave: the last look at every outgoing text, generated or typed, before a customer
// reads it. It also finds contact points in a text and keeps the registry of the desk's own.
//
//	contacts   links, e-mail addresses, handles and phone numbers are in the source that the same sentence cites, byte for
//	           byte after normalisation, or official in the registry; a place to send money to never leaves
//	requests   nothing asks for a secret, a payment to unlock something, or remote control
//	claims     no advice, no promise of money or time, no reason for a hold, unless the cited source says it in general
//	sources    every sentence cites one; its numbers occur there, and most of its words, or words like them where no source is
//	           in its language
//	form       the customer's language and script, no markup, nothing of the instructions
//
// A text is read as people and programs read it, not as it is spelled: unmask undoes full-width forms, look-alike letters,
// HTML entities, invisible characters and "[dot]" before anything is looked for; fold adds what comparing words needs. The
// words of 14 languages are in lexicon/; a finding needs two or three of them in the right direction within one sentence
// ("send us" … "code"), and a denial ("never send"), a third party ("whoever asks") or a condition ("if you gave away") turns
// it into the warning that it is. In doubt about a contact or a secret the guard objects: a person looks at the text then.
//
// The package is pure: no clock, no network, no database, no log; the same text gives the same findings. It does not look for
// the customer's secrets, which never get this far, and does not judge whether an answer is right or helpful.
package guard
