// Command pulumi-resource-tls is a stand-in for version 5.6.1 of the official tls provider: PrivateKey, SelfSignedCert,
// CertRequest and LocallySignedCert. See package standin for what a stand-in is. The cryptography is that of Go's
// standard library.
//
// Left out, because a stand-in is asked for by name where it is needed: the functions getCertificate and getPublicKey,
// and the provider's own configuration, which serves these functions only.
package main

import (
	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/standin"
	"fjord.lab/toolchain/pulumi/internal/tls"
)

func main() {
	standin.Serve("tls", "5.6.1", infer.Options{
		Resources: []infer.InferredResource{
			infer.Resource(&tls.PrivateKey{}),
			infer.Resource(&tls.CertRequest{}),
			infer.Resource(&tls.SelfSignedCert{}),
			infer.Resource(&tls.LocallySignedCert{}),
		},
	})
}
