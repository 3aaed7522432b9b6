package remote

import (
	"github.com/pulumi/pulumi-go-provider/infer"
)

// The defaults of an endpoint, as the official provider has them.
const (
	defaultUser           = "root"
	defaultPort           = 22
	defaultDialErrorLimit = 10
	defaultPerDialTimeout = 15
	unlimitedDialErrors   = -1
)

// Endpoint says where an SSH server is and how to log in to it.
type Endpoint struct {
	User               *string  `pulumi:"user,optional"`
	Password           *string  `pulumi:"password,optional" provider:"secret"`
	Host               *string  `pulumi:"host"`
	Port               *float64 `pulumi:"port,optional"`
	PrivateKey         *string  `pulumi:"privateKey,optional" provider:"secret"`
	PrivateKeyPassword *string  `pulumi:"privateKeyPassword,optional" provider:"secret"`
	AgentSocketPath    *string  `pulumi:"agentSocketPath,optional"`
	DialErrorLimit     *int     `pulumi:"dialErrorLimit,optional"`
	PerDialTimeout     *int     `pulumi:"perDialTimeout,optional"`
	HostKey            *string  `pulumi:"hostKey,optional"`
}

// Connection is the endpoint that a command runs on, reached through a proxy if there is one.
type Connection struct {
	Endpoint
	Proxy *ProxyConnection `pulumi:"proxy,optional"`
}

// ProxyConnection is a jump host: the connection to the endpoint is made from there.
type ProxyConnection struct{ Endpoint }

// Annotate describes the inputs and sets their defaults.
func (c *Connection) Annotate(a infer.Annotator) {
	a.Describe(&c, "How to reach a server over SSH.")
	annotateEndpoint(&c.Endpoint, a)
	a.Describe(&c.Proxy, "A jump host to go through.")
}

// Annotate describes the inputs and sets their defaults.
func (c *ProxyConnection) Annotate(a infer.Annotator) {
	a.Describe(&c, "How to reach a jump host over SSH.")
	annotateEndpoint(&c.Endpoint, a)
}

func annotateEndpoint(e *Endpoint, a infer.Annotator) {
	a.Describe(&e.User, "The user to log in as.")
	a.SetDefault(&e.User, defaultUser)
	a.Describe(&e.Password, "The user's password.")
	a.Describe(&e.Host, "The server's name or address.")
	a.Describe(&e.Port, "The server's port.")
	a.SetDefault(&e.Port, defaultPort)
	a.Describe(&e.PrivateKey, "A private key in PEM to log in with; it is tried before the password.")
	a.Describe(&e.PrivateKeyPassword, "The password of the private key, if it is encrypted.")
	a.Describe(&e.AgentSocketPath, "The socket of an SSH agent; that of SSH_AUTH_SOCK without it.")
	a.Describe(&e.DialErrorLimit, "How many attempts to connect may fail; -1 for any number.")
	a.SetDefault(&e.DialErrorLimit, defaultDialErrorLimit)
	a.Describe(&e.PerDialTimeout, "Seconds until an attempt to connect is given up; 0 for no limit.")
	a.SetDefault(&e.PerDialTimeout, defaultPerDialTimeout)
	a.Describe(&e.HostKey, "The server's public key as in an authorized_keys file. Without it any server is accepted.")
}
