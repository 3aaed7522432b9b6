package random

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// UUID is the resource random:index/randomUuid:RandomUuid: sixteen random bytes in the notation of a UUID, which is no
// secret. As with the official provider, no version or variant is set in it.
type UUID struct{}

// Annotate names and describes the resource.
func (r *UUID) Annotate(a infer.Annotator) {
	a.SetToken("index/randomUuid", "RandomUuid")
	a.Describe(&r, "A random UUID (stand-in).")
}

// UUIDState is the state of a UUID.
type UUIDState struct {
	Kept
	Result string `pulumi:"result"`
}

// Create makes the UUID, which is the resource's id too.
func (*UUID) Create(_ context.Context, req infer.CreateRequest[Kept]) (infer.CreateResponse[UUIDState], error) {
	state := UUIDState{Kept: req.Inputs}
	if !req.DryRun {
		b := randomBytes(16)
		state.Result = fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
	}
	return infer.CreateResponse[UUIDState]{ID: state.Result, Output: state}, nil
}

// Diff replaces the resource when the keepers change.
func (*UUID) Diff(_ context.Context, req infer.DiffRequest[Kept, UUIDState]) (infer.DiffResponse, error) {
	return settings.Diff(req.State.Kept, req.Inputs), nil
}
