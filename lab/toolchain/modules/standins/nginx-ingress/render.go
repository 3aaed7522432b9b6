package main

import (
	"fmt"
	"log"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What of an Ingress may stand in a configuration file; anything else could end a directive.
var (
	safePath = regexp.MustCompile(`^/[^\s{};"'\\$]*$`)
	safeHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
)

type location struct {
	modifier, path string
	// upstream is empty where no endpoint is ready.
	upstream string
}

func (l location) same(other location) bool {
	return l.modifier == other.modifier && l.path == other.path
}

type server struct {
	host      string
	source    string
	ports     []int
	locations []location
}

type upstream struct {
	name      string
	endpoints []string
}

// render makes the whole nginx.conf.
func render(o options, v view) string {
	servers, upstreams := plan(v)
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	setting := func(key, fallback string) string {
		if value, ok := v.settings[key]; ok {
			return value
		}
		return fallback
	}
	p("worker_processes %s;", setting("worker-processes", "auto"))
	if value := setting("worker-rlimit-nofile", ""); value != "" {
		p("worker_rlimit_nofile %s;", value)
	}
	if value := setting("worker-shutdown-timeout", ""); value != "" {
		p("worker_shutdown_timeout %s;", value)
	}
	p("daemon off;\nerror_log stderr notice;\npid %s;", filepath.Join(o.state, "nginx.pid"))
	p("events { worker_connections %s; }", setting("worker-connections", "1024"))
	p("http {\ndefault_type application/octet-stream;")
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		p("%s_temp_path %s;", kind, filepath.Join(o.state, kind))
	}
	p("access_log /dev/stdout;")
	p("server_tokens %s;", onOff(setting("server-tokens", "true")))
	p("map $http_upgrade $connection_upgrade { default upgrade; '' close; }")
	p("%s", setting("http-snippets", ""))
	defaultServer(p, o)
	if o.statusOn {
		p("server {\nlisten %d;", o.statusPort)
		for _, cidr := range strings.Split(o.statusAllow, ",") {
			p("allow %s;", strings.TrimSpace(cidr))
		}
		p("deny all;\nlocation /stub_status { stub_status; }\n}")
	}
	for _, u := range upstreams {
		p("upstream %s {\nzone %s 256k;\nrandom two least_conn;", u.name, u.name)
		for _, endpoint := range u.endpoints {
			p("server %s max_fails=1 fail_timeout=10s;", endpoint)
		}
		if keepalive := setting("keepalive", ""); keepalive != "" {
			p("keepalive %s;", keepalive)
		}
		p("}")
	}
	for _, s := range servers {
		ingressServer(p, o, s)
	}
	p("}")
	return b.String()
}

func listen(p func(string, ...any), o options, port int, parameters string) {
	p("listen %d%s;", port, parameters)
	if !o.disableIPv6 {
		p("listen [::]:%d%s;", port, parameters)
	}
}

func defaultServer(p func(string, ...any), o options) {
	p("server {")
	listen(p, o, o.httpPort, " default_server")
	listen(p, o, o.httpsPort, " ssl default_server")
	p("ssl_reject_handshake on;\nserver_name _;\nlocation / { return 404; }\n}")
}

func ingressServer(p func(string, ...any), o options, s server) {
	p("# %s\nserver {", s.source)
	for _, port := range s.ports {
		listen(p, o, port, "")
	}
	p("server_name %s;", s.host)
	for _, l := range s.locations {
		p("location %s%s {", l.modifier, l.path)
		if l.upstream == "" {
			p("return 502;\n}")
			continue
		}
		p("proxy_http_version 1.1;")
		p("proxy_set_header Connection \"\";")
		p("proxy_set_header Host $host;")
		p("proxy_set_header X-Real-IP $remote_addr;")
		p("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;")
		p("proxy_set_header X-Forwarded-Host $host;")
		p("proxy_set_header X-Forwarded-Port $server_port;")
		p("proxy_set_header X-Forwarded-Proto $scheme;")
		p("proxy_connect_timeout 60s;\nproxy_read_timeout 60s;\nproxy_send_timeout 60s;\nclient_max_body_size 1m;")
		p("proxy_pass http://%s;\n}", l.upstream)
	}
	p("}")
}

// plan turns Ingresses into servers and upstreams, in a stable order; what cannot be served is said and left out.
func plan(v view) ([]server, []upstream) {
	servers := []server{}
	taken := map[string]bool{}
	upstreams := map[string]upstream{}
	for _, i := range v.ingresses {
		for _, rule := range i.Spec.Rules {
			switch {
			case !safeHost.MatchString(rule.Host):
				log.Printf("%s: host %q is not served", i.Metadata.key(), rule.Host)
				continue
			case taken[rule.Host]:
				log.Printf("%s: host %s belongs to an older Ingress", i.Metadata.key(), rule.Host)
				continue
			}
			taken[rule.Host] = true
			s := server{host: rule.Host, source: i.Metadata.key(), ports: listenPorts(i)}
			if rule.HTTP != nil {
				for _, path := range rule.HTTP.Paths {
					l, ok := locationOf(i, rule.Host, path, v, upstreams)
					if ok && !slices.ContainsFunc(s.locations, l.same) {
						s.locations = append(s.locations, l)
					}
				}
			}
			servers = append(servers, s)
		}
	}
	sorted := []upstream{}
	for _, u := range upstreams {
		sorted = append(sorted, u)
	}
	slices.SortFunc(sorted, func(a, b upstream) int { return strings.Compare(a.name, b.name) })
	return servers, sorted
}

// listenPorts is 80 unless the Ingress says otherwise: the original's -default-http-listener-port is the default server's only.
func listenPorts(i ingress) []int {
	ports := []int{}
	for _, text := range strings.Split(i.Metadata.Annotations["nginx.org/listen-ports"], ",") {
		if port, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && port > 0 && port < 65536 {
			ports = append(ports, port)
		}
	}
	if len(ports) == 0 {
		return []int{80}
	}
	return ports
}

func locationOf(i ingress, host string, path ingressPath, v view, upstreams map[string]upstream) (location, bool) {
	text := path.Path
	if text == "" {
		text = "/"
	}
	if !safePath.MatchString(text) || path.Backend.Service == nil {
		log.Printf("%s: path %q is not served", i.Metadata.key(), path.Path)
		return location{}, false
	}
	modifier := ""
	if path.PathType == "Exact" {
		modifier = "= "
	}
	name := path.Backend.Service.Name
	port := path.Backend.Service.Port
	found := endpoints(v, i.Metadata.Namespace+"/"+name, port)
	if len(found) == 0 {
		return location{modifier: modifier, path: text}, true
	}
	u := upstream{
		name:      fmt.Sprintf("%s-%s-%s-%s-%s", i.Metadata.Namespace, i.Metadata.Name, host, name, portLabel(port)),
		endpoints: found,
	}
	upstreams[u.name] = u
	return location{modifier: modifier, path: text, upstream: u.name}, true
}

func portLabel(p servicePort) string {
	if p.Name != "" {
		return p.Name
	}
	return strconv.Itoa(p.Number)
}

// endpoints are the ready addresses behind a port of a Service, sorted.
func endpoints(v view, key string, want servicePort) []string {
	s, ok := v.services[key]
	if !ok {
		return nil
	}
	at := slices.IndexFunc(s.Spec.Ports, func(p port) bool {
		return (want.Name != "" && p.Name == want.Name) || (want.Name == "" && p.Port == want.Number)
	})
	if at < 0 {
		return nil
	}
	found := []string{}
	for _, slice := range v.slices {
		if slice.service() != key {
			continue
		}
		for _, sp := range slice.Ports {
			if sp.Name != s.Spec.Ports[at].Name {
				continue
			}
			for _, e := range slice.Endpoints {
				if e.Conditions.Ready != nil && !*e.Conditions.Ready {
					continue
				}
				for _, a := range e.Addresses {
					found = append(found, net.JoinHostPort(a, strconv.Itoa(sp.Port)))
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func onOff(value string) string {
	if on, err := strconv.ParseBool(value); err == nil && !on {
		return "off"
	}
	return "on"
}
