package local

import "github.com/pulumi/pulumi-go-provider/infer"

// Logging says which streams of a command are shown while it runs. Both are captured as outputs in any case.
type Logging string

// The streams that are shown.
const (
	LogStdout          Logging = "stdout"
	LogStderr          Logging = "stderr"
	LogStdoutAndStderr Logging = "stdoutAndStderr"
	NoLogging          Logging = "none"
)

// Values lists the accepted values, for the schema.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: string(LogStdout), Value: LogStdout, Description: "Show stdout only"},
		{Name: string(LogStderr), Value: LogStderr, Description: "Show stderr only"},
		{Name: string(LogStdoutAndStderr), Value: LogStdoutAndStderr, Description: "Show stdout and stderr"},
		{Name: string(NoLogging), Value: NoLogging, Description: "Show neither"},
	}
}

// stdout tells whether standard output is shown; a command without the setting shows it.
func (l *Logging) stdout() bool { return l == nil || *l == LogStdout || *l == LogStdoutAndStderr }

// stderr tells whether standard error is shown; a command without the setting shows it.
func (l *Logging) stderr() bool { return l == nil || *l == LogStderr || *l == LogStdoutAndStderr }
