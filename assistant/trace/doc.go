// Package trace tells an OpenTelemetry collector what each request, run, stage and model call did and how long it took.
//
// Spans hold routes, ids, counts, scores and reasons, and never what a customer, an agent or a model wrote (P2): they are
// made from what the record of a run keeps, and from nothing else. Spans leave in batches, in the background; a collector
// that is slow or gone costs spans and delays nobody.
//
// The wire format is OTLP over HTTP in its JSON encoding, written here: the official exporter brings gRPC and protobuf
// along, which made the program 3.4 MB larger; this one, with the OpenTelemetry SDK, 1.2 MB.
package trace
