package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/output"
)

// Run is the function command:local:run. It runs its command on every preview and every up.
type Run struct{}

// Annotate describes the function.
func (r *Run) Annotate(a infer.Annotator) {
	a.Describe(&r, "A command that is run on this machine at every preview and every up (stand-in).")
}

// RunInputs are the arguments of the function.
type RunInputs struct {
	ProcessInputs
	Command string `pulumi:"command"`
}

// RunOutputs are its results: the arguments and what the command printed.
type RunOutputs struct {
	RunInputs
	output.Outputs
}

// Invoke runs the command.
func (*Run) Invoke(
	ctx context.Context, req infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunOutputs], error) {
	printed, err := req.Input.run(ctx, req.Input.Command, output.Outputs{})
	return infer.FunctionResponse[RunOutputs]{Output: RunOutputs{RunInputs: req.Input, Outputs: printed}}, err
}
