package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func anIngress(t *testing.T, name, host, path, created string) ingress {
	return decode[ingress](t, `{"metadata":{"namespace":"pay","name":"`+name+`","creationTimestamp":"`+created+`"},
		"spec":{"ingressClassName":"nginx","rules":[{"host":"`+host+`","http":{"paths":[
		{"path":`+path+`,"pathType":"Prefix","backend":{"service":{"name":"shop","port":{"name":"http"}}}}]}}]}}`)
}

func aView(t *testing.T, ingresses ...ingress) view {
	return view{
		ingresses: ingresses,
		services: map[string]service{"pay/shop": decode[service](t, `{"metadata":{"namespace":"pay","name":"shop"},
			"spec":{"ports":[{"name":"metrics","port":9000},{"name":"http","port":80}]}}`)},
		slices: map[string]endpointSlice{"pay/shop-1": decode[endpointSlice](t, `{"metadata":{"namespace":"pay","name":"shop-1",
			"labels":{"kubernetes.io/service-name":"shop"}},
			"endpoints":[{"addresses":["10.0.0.2"],"conditions":{"ready":true}},{"addresses":["10.0.0.1"],"conditions":{}},
			{"addresses":["10.0.0.3"],"conditions":{"ready":false}}],
			"ports":[{"name":"http","port":8080},{"name":"metrics","port":9000}]}`)},
		settings: map[string]string{},
	}
}

func parsed(t *testing.T, args ...string) options {
	t.Helper()
	o, err := parseOptions(append([]string{"-nginx-configmaps=ns/config", "-enable-custom-resources=false", "-disable-ipv6=true"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestServesReadyEndpointsOfTheNamedPort(t *testing.T) {
	conf := render(parsed(t), aView(t, anIngress(t, "a", "shop.example", `"/"`, "1")))
	want := []string{"server 10.0.0.1:8080 max_fails=1 fail_timeout=10s;", "server 10.0.0.2:8080 max_fails=1 fail_timeout=10s;"}
	got := regexp.MustCompile(`(?m)^server 10.*$`).FindAllString(conf, -1)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
	if !strings.Contains(conf, "server_name shop.example;\nlocation / {\nproxy_http_version") {
		t.Errorf("no location for the host in:\n%s", conf)
	}
}

func TestNumberedPortAndNoEndpoints(t *testing.T) {
	v := aView(t)
	if got := endpoints(v, "pay/shop", servicePort{Number: 80}); len(got) != 2 {
		t.Errorf("port 80: %q", got)
	}
	if got := endpoints(v, "pay/shop", servicePort{Number: 81}); len(got) != 0 {
		t.Errorf("port 81: %q", got)
	}
	v = aView(t, anIngress(t, "a", "shop.example", `"/"`, "1"))
	v.slices = nil
	if conf := render(parsed(t), v); !strings.Contains(conf, "location / {\nreturn 502;") {
		t.Errorf("without endpoints:\n%s", conf)
	}
}

func TestOldestIngressHasTheHost(t *testing.T) {
	servers, _ := plan(aView(t, anIngress(t, "old", "shop.example", `"/"`, "1"), anIngress(t, "new", "shop.example", `"/new"`, "2")))
	if len(servers) != 1 || servers[0].source != "pay/old" {
		t.Errorf("%+v", servers)
	}
}

func TestNothingOfAnIngressCanEndADirective(t *testing.T) {
	for _, path := range []string{`"/a;return 200"`, `"/a { } location /b"`, `"/a\nb"`, `"/a\"b"`, `"/$host"`, `"a"`} {
		if servers, _ := plan(aView(t, anIngress(t, "a", "shop.example", path, "1"))); len(servers[0].locations) != 0 {
			t.Errorf("path %s is served: %+v", path, servers[0].locations)
		}
	}
	for _, host := range []string{"", "a;b", "*.example", "a b"} {
		if servers, _ := plan(aView(t, anIngress(t, "a", host, `"/"`, "1"))); len(servers) != 0 {
			t.Errorf("host %q is served", host)
		}
	}
}

func TestSettings(t *testing.T) {
	v := aView(t, anIngress(t, "a", "shop.example", `"/"`, "1"))
	v.settings = map[string]string{
		"worker-processes": "2", "worker-connections": "16384", "worker-rlimit-nofile": "65536", "worker-shutdown-timeout": "60s",
		"keepalive": "64", "server-tokens": "False", "http-snippets": "server { listen 80 backlog=32768; }",
	}
	conf := render(parsed(t), v)
	for _, line := range []string{
		"worker_processes 2;", "events { worker_connections 16384; }", "worker_rlimit_nofile 65536;", "worker_shutdown_timeout 60s;",
		"keepalive 64;", "server_tokens off;", "server { listen 80 backlog=32768; }",
	} {
		if !strings.Contains(conf, line) {
			t.Errorf("no %q in:\n%s", line, conf)
		}
	}
	if strings.Contains(conf, "[::]") {
		t.Error("IPv6 in spite of -disable-ipv6")
	}
	// NGINX refuses options of one socket in two places: nothing but the snippet may carry them.
	if got := strings.Count(conf, "backlog="); got != 1 {
		t.Errorf("%d backlogs", got)
	}
}

func TestFlagsThatTheStandInCannotHonour(t *testing.T) {
	for _, args := range [][]string{
		{"-nginx-configmaps=ns/config"},
		{"-nginx-configmaps=config", "-enable-custom-resources=false"},
		{"-nginx-configmaps=ns/config", "-enable-custom-resources=false", "-enable-snippets=true"},
		{"-nginx-configmaps=ns/config", "-enable-custom-resources=false", "-nginx-plus"},
	} {
		if _, err := parseOptions(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
