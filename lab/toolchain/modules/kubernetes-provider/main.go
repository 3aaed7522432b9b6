// Command pulumi-resource-kubernetes is the official Kubernetes provider of Pulumi, not a stand-in: it is built from
// the provider's own Go module because its release binaries cannot be downloaded everywhere. It is a module of its own
// because it does not compile with the newer Pulumi libraries of the CLI and the stand-ins.
//
// Upstream's main embeds two generated files that its Go module does not carry. This one embeds the files that they
// are generated from, schema.json and terraform-mapping.json of the module's folder cmd/pulumi-resource-kubernetes.
// They are not part of this repository: the build copies them from the Go module cache to this folder of its work
// directory. The version is that of the linker flag
//
//	-X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=4.25.0
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	provider.Serve("kubernetes", version.Version, withVersion(schema, version.Version), terraformMapping)
}
