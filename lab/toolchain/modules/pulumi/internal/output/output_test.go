package output

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestLinesOfAnyLengthAreShownWhole(t *testing.T) {
	var shown []string
	l := &lines{show: func(line string) { shown = append(shown, line) }}
	long := strings.Repeat("x", 1<<20)
	for _, part := range []string{"a", "b\n\n", long, long + "\nrest"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	l.flush()
	l.flush()
	if want := []string{"ab", "", long + long, "rest"}; !slices.Equal(shown, want) {
		t.Fatalf("got %d lines", len(shown))
	}
}

func TestOutputsKeepAllButTheLastNewline(t *testing.T) {
	var c Capture
	ctx := context.Background()
	_, _ = c.Stdout(ctx, false).Write([]byte("one\n\n"))
	_, _ = c.Stderr(ctx, false).Write([]byte("two"))
	c.Close()
	if stdout, stderr := c.Outputs(); stdout != "one\n" || stderr != "two" {
		t.Fatalf("got %q, %q", stdout, stderr)
	}
	if c.Both() != "one\n\ntwo" {
		t.Fatalf("got %q", c.Both())
	}
}
