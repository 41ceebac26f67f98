// Package access is the rules of who may do what at the desk, and of how a person proves to be who they are: the permission
// table, passwords, second factors, secrets of sessions, the slowing down of guesses, and the tokens by which a host site
// names its customer.
//
// It holds rules and arithmetic: it keeps nothing, knows no HTTP and reads no clock. Agents and sessions are kept by package
// postgres, and package httpapi asks the table before each request.
package access
