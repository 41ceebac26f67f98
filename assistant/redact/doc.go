// Package redact finds the secrets that customers paste into a support chat
// and replaces each by a placeholder, before the text is stored, logged,
// embedded or shown to a model.
//
// It knows seed phrases (BIP-39 and Monero in every list, their short forms and
// numbers, and word sequences of other lists by their form), private keys (WIF, PEM,
// those of other chains by their prefix or checksum, hexadecimal by the words around
// it), extended keys, BIP-38 keys, keystore files, TOTP secrets, one-time codes,
// passwords, API keys, payment cards and their security codes; also where they are
// cut into groups, escaped, encoded in base64 or hexadecimal, or spread over the
// messages of a conversation. With [Config.PII] it also removes e-mail addresses,
// telephone numbers, IBANs and the numbers of identity documents. Transaction hashes,
// addresses, order numbers, amounts and dates stay readable: support cannot work
// without them.
//
// The text passes through these steps:
//
//	fold      look-alike forms (full width, zero width, accents, case, escapes) become
//	          one form; every folded byte knows its place in the original
//	scan      one automaton finds all cue words; one pass finds words and tokens
//	detect    each detector proposes spans; a checksum only decides where the form
//	          of a secret is that of harmless text (keys in pieces, Chinese without
//	          spaces), else it marks the finding as verified
//	replace   overlapping spans are joined and replaced in the original text
//	repeat    until a pass finds nothing, so that the result is a fixed point
//
// The package does no I/O, logs nothing and keeps nothing of the texts it saw.
// It does not look for names and postal addresses.
package redact
