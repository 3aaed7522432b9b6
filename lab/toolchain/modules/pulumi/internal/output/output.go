// Package output collects what a command prints, and shows it as it comes.
package output

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
)

// Names of the variables that hand a command what the run before it printed.
const (
	PreviousStdout = "PULUMI_COMMAND_STDOUT"
	PreviousStderr = "PULUMI_COMMAND_STDERR"
)

// Capture holds the two output streams of one run of a command.
type Capture struct {
	stdout, stderr bytes.Buffer
	mutex          sync.Mutex
	both           bytes.Buffer
	progress       []*lines
}

// Stdout is the writer for the command's standard output; its lines go to the engine as they come when show is set.
func (c *Capture) Stdout(ctx context.Context, show bool) io.Writer {
	return c.stream(ctx, &c.stdout, show)
}

// Stderr is the writer for the command's standard error; its lines go to the engine as they come when show is set.
func (c *Capture) Stderr(ctx context.Context, show bool) io.Writer {
	return c.stream(ctx, &c.stderr, show)
}

// Outputs returns what was printed to each stream, without the newline that ends it.
func (c *Capture) Outputs() (stdout, stderr string) {
	return strings.TrimSuffix(c.stdout.String(), "\n"), strings.TrimSuffix(c.stderr.String(), "\n")
}

// Both returns the two streams in the order of their arrival, for an error text.
func (c *Capture) Both() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.both.String()
}

// Close shows what is left of a last line without a newline.
func (c *Capture) Close() {
	for _, l := range c.progress {
		l.flush()
	}
}

func (c *Capture) stream(ctx context.Context, own io.Writer, show bool) io.Writer {
	writers := []io.Writer{own, writerFunc(c.writeBoth)}
	if show {
		l := &lines{show: p.GetLogger(ctx).InfoStatus}
		c.progress = append(c.progress, l)
		writers = append(writers, l)
	}
	return io.MultiWriter(writers...)
}

func (c *Capture) writeBoth(data []byte) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.both.Write(data)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(data []byte) (int, error) { return f(data) }

// lines passes on whole lines. Unlike the official provider, which stops reading and so never returns, it takes lines
// of any length.
type lines struct {
	show func(string)
	rest []byte
}

func (l *lines) Write(data []byte) (int, error) {
	l.rest = append(l.rest, data...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			return len(data), nil
		}
		l.show(string(l.rest[:end]))
		l.rest = l.rest[end+1:]
	}
}

func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.show(string(l.rest))
		l.rest = nil
	}
}
