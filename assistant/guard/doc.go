// Package guard checks what is about to leave.
package guard
