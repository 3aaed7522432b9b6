package remote

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

const agentSocketVariable = "SSH_AUTH_SOCK"

// address is the endpoint's host and port. The defaults are filled in before a resource is made.
func (e *Endpoint) address() string {
	return net.JoinHostPort(*e.Host, strconv.Itoa(int(*e.Port)))
}

func (e *Endpoint) dialErrorLimit() int {
	if e.DialErrorLimit == nil {
		return defaultDialErrorLimit
	}
	return *e.DialErrorLimit
}

// clientConfig returns the SSH client's settings: the host key is verified when one is given, and the key, the password
// and the agent are tried in this order. An agent that cannot be reached is an error even when a key is given, as it is
// with the official provider.
func (e *Endpoint) clientConfig() (*ssh.ClientConfig, error) {
	config := &ssh.ClientConfig{
		User:            *e.User,
		Timeout:         time.Duration(*e.PerDialTimeout) * time.Second,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	}
	if e.HostKey != nil {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*e.HostKey))
		if err != nil {
			return nil, fmt.Errorf("failed to parse host key: %w", err)
		}
		config.HostKeyCallback = ssh.FixedHostKey(key)
		config.HostKeyAlgorithms = []string{key.Type()}
	}
	for _, method := range []func() ([]ssh.AuthMethod, error){e.keyLogin, e.passwordLogin, e.agentLogin} {
		methods, err := method()
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, methods...)
	}
	return config, nil
}

func (e *Endpoint) keyLogin() ([]ssh.AuthMethod, error) {
	if e.PrivateKey == nil {
		return nil, nil
	}
	var signer ssh.Signer
	var err error
	if e.PrivateKeyPassword != nil {
		signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(*e.PrivateKey), []byte(*e.PrivateKeyPassword))
	} else {
		signer, err = ssh.ParsePrivateKey([]byte(*e.PrivateKey))
	}
	if err != nil {
		return nil, err
	}
	return []ssh.AuthMethod{ssh.PublicKeys(signer)}, nil
}

func (e *Endpoint) passwordLogin() ([]ssh.AuthMethod, error) {
	if e.Password == nil {
		return nil, nil
	}
	answer := func(_, _ string, questions []string, _ []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range answers {
			answers[i] = *e.Password
		}
		return answers, nil
	}
	return []ssh.AuthMethod{ssh.Password(*e.Password), ssh.KeyboardInteractive(answer)}, nil
}

func (e *Endpoint) agentLogin() ([]ssh.AuthMethod, error) {
	path := os.Getenv(agentSocketVariable)
	if e.AgentSocketPath != nil {
		path = *e.AgentSocketPath
	}
	if path == "" {
		return nil, nil
	}
	socket, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	return []ssh.AuthMethod{ssh.PublicKeysCallback(agent.NewClient(socket).Signers)}, nil
}
