package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const binary = "nginx"

// nginx is the process and its configuration file.
type nginx struct {
	directory string
	// address that the default server answers on.
	address string
	done    chan error
	process *os.Process
	loaded  string
}

func (n *nginx) file() string { return filepath.Join(n.directory, "nginx.conf") }

func (n *nginx) command(args ...string) *exec.Cmd {
	return exec.Command(binary, append([]string{"-e", "stderr", "-p", n.directory}, args...)...)
}

// Number of CAP_NET_BIND_SERVICE (linux/capability.h).
const netBindService = 10

// ambient hands the right to bind port 80 on to NGINX, whose own file has none in Debian's package.
func ambient() []uintptr {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil
	}
	for _, line := range strings.Split(string(status), "\n") {
		if text, ok := strings.CutPrefix(line, "CapPrm:"); ok {
			permitted, err := strconv.ParseUint(strings.TrimSpace(text), 16, 64)
			if err == nil && permitted&(1<<netBindService) != 0 {
				return []uintptr{netBindService}
			}
		}
	}
	return nil
}

func (n *nginx) start(conf string) error {
	if err := os.MkdirAll(n.directory, 0o755); err != nil {
		return err
	}
	if err := n.write(conf); err != nil {
		return err
	}
	command := n.command("-c", n.file())
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: ambient()}
	if err := command.Start(); err != nil {
		return err
	}
	n.process, n.done, n.loaded = command.Process, make(chan error, 1), conf
	go func() { n.done <- command.Wait() }()
	return nil
}

// write puts the configuration in place only after NGINX itself has found it good.
func (n *nginx) write(conf string) error {
	next := n.file() + ".next"
	if err := os.WriteFile(next, []byte(conf), 0o644); err != nil {
		return err
	}
	var output bytes.Buffer
	test := n.command("-t", "-q", "-c", next)
	test.Stdout, test.Stderr = &output, &output
	test.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: ambient()}
	if err := test.Run(); err != nil {
		return fmt.Errorf("nginx -t: %w: %s", err, strings.TrimSpace(output.String()))
	}
	return os.Rename(next, n.file())
}

// listening waits until the first configuration is served.
func (n *nginx) listening(ctx context.Context) error {
	deadline := time.After(20 * time.Second)
	for {
		if connection, err := net.DialTimeout("tcp", n.address, time.Second); err == nil {
			return connection.Close()
		}
		select {
		case err := <-n.done:
			return fmt.Errorf("nginx did not start: %v", err)
		case <-deadline:
			return fmt.Errorf("nginx does not listen on %s after 20 s", n.address)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// reload takes a changed configuration up: SIGHUP, upon which new workers start and old ones finish what they have.
func (n *nginx) reload(conf string) error {
	if conf == n.loaded {
		return nil
	}
	if err := n.write(conf); err != nil {
		return err
	}
	if err := n.process.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	n.loaded = conf
	log.Print("configuration reloaded")
	return nil
}

// quit lets NGINX finish its requests, which worker_shutdown_timeout bounds.
func (n *nginx) quit() error {
	if err := n.process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	return <-n.done
}
