// Package random makes values that nobody can guess and keeps them until an input changes.
package random

import "crypto/rand"

// Kept is what all inputs have: values, the keepers, of which any change makes the resource anew.
type Kept struct {
	Keepers map[string]string `pulumi:"keepers,optional"`
}

func randomBytes(count int) []byte {
	bytes := make([]byte, count)
	// Read never returns an error: it ends the program when the system has no randomness.
	_, _ = rand.Read(bytes)
	return bytes
}
