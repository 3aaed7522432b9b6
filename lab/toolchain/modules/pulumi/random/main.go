// Command pulumi-resource-random is a stand-in for version 4.21.2 of the official random provider: RandomId,
// RandomBytes, RandomString, RandomPassword and RandomUuid. See package standin for what a stand-in is. What it makes
// comes from the system's cryptographic generator.
//
// Left out, because a stand-in is asked for by name where it is needed: RandomInteger, RandomPet, RandomShuffle,
// RandomUuid4 and RandomUuid7, and the import of existing values.
package main

import (
	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/random"
	"fjord.lab/toolchain/pulumi/internal/standin"
)

func main() {
	standin.Serve("random", "4.21.2", infer.Options{
		Resources: []infer.InferredResource{
			infer.Resource(&random.ID{}),
			infer.Resource(&random.Bytes{}),
			infer.Resource(&random.String{}),
			infer.Resource(&random.Password{}),
			infer.Resource(&random.UUID{}),
		},
	})
}
