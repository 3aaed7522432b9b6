// Package standin serves the stand-in providers.
//
// A stand-in speaks for an official Pulumi provider where that one cannot be downloaded: the same type tokens and
// properties, the same answers to what updates, what replaces and what is secret. The conformance suite of the project
// (test/engine/conformance) holds both to one text. A stand-in is never used where the official plugin can be had.
package standin

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/middleware/schema"
)

// Serve runs the stand-in for the official provider of a name until the engine closes it, and ends the process with
// status 1 when it cannot be served. The version is that of the official provider whose behaviour it stands in for.
func Serve(name, version string, options infer.Options) {
	options.Metadata = schema.Metadata{
		DisplayName: name + " (stand-in)",
		Description: "A stand-in for the official Pulumi provider " + name + " " + version +
			", for where that one cannot be downloaded. It is a test double and no product of Pulumi.",
		Publisher: "fjord",
	}
	if err := infer.Provider(options).Run(context.Background(), name, version); err != nil {
		fmt.Fprintf(os.Stderr, "stand-in provider %s: %s\n", name, err)
		os.Exit(1)
	}
}
