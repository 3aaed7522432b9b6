package remote

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/retry"
	"golang.org/x/crypto/ssh"
)

// session is a connection to a server, with the one to its jump host if there is one.
type session struct {
	*ssh.Client
	jump *ssh.Client
}

// Close closes both connections. The official provider leaves them open until it ends.
func (s *session) Close() {
	_ = s.Client.Close()
	if s.jump != nil {
		_ = s.jump.Close()
	}
}

// dial connects to the server. Every attempt that fails is made again, one that was refused a login too, until the
// endpoint's limit is passed; the pauses grow. A jump host has a limit of its own.
func (c *Connection) dial(ctx context.Context) (*session, error) {
	config, err := c.clientConfig()
	if err != nil {
		return nil, err
	}
	if c.Proxy == nil {
		client, err := attempt(ctx, "Dial", c.dialErrorLimit(), func() (*ssh.Client, error) {
			return ssh.Dial("tcp", c.address(), config)
		})
		return &session{Client: client}, err
	}
	s, err := c.dialThrough(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return s, nil
}

func (c *Connection) dialThrough(ctx context.Context, config *ssh.ClientConfig) (*session, error) {
	proxyConfig, err := c.Proxy.clientConfig()
	if err != nil {
		return nil, err
	}
	jump, err := attempt(ctx, "Dial proxy", c.Proxy.dialErrorLimit(), func() (*ssh.Client, error) {
		return ssh.Dial("tcp", c.Proxy.address(), proxyConfig)
	})
	if err != nil {
		return nil, err
	}
	client, err := attempt(ctx, "Dial from proxy", c.dialErrorLimit(), func() (*ssh.Client, error) {
		tunnel, err := jump.Dial("tcp", c.address())
		if err != nil {
			return nil, err
		}
		return handshake(tunnel, c.address(), config)
	})
	if err != nil {
		_ = jump.Close()
		return nil, err
	}
	return &session{Client: client, jump: jump}, nil
}

func handshake(tunnel net.Conn, address string, config *ssh.ClientConfig) (*ssh.Client, error) {
	connection, channels, requests, err := ssh.NewClientConn(tunnel, address, config)
	if err != nil {
		_ = tunnel.Close()
		return nil, err
	}
	return ssh.NewClient(connection, channels, requests), nil
}

// attempt calls connect until it succeeds, the limit of failures is passed, or the context ends.
func attempt[T any](ctx context.Context, what string, limit int, connect func() (T, error)) (T, error) {
	shown := strconv.Itoa(limit)
	if limit == unlimitedDialErrors {
		shown = "inf"
	}
	var result T
	done, _, err := retry.Until(ctx, retry.Acceptor{
		Accept: func(failures int, _ time.Duration) (bool, any, error) {
			var err error
			result, err = connect()
			if err == nil {
				return true, nil, nil
			}
			if limit > unlimitedDialErrors && failures+1 > limit {
				return true, nil, fmt.Errorf("after %d failed attempts: %w", failures, err)
			}
			p.GetLogger(ctx).InfoStatusf("%s %d/%s failed: retrying", what, failures+1, shown)
			return false, nil, nil
		},
	})
	if err == nil && !done {
		err = ctx.Err()
	}
	return result, err
}
