package tls

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"

	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// CertRequest is the resource tls:index/certRequest:CertRequest.
type CertRequest struct{}

// Annotate names and describes the resource.
func (r *CertRequest) Annotate(a infer.Annotator) {
	a.SetToken("index/certRequest", "CertRequest")
	a.Describe(&r, "A request for a certificate (stand-in).")
}

// CertRequestInputs are both the inputs of a CertRequest and the settings it was made with.
type CertRequestInputs struct {
	Names
	PrivateKeyPem string              `pulumi:"privateKeyPem" provider:"secret"`
	Subject       *CertRequestSubject `pulumi:"subject,optional"`
}

// CertRequestState is the state of a CertRequest.
type CertRequestState struct {
	CertRequestInputs
	CertRequestPem string `pulumi:"certRequestPem"`
	KeyAlgorithm   string `pulumi:"keyAlgorithm"`
}

// Create makes the request. The resource's id is a hash of it.
func (*CertRequest) Create(
	_ context.Context, req infer.CreateRequest[CertRequestInputs],
) (infer.CreateResponse[CertRequestState], error) {
	response := infer.CreateResponse[CertRequestState]{Output: CertRequestState{CertRequestInputs: req.Inputs}}
	if req.DryRun {
		return response, nil
	}
	der, err := response.Output.fill()
	response.ID = hash(der)
	return response, err
}

func (s *CertRequestState) fill() ([]byte, error) {
	key, algorithm, err := parseKey(s.PrivateKeyPem)
	if err != nil {
		return nil, fmt.Errorf("failed to parse private key PEM: %w", err)
	}
	template := x509.CertificateRequest{DNSNames: s.DNSNames}
	if template.IPAddresses, template.URIs, err = s.parse(); err != nil {
		return nil, err
	}
	if s.Subject != nil {
		template.Subject = s.Subject.name()
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	s.CertRequestPem = block(pemRequest, der)
	s.KeyAlgorithm = algorithm
	return der, err
}

// Diff replaces the resource when any input changes.
func (*CertRequest) Diff(
	_ context.Context, req infer.DiffRequest[CertRequestInputs, CertRequestState],
) (infer.DiffResponse, error) {
	return settings.Diff(req.State.CertRequestInputs, req.Inputs), nil
}
