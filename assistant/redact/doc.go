// Package redact finds the secrets that customers paste into a support chat
// and replaces each by a placeholder, before the text is stored, logged,
// embedded or shown to a model.
//
// It knows seed phrases (BIP-39 in every list of go-bip39, and word sequences
// of other lists by their form), private keys (WIF, PEM, hexadecimal by the
// words around it), extended keys, BIP-38 keys, keystore files, TOTP secrets,
// one-time codes, passwords, API keys, payment cards and their security codes.
// Transaction hashes, addresses, order numbers, amounts and dates stay
// readable: support cannot work without them.
//
// The text passes through these steps:
//
//	fold      look-alike forms (full width, zero width, accents, case) become one
//	          form; every folded byte knows its place in the original
//	scan      one automaton finds all cue words; one pass finds words and tokens
//	detect    each detector proposes spans; a checksum never decides whether a
//	          span is removed, it only marks the finding as verified
//	replace   overlapping spans are joined and replaced in the original text
//	repeat    until a pass finds nothing, so that the result is a fixed point
//
// The package does no I/O, logs nothing and keeps nothing of the texts it saw.
// It does not look for names, e-mail addresses, phone numbers or identity
// documents.
package redact
