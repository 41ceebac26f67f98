// Package live passes the desk's events on to those who watch: agents' consoles, and the widget of a customer who waits for a
// person. It keeps nothing and knows neither SQL nor HTTP.
//
// The truth is the table of events, which webhooks are delivered from too. Each event has a position in it. A Hub follows the
// table and gives what is new to its subscriptions; whoever comes back with the position of the last event they saw gets the
// rest from the table first. So an event is neither lost nor told twice, over any number of replicas and killed connections.
//
// Positions are given out when an event is written and not when it is committed, so a later one may be seen first. The hub
// passes nothing on beyond a gap before every transaction that could still fill it has ended (see tail).
//
// A hub learns of an event of its own process from Expect, of another replica's from a notification of the database, and if
// both fail from looking every second. The notification is sent after the event was seen and by itself: a notification inside
// of the transaction would make all commits of the desk wait for each other.
//
// A subscription that does not keep up is ended, and nobody waits for it: its client resumes where it was.
package live
