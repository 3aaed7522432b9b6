// Package local runs commands on this machine.
package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/output"
)

// ProcessInputs say how a local command is run.
type ProcessInputs struct {
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// Annotate describes the inputs.
func (i *ProcessInputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Stdin, "What the command reads from its standard input.")
	a.Describe(&i.Logging, "Which streams are shown while the command runs; both without it.")
	a.Describe(&i.Interpreter, "The program and arguments that run the command; /bin/sh -c without it.")
	a.Describe(&i.Dir, "The folder to run the command in; the provider's own without it.")
	a.Describe(&i.Environment, "Variables for the command, beside the provider's own.")
	a.Describe(&i.AddPreviousOutputInEnv, "Whether the output of the run before is put into "+
		output.PreviousStdout+" and "+output.PreviousStderr+"; true without it.")
}

// run returns what the command printed. The error of a command that failed has its exit status, its text and all that
// it printed, as the official provider's has; what it read from its standard input is in none of these.
func (i *ProcessInputs) run(ctx context.Context, command string, previous output.Outputs) (output.Outputs, error) {
	interpreter := []string{"/bin/sh", "-c"}
	if i.Interpreter != nil && len(*i.Interpreter) > 0 {
		interpreter = *i.Interpreter
	}
	arguments := append(append([]string{}, interpreter[1:]...), command)
	process := exec.CommandContext(ctx, interpreter[0], arguments...)
	process.Env = append(os.Environ(), variables(i.Environment)...)
	if i.AddPreviousOutputInEnv == nil || *i.AddPreviousOutputInEnv {
		before := previous.Previous()
		process.Env = append(process.Env, variables(&before)...)
	}
	if i.Dir != nil {
		process.Dir = *i.Dir
	}
	if i.Stdin != nil {
		process.Stdin = strings.NewReader(*i.Stdin)
	}

	var capture output.Capture
	process.Stdout = capture.Stdout(ctx, i.Logging.stdout())
	process.Stderr = capture.Stderr(ctx, i.Logging.stderr())
	err := process.Run()
	capture.Close()
	if err != nil {
		return output.Outputs{}, fmt.Errorf("%w: running %q:\n%s", err, command, capture.Both())
	}
	stdout, stderr := capture.Outputs()
	return output.Outputs{Stdout: stdout, Stderr: stderr}, nil
}

func variables(values *map[string]string) []string {
	if values == nil {
		return nil
	}
	list := make([]string, 0, len(*values))
	for name, value := range *values {
		list = append(list, name+"="+value)
	}
	return list
}
