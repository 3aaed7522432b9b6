package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount"

// api is the little of the Kubernetes API that is needed: lists, watches, and the status of an Ingress.
type api struct {
	base  string
	http  *http.Client
	token func() (string, error)
}

// newAPI takes the pod's own account, or a kubectl proxy that needs none.
func newAPI(proxy string) (*api, error) {
	if proxy != "" {
		return &api{base: strings.TrimRight(proxy, "/"), http: http.DefaultClient, token: func() (string, error) { return "", nil }}, nil
	}
	ca, err := os.ReadFile(account + "/ca.crt")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s/ca.crt holds no certificate", account)
	}
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: pool},
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
	}
	return &api{
		base: "https://" + net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")),
		http: &http.Client{Transport: transport},
		// Read at each request: the kubelet renews it.
		token: func() (string, error) {
			token, err := os.ReadFile(account + "/token")
			return string(token), err
		},
	}, nil
}

func (a *api) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	token, err := a.token()
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		response.Body.Close()
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return response, nil
}

func (a *api) call(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	response, err := a.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

type listOf[T any] struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Items []T `json:"items"`
}

type event[T any] struct {
	Type   string `json:"type"`
	Object T      `json:"object"`
}

// follow lists a collection and then watches it, for ever; after any error it lists anew. `reset` gets every list,
// `apply` every single change.
func follow[T any](ctx context.Context, a *api, path, query string, reset func([]T), apply func(deleted bool, object T)) {
	for ctx.Err() == nil {
		if err := followOnce(ctx, a, path, query, reset, apply); err != nil && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "watch of %s: %v; listing again\n", path, err)
			time.Sleep(time.Second)
		}
	}
}

func followOnce[T any](ctx context.Context, a *api, path, query string, reset func([]T), apply func(deleted bool, object T)) error {
	var list listOf[T]
	if err := a.call(ctx, http.MethodGet, path+"?"+query, nil, &list); err != nil {
		return err
	}
	reset(list.Items)
	watch := fmt.Sprintf("%s?%s&watch=1&timeoutSeconds=300&resourceVersion=%s", path, query, list.Metadata.ResourceVersion)
	response, err := a.do(ctx, http.MethodGet, watch, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	for {
		var e event[T]
		if err := decoder.Decode(&e); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		switch e.Type {
		case "ADDED", "MODIFIED":
			apply(false, e.Object)
		case "DELETED":
			apply(true, e.Object)
		case "ERROR":
			return fmt.Errorf("the server ended the watch")
		}
	}
}
