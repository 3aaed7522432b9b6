// Command pulumi-resource-command is a stand-in for version 1.2.1 of the official command provider: remote.Command,
// local.Command and local.run. See package standin for what a stand-in is.
//
// Left out, because a stand-in is asked for by name where it is needed: remote.CopyToRemote, remote.CopyFile, and the
// assets and archives of local.Command.
package main

import (
	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/local"
	"fjord.lab/toolchain/pulumi/internal/remote"
	"fjord.lab/toolchain/pulumi/internal/standin"
)

func main() {
	standin.Serve("command", "1.2.1", infer.Options{
		Resources: []infer.InferredResource{infer.Resource(&remote.Command{}), infer.Resource(&local.Command{})},
		Functions: []infer.InferredFunction{infer.Function(&local.Run{})},
	})
}
