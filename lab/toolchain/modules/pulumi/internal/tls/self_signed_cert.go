package tls

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// SelfSignedCert is the resource tls:index/selfSignedCert:SelfSignedCert.
type SelfSignedCert struct{}

// Annotate names and describes the resource.
func (r *SelfSignedCert) Annotate(a infer.Annotator) {
	a.SetToken("index/selfSignedCert", "SelfSignedCert")
	a.Describe(&r, "A certificate that is its own authority (stand-in).")
}

// SelfSignedCertInputs are the inputs of a SelfSignedCert.
type SelfSignedCertInputs struct {
	TermsInputs
	Names
	PrivateKeyPem     string                 `pulumi:"privateKeyPem" provider:"secret"`
	Subject           *SelfSignedCertSubject `pulumi:"subject,optional"`
	SetAuthorityKeyID *bool                  `pulumi:"setAuthorityKeyId,optional"`
}

// SelfSignedTerms are what a SelfSignedCert was issued for.
type SelfSignedTerms struct {
	Terms
	Names
	PrivateKeyPem     string                 `pulumi:"privateKeyPem" provider:"secret"`
	Subject           *SelfSignedCertSubject `pulumi:"subject,optional"`
	SetAuthorityKeyID bool                   `pulumi:"setAuthorityKeyId"`
}

// SelfSignedCertState is the state of a SelfSignedCert.
type SelfSignedCertState struct {
	SelfSignedTerms
	Issued
	KeyAlgorithm string `pulumi:"keyAlgorithm"`
}

func (i *SelfSignedCertInputs) terms() SelfSignedTerms {
	return SelfSignedTerms{
		i.TermsInputs.terms(), i.Names, i.PrivateKeyPem, i.Subject, settings.Or(i.SetAuthorityKeyID, false),
	}
}

// Check refuses uses that are not known and numbers that make no sense.
func (*SelfSignedCert) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[SelfSignedCertInputs], error) {
	return checkTerms(ctx, req.NewInputs, func(i *SelfSignedCertInputs) *TermsInputs { return &i.TermsInputs })
}

// Create makes the certificate. The resource's id is its serial number.
func (*SelfSignedCert) Create(
	_ context.Context, req infer.CreateRequest[SelfSignedCertInputs],
) (infer.CreateResponse[SelfSignedCertState], error) {
	response := infer.CreateResponse[SelfSignedCertState]{
		Output: SelfSignedCertState{SelfSignedTerms: req.Inputs.terms()},
	}
	response.Output.ReadyForRenewal = response.Output.neverFresh()
	var err error
	if !req.DryRun {
		response.ID, err = response.Output.fill()
	}
	return response, err
}

func (s *SelfSignedCertState) fill() (string, error) {
	key, algorithm, err := parseKey(s.PrivateKeyPem)
	if err != nil {
		return "", fmt.Errorf("failed to parse private key PEM: %w", err)
	}
	template := &x509.Certificate{DNSNames: s.DNSNames}
	if template.IPAddresses, template.URIs, err = s.parse(); err != nil {
		return "", err
	}
	if s.Subject != nil {
		template.Subject = s.Subject.name()
	}
	if s.SetAuthorityKeyID {
		if !s.IsCaCertificate && !s.SetSubjectKeyID {
			return "", errors.New("invalid certificate authority: could not determine Authority Key Identifier")
		}
		if template.AuthorityKeyId, err = subjectKeyID(key.Public()); err != nil {
			return "", err
		}
	}
	var serial string
	s.Issued, serial, err = s.issue(template, nil, key.Public(), key)
	s.KeyAlgorithm = algorithm
	return serial, err
}

// Diff replaces the resource when its time has come or any input changes but the hours of early renewal.
func (*SelfSignedCert) Diff(
	_ context.Context, req infer.DiffRequest[SelfSignedCertInputs, SelfSignedCertState],
) (infer.DiffResponse, error) {
	asked := req.Inputs.terms()
	asked.Terms = asked.after(req.State.Terms)
	changes := settings.Diff(req.State.SelfSignedTerms, asked, earlyRenewalHours)
	return diffTerms(changes, req.State.Issued, asked.Terms), nil
}

// Update takes over the hours of early renewal; the certificate stays.
func (*SelfSignedCert) Update(
	_ context.Context, req infer.UpdateRequest[SelfSignedCertInputs, SelfSignedCertState],
) (infer.UpdateResponse[SelfSignedCertState], error) {
	state := req.State
	state.EarlyRenewalHours = settings.Or(req.Inputs.EarlyRenewalHours, 0)
	state.ReadyForRenewal = state.neverFresh()
	return infer.UpdateResponse[SelfSignedCertState]{Output: state}, nil
}

// Read tells in the state when the certificate's time has come.
func (*SelfSignedCert) Read(
	_ context.Context, req infer.ReadRequest[SelfSignedCertInputs, SelfSignedCertState],
) (infer.ReadResponse[SelfSignedCertInputs, SelfSignedCertState], error) {
	state := req.State
	state.ReadyForRenewal = state.ReadyForRenewal || state.due(state.EarlyRenewalHours)
	return infer.ReadResponse[SelfSignedCertInputs, SelfSignedCertState]{ID: req.ID, Inputs: req.Inputs, State: state}, nil
}

// WireDependencies tells what a preview knows: all that the certificate is issued for.
func (*SelfSignedCert) WireDependencies(
	f infer.FieldSelector, inputs *SelfSignedCertInputs, state *SelfSignedCertState,
) {
	wireTerms(f, &inputs.TermsInputs, &state.Terms, &state.Issued)
	f.OutputField(&state.SetAuthorityKeyID).AlwaysKnown()
	f.OutputField(&state.SetAuthorityKeyID).DependsOn(f.InputField(&inputs.SetAuthorityKeyID))
	f.OutputField(&state.PrivateKeyPem).AlwaysSecret()
}
