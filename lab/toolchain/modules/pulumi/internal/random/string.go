package random

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// String is the resource random:index/randomString:RandomString: a text that is no secret.
type String struct{}

// Annotate names and describes the resource.
func (r *String) Annotate(a infer.Annotator) {
	a.SetToken("index/randomString", "RandomString")
	a.Describe(&r, "A random text that is no secret (stand-in).")
}

// StringState is the state of a String.
type StringState struct {
	Text
	Result string `pulumi:"result"`
}

// Check refuses what no text can be made of.
func (*String) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[TextInputs], error) {
	return checkText(ctx, req.NewInputs)
}

// Create makes the text, which is the resource's id too.
func (*String) Create(
	_ context.Context, req infer.CreateRequest[TextInputs],
) (infer.CreateResponse[StringState], error) {
	text, err := req.Inputs.settle()
	state := StringState{Text: text}
	if err == nil && !req.DryRun {
		state.Result, err = text.make()
	}
	return infer.CreateResponse[StringState]{ID: state.Result, Output: state}, err
}

// Diff replaces the resource when any input changes.
func (*String) Diff(_ context.Context, req infer.DiffRequest[TextInputs, StringState]) (infer.DiffResponse, error) {
	text, err := req.Inputs.settle()
	return settings.Diff(req.State.Text, text), err
}

// WireDependencies tells that a preview knows all but the result.
func (*String) WireDependencies(f infer.FieldSelector, inputs *TextInputs, state *StringState) {
	wireText(f, inputs, &state.Text)
}
