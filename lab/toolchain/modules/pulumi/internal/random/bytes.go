package random

import (
	"context"
	"encoding/base64"
	"encoding/hex"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// Bytes is the resource random:index/randomBytes:RandomBytes: secret bytes. As with the official provider, the
// resource's id is not a secret, and yet it is the bytes themselves in base64.
type Bytes struct{}

// Annotate names and describes the resource.
func (r *Bytes) Annotate(a infer.Annotator) {
	a.SetToken("index/randomBytes", "RandomBytes")
	a.Describe(&r, "Secret random bytes (stand-in). Their base64 notation is also the resource's id, in clear.")
}

// BytesInputs are both the inputs of a Bytes and the settings it was made with.
type BytesInputs struct {
	Kept
	Length int `pulumi:"length"`
}

// BytesState is the state of a Bytes.
type BytesState struct {
	BytesInputs
	Base64 string `pulumi:"base64" provider:"secret"`
	Hex    string `pulumi:"hex" provider:"secret"`
}

// Check refuses less than one byte.
func (*Bytes) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[BytesInputs], error) {
	inputs, failures, err := infer.DefaultCheck[BytesInputs](ctx, req.NewInputs)
	if len(failures) == 0 && known(req.NewInputs, "length") {
		failures = append(failures, atLeastOne(inputs.Length)...)
	}
	return infer.CheckResponse[BytesInputs]{Inputs: inputs, Failures: failures}, err
}

// Create makes the bytes.
func (*Bytes) Create(
	_ context.Context, req infer.CreateRequest[BytesInputs],
) (infer.CreateResponse[BytesState], error) {
	state := BytesState{BytesInputs: req.Inputs}
	if req.DryRun {
		return infer.CreateResponse[BytesState]{Output: state}, nil
	}
	bytes := randomBytes(req.Inputs.Length)
	state.Base64 = base64.StdEncoding.EncodeToString(bytes)
	state.Hex = hex.EncodeToString(bytes)
	return infer.CreateResponse[BytesState]{ID: state.Base64, Output: state}, nil
}

// Diff replaces the resource when any input changes.
func (*Bytes) Diff(_ context.Context, req infer.DiffRequest[BytesInputs, BytesState]) (infer.DiffResponse, error) {
	return settings.Diff(req.State.BytesInputs, req.Inputs), nil
}

// WireDependencies marks the outputs as secret in a preview too, when their values are not known.
func (*Bytes) WireDependencies(f infer.FieldSelector, _ *BytesInputs, state *BytesState) {
	f.OutputField(&state.Base64).AlwaysSecret()
	f.OutputField(&state.Hex).AlwaysSecret()
}

func known(inputs property.Map, name string) bool { return !inputs.Get(name).HasComputed() }

func atLeastOne(length int) []p.CheckFailure {
	if length >= 1 {
		return nil
	}
	return []p.CheckFailure{{Property: "length", Reason: "length has to be at least 1"}}
}
