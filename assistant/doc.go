// Package assistant is the domain of deskhand and the pipeline that takes a customer's question to its end: an answer from
// the knowledge base, a question back, or a ticket in a person's queue.
//
//	Handle(ctx, Question)
//	  redact      secrets leave the text before anything else sees it                         P2
//	  store       question and run become durable at once, with the time of their rescue      P1
//	  language    BCP 47 tag, from the text, the conversation and the caller's hint
//	  triage      intent, priority, risks: rules decide, the classifier informs               P3
//	  held?       a person has taken over: the assistant stays silent                         P7
//	  hand-off?   account, security and duty cases get a fixed text and a ticket, no model    P3 P7
//	  incident?   an active notice for this intent answers
//	  registry?   "is this really you?" is answered from the list of official channels        P4
//	  retrieve    hybrid search over published, fresh, public articles                        P5
//	  draft       at most one model call; without a model, or when it fails, extracts         P8
//	  guard       checks on the outgoing text; a failed check only lowers the outcome         P4 P5 P6
//	  confidence  from the evidence to a probability
//	  decide      Policy.Decide: pure
//	  record      run, steps, reply, ticket in one transaction, also when the caller left     P1 P9
//
// A failing stage hands off; it never guesses. What the customer reads in that case is a fixed, reviewed text.
//
// The promises behind these numbers: P1 no question is lost; P2 no secret travels; P3 account and security cases reach a
// person; P4 nothing leaves that the desk did not publish; P5 an automatic answer is grounded and cited; P6 never asks for
// a secret, never advises, never promises, never says why an account is held; P7 a person can always be asked for; P8 text
// from outside is data; P9 every decision can be explained later; P10 the kill switch works.
//
// The package holds no SQL, no HTTP and no model client: it gets those as a Store and as functions.
package assistant
