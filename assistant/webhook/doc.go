// Package webhook tells other systems what happened at the desk: what an event says, how it is signed, where it may be sent,
// and when a delivery is tried again or given up.
//
// A delivery follows the Standard Webhooks convention (https://www.standardwebhooks.com): POST with the headers webhook-id,
// webhook-timestamp and webhook-signature. It arrives at least once and in no particular order; webhook-id is the same each
// time, so that a consumer can drop what it has seen.
//
// An event holds ids, outcomes and reasons, and never what a customer or an agent wrote: a consumer that needs the text
// fetches it with its API key. So a text is read only by whom the desk gave a key, a stolen or misdirected delivery reveals
// nothing, a removed secret can still be removed from the record afterwards (P2), and no second copy has to be erased.
//
// Events are stored in the transaction of the change that they tell of (package postgres) and delivered in the background
// (package jobs): nothing that a consumer does or fails to do delays the desk.
package webhook
