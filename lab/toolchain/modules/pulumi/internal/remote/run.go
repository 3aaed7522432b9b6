package remote

import (
	"context"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"

	"fjord.lab/toolchain/pulumi/internal/output"
)

// run runs a command in the user's login shell, without a terminal, and keeps what it printed. The error of a command
// that failed has its exit status, its text and all that it printed, as the official provider's has; what it read from
// its standard input is in none of these. A command that runs is not stopped by the end of the context.
func (c *CommandOutputs) run(ctx context.Context, command *string) error {
	if command == nil {
		return nil
	}
	connection, err := c.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer connection.Close()
	process, err := connection.NewSession()
	if err != nil {
		return err
	}
	defer process.Close()
	if err := c.setVariables(ctx, process); err != nil {
		return err
	}
	if c.Stdin != nil && *c.Stdin != "" {
		process.Stdin = strings.NewReader(*c.Stdin)
	}

	var capture output.Capture
	process.Stdout = capture.Stdout(ctx, c.Logging.stdout())
	process.Stderr = capture.Stderr(ctx, c.Logging.stderr())
	err = process.Run(*command)
	capture.Close()
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, *command, capture.Both())
	}
	c.Stdout, c.Stderr = capture.Outputs()
	return nil
}

// setVariables hands the command its variables. One of the environment that the server refuses is an error; the output
// of the run before is only offered.
func (c *CommandOutputs) setVariables(ctx context.Context, process *ssh.Session) error {
	for name, value := range c.Environment {
		if err := process.Setenv(name, value); err != nil {
			p.GetLogger(ctx).Error(refusedVariable(name))
			return fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	if c.AddPreviousOutputInEnv != nil && !*c.AddPreviousOutputInEnv {
		return nil
	}
	for name, value := range c.Previous() {
		if err := process.Setenv(name, value); err != nil {
			p.GetLogger(ctx).Warning(refusedVariable(name))
		}
	}
	return nil
}

func refusedVariable(name string) string {
	return fmt.Sprintf("Unable to set '%s': the SSH server has to be configured to accept it (AcceptEnv). "+
		"Or set it in the command itself, as in 'VAR=value command'.", name)
}
