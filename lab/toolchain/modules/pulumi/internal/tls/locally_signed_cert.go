package tls

import (
	"context"
	"crypto/x509"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// LocallySignedCert is the resource tls:index/locallySignedCert:LocallySignedCert.
type LocallySignedCert struct{}

// Annotate names and describes the resource.
func (r *LocallySignedCert) Annotate(a infer.Annotator) {
	a.SetToken("index/locallySignedCert", "LocallySignedCert")
	a.Describe(&r, "A certificate that an authority of one's own signs (stand-in).")
}

// AuthorityInputs are who signs a certificate, and the request for it.
type AuthorityInputs struct {
	CaCertPem       string `pulumi:"caCertPem"`
	CaPrivateKeyPem string `pulumi:"caPrivateKeyPem" provider:"secret"`
	CertRequestPem  string `pulumi:"certRequestPem"`
}

// LocallySignedCertInputs are the inputs of a LocallySignedCert.
type LocallySignedCertInputs struct {
	TermsInputs
	AuthorityInputs
}

// LocallySignedTerms are what a LocallySignedCert was issued for.
type LocallySignedTerms struct {
	Terms
	AuthorityInputs
}

// LocallySignedCertState is the state of a LocallySignedCert.
type LocallySignedCertState struct {
	LocallySignedTerms
	Issued
	CaKeyAlgorithm string `pulumi:"caKeyAlgorithm"`
}

func (i *LocallySignedCertInputs) terms() LocallySignedTerms {
	return LocallySignedTerms{i.TermsInputs.terms(), i.AuthorityInputs}
}

// Check refuses uses that are not known and numbers that make no sense.
func (*LocallySignedCert) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[LocallySignedCertInputs], error) {
	return checkTerms(ctx, req.NewInputs, func(i *LocallySignedCertInputs) *TermsInputs { return &i.TermsInputs })
}

// Create makes the certificate. The resource's id is its serial number.
func (*LocallySignedCert) Create(
	ctx context.Context, req infer.CreateRequest[LocallySignedCertInputs],
) (infer.CreateResponse[LocallySignedCertState], error) {
	response := infer.CreateResponse[LocallySignedCertState]{
		Output: LocallySignedCertState{LocallySignedTerms: req.Inputs.terms()},
	}
	response.Output.ReadyForRenewal = response.Output.neverFresh()
	var err error
	if !req.DryRun {
		response.ID, err = response.Output.fill(ctx)
	}
	return response, err
}

func (s *LocallySignedCertState) fill(ctx context.Context) (string, error) {
	request, err := s.request()
	if err != nil {
		return "", fmt.Errorf("failed to parse certificate request PEM: %w", err)
	}
	signer, algorithm, err := parseKey(s.CaPrivateKeyPem)
	if err != nil {
		return "", fmt.Errorf("failed to parse CA private key PEM: %w", err)
	}
	authority, err := s.authority()
	if err != nil {
		return "", fmt.Errorf("failed to parse CA certificate PEM: %w", err)
	}
	if !authority.IsCA {
		p.GetLogger(ctx).Warning("the certificate that is given as authority is not one of a certificate authority")
	}
	template := &x509.Certificate{
		Subject: request.Subject, DNSNames: request.DNSNames, IPAddresses: request.IPAddresses, URIs: request.URIs,
	}
	var serial string
	s.Issued, serial, err = s.issue(template, authority, request.PublicKey, signer)
	s.CaKeyAlgorithm = algorithm
	return serial, err
}

func (i *AuthorityInputs) request() (*x509.CertificateRequest, error) {
	der, err := parseBlock(i.CertRequestPem, pemRequest)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificateRequest(der)
}

func (i *AuthorityInputs) authority() (*x509.Certificate, error) {
	der, err := parseBlock(i.CaCertPem, pemCertificate)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// Diff replaces the resource when its time has come or any input changes but the hours of early renewal.
func (*LocallySignedCert) Diff(
	_ context.Context, req infer.DiffRequest[LocallySignedCertInputs, LocallySignedCertState],
) (infer.DiffResponse, error) {
	asked := req.Inputs.terms()
	asked.Terms = asked.after(req.State.Terms)
	changes := settings.Diff(req.State.LocallySignedTerms, asked, earlyRenewalHours)
	return diffTerms(changes, req.State.Issued, asked.Terms), nil
}

// Update takes over the hours of early renewal; the certificate stays.
func (*LocallySignedCert) Update(
	_ context.Context, req infer.UpdateRequest[LocallySignedCertInputs, LocallySignedCertState],
) (infer.UpdateResponse[LocallySignedCertState], error) {
	state := req.State
	state.EarlyRenewalHours = settings.Or(req.Inputs.EarlyRenewalHours, 0)
	state.ReadyForRenewal = state.neverFresh()
	return infer.UpdateResponse[LocallySignedCertState]{Output: state}, nil
}

// Read tells in the state when the certificate's time has come.
func (*LocallySignedCert) Read(
	_ context.Context, req infer.ReadRequest[LocallySignedCertInputs, LocallySignedCertState],
) (infer.ReadResponse[LocallySignedCertInputs, LocallySignedCertState], error) {
	state := req.State
	state.ReadyForRenewal = state.ReadyForRenewal || state.due(state.EarlyRenewalHours)
	return infer.ReadResponse[LocallySignedCertInputs, LocallySignedCertState]{
		ID: req.ID, Inputs: req.Inputs, State: state,
	}, nil
}

// WireDependencies tells what a preview knows: all that the certificate is issued for.
func (*LocallySignedCert) WireDependencies(
	f infer.FieldSelector, inputs *LocallySignedCertInputs, state *LocallySignedCertState,
) {
	wireTerms(f, &inputs.TermsInputs, &state.Terms, &state.Issued)
	f.OutputField(&state.CaPrivateKeyPem).AlwaysSecret()
}
