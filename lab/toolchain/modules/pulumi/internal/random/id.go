package random

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"math/big"

	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// ID is the resource random:index/randomId:RandomId: a number of random bytes that is no secret, in several notations.
type ID struct{}

// Annotate names and describes the resource.
func (r *ID) Annotate(a infer.Annotator) {
	a.SetToken("index/randomId", "RandomId")
	a.Describe(&r, "Random bytes that are no secret (stand-in).")
}

// IDInputs are both the inputs of an ID and the settings it was made with.
type IDInputs struct {
	Kept
	ByteLength int     `pulumi:"byteLength"`
	Prefix     *string `pulumi:"prefix,optional"`
}

// IDState is the state of an ID. All notations but the resource's id have the prefix.
type IDState struct {
	IDInputs
	B64URL string `pulumi:"b64Url"`
	B64Std string `pulumi:"b64Std"`
	Hex    string `pulumi:"hex"`
	Dec    string `pulumi:"dec"`
}

// Create makes the bytes.
func (*ID) Create(_ context.Context, req infer.CreateRequest[IDInputs]) (infer.CreateResponse[IDState], error) {
	state := IDState{IDInputs: req.Inputs}
	if req.DryRun {
		return infer.CreateResponse[IDState]{Output: state}, nil
	}
	bytes := randomBytes(req.Inputs.ByteLength)
	prefix := settings.Or(req.Inputs.Prefix, "")
	id := base64.RawURLEncoding.EncodeToString(bytes)
	state.B64URL = prefix + id
	state.B64Std = prefix + base64.StdEncoding.EncodeToString(bytes)
	state.Hex = prefix + hex.EncodeToString(bytes)
	state.Dec = prefix + new(big.Int).SetBytes(bytes).String()
	return infer.CreateResponse[IDState]{ID: id, Output: state}, nil
}

// Diff replaces the resource when any input changes.
func (*ID) Diff(_ context.Context, req infer.DiffRequest[IDInputs, IDState]) (infer.DiffResponse, error) {
	return settings.Diff(req.State.IDInputs, req.Inputs), nil
}
