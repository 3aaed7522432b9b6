package tls

import (
	"context"
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"golang.org/x/crypto/ssh"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// The defaults of a private key, as the official provider has them.
const (
	defaultRSABits    = 2048
	defaultECDSACurve = "P224"
)

// PrivateKey is the resource tls:index/privateKey:PrivateKey.
type PrivateKey struct{}

// Annotate names and describes the resource.
func (r *PrivateKey) Annotate(a infer.Annotator) {
	a.SetToken("index/privateKey", "PrivateKey")
	a.Describe(&r, "A private key (stand-in).")
}

// PrivateKeyInputs are the inputs of a PrivateKey.
type PrivateKeyInputs struct {
	Algorithm  string  `pulumi:"algorithm"`
	RSABits    *int    `pulumi:"rsaBits,optional"`
	ECDSACurve *string `pulumi:"ecdsaCurve,optional"`
}

// KeyKind is what a PrivateKey was made with: the inputs with all defaults filled in, also those of other algorithms.
type KeyKind struct {
	Algorithm  string `pulumi:"algorithm"`
	RSABits    int    `pulumi:"rsaBits"`
	ECDSACurve string `pulumi:"ecdsaCurve"`
}

// PrivateKeyState is the state of a PrivateKey. The notations of OpenSSH are empty for the curve P224, which it does
// not know.
type PrivateKeyState struct {
	KeyKind
	PrivateKeyPem              string `pulumi:"privateKeyPem" provider:"secret"`
	PrivateKeyPemPkcs8         string `pulumi:"privateKeyPemPkcs8" provider:"secret"`
	PrivateKeyOpenssh          string `pulumi:"privateKeyOpenssh" provider:"secret"`
	PublicKeyPem               string `pulumi:"publicKeyPem"`
	PublicKeyOpenssh           string `pulumi:"publicKeyOpenssh"`
	PublicKeyFingerprintMd5    string `pulumi:"publicKeyFingerprintMd5"`
	PublicKeyFingerprintSha256 string `pulumi:"publicKeyFingerprintSha256"`
}

func (i *PrivateKeyInputs) kind() KeyKind {
	return KeyKind{i.Algorithm, settings.Or(i.RSABits, defaultRSABits), settings.Or(i.ECDSACurve, defaultECDSACurve)}
}

// Check refuses an algorithm or a curve that is not known.
func (*PrivateKey) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[PrivateKeyInputs], error) {
	inputs, failures, err := infer.DefaultCheck[PrivateKeyInputs](ctx, req.NewInputs)
	if err == nil && len(failures) == 0 {
		if !req.NewInputs.Get("algorithm").HasComputed() {
			failures = append(failures, oneOf("algorithm", inputs.Algorithm, algorithms)...)
		}
		if inputs.ECDSACurve != nil && !req.NewInputs.Get("ecdsaCurve").HasComputed() {
			failures = append(failures, oneOf("ecdsaCurve", *inputs.ECDSACurve, slices.Sorted(maps.Keys(curves)))...)
		}
	}
	return infer.CheckResponse[PrivateKeyInputs]{Inputs: inputs, Failures: failures}, err
}

// Create makes the key. The resource's id is a hash of the public key.
func (*PrivateKey) Create(
	_ context.Context, req infer.CreateRequest[PrivateKeyInputs],
) (infer.CreateResponse[PrivateKeyState], error) {
	response := infer.CreateResponse[PrivateKeyState]{Output: PrivateKeyState{KeyKind: req.Inputs.kind()}}
	if req.DryRun {
		return response, nil
	}
	kind := response.Output.KeyKind
	key, err := generate(kind.Algorithm, kind.RSABits, kind.ECDSACurve)
	if err == nil {
		response.ID, err = response.Output.fill(key)
	}
	return response, err
}

// fill writes a key into the state in all notations, and returns the hash of its public half.
func (s *PrivateKeyState) fill(key crypto.Signer) (string, error) {
	var err error
	if s.PrivateKeyPem, err = traditional(key); err != nil {
		return "", err
	}
	if s.PrivateKeyPemPkcs8, err = pkcs8(key); err != nil {
		return "", err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", err
	}
	s.PublicKeyPem = block(pemPublicKey, public)
	if sshPublic, err := ssh.NewPublicKey(key.Public()); err == nil {
		sshPrivate, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			return "", err
		}
		s.PrivateKeyOpenssh = string(pem.EncodeToMemory(sshPrivate))
		s.PublicKeyOpenssh = string(ssh.MarshalAuthorizedKey(sshPublic))
		s.PublicKeyFingerprintMd5 = ssh.FingerprintLegacyMD5(sshPublic)
		s.PublicKeyFingerprintSha256 = ssh.FingerprintSHA256(sshPublic)
	}
	return hash(public), nil
}

// Diff replaces the resource when any input changes.
func (*PrivateKey) Diff(
	_ context.Context, req infer.DiffRequest[PrivateKeyInputs, PrivateKeyState],
) (infer.DiffResponse, error) {
	return settings.Diff(req.State.KeyKind, req.Inputs.kind()), nil
}

// WireDependencies tells that a preview knows the kind of the key, and that its private half is secret.
func (*PrivateKey) WireDependencies(f infer.FieldSelector, inputs *PrivateKeyInputs, state *PrivateKeyState) {
	f.OutputField(&state.RSABits).AlwaysKnown()
	f.OutputField(&state.ECDSACurve).AlwaysKnown()
	f.OutputField(&state.RSABits).DependsOn(f.InputField(&inputs.RSABits))
	f.OutputField(&state.ECDSACurve).DependsOn(f.InputField(&inputs.ECDSACurve))
	for _, secret := range []*string{&state.PrivateKeyPem, &state.PrivateKeyPemPkcs8, &state.PrivateKeyOpenssh} {
		f.OutputField(secret).AlwaysSecret()
	}
}

func hash(der []byte) string {
	sum := sha1.Sum(der)
	return hex.EncodeToString(sum[:])
}

// oneOf refuses a value that is not in the list.
func oneOf(property, value string, accepted []string) []p.CheckFailure {
	if slices.Contains(accepted, value) {
		return nil
	}
	return []p.CheckFailure{{
		Property: property,
		Reason:   fmt.Sprintf("%s must be one of: %s, got: %q", property, strings.Join(accepted, ", "), value),
	}}
}
