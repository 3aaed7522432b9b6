package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// apiServer answers lists with what it is given and watches with one later event.
type apiServer struct {
	mutex   sync.Mutex
	lists   map[string]string
	events  map[string]string
	written map[string]string
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	list, event := s.lists[r.URL.Path], s.events[r.URL.Path]
	s.mutex.Unlock()
	switch {
	case r.Method == http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		s.mutex.Lock()
		s.written[r.URL.Path] = string(body)
		s.mutex.Unlock()
		fmt.Fprint(w, "{}")
	case r.URL.Query().Get("watch") == "1":
		if event != "" {
			fmt.Fprintln(w, event)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	case list == "":
		fmt.Fprint(w, `{"items":[]}`)
	default:
		fmt.Fprint(w, list)
	}
}

const ingressesPath = "/apis/networking.k8s.io/v1/ingresses"

func started(t *testing.T, s *apiServer) *cluster {
	t.Helper()
	server := httptest.NewServer(s)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); server.CloseClientConnections(); server.Close() })
	api, err := newAPI(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(api, parsed(t))
	c.start(ctx)
	if err := c.synced(ctx); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFollowsListThenWatch(t *testing.T) {
	c := started(t, &apiServer{
		written: map[string]string{},
		lists: map[string]string{
			"/api/v1/namespaces/ns/configmaps": `{"items":[{"metadata":{"namespace":"ns","name":"config"},"data":{"keepalive":"8"}}]}`,
			ingressesPath: `{"items":[{"metadata":{"namespace":"a","name":"one"},"spec":{"ingressClassName":"nginx"}},
				{"metadata":{"namespace":"a","name":"other"},"spec":{"ingressClassName":"traefik"}}]}`,
		},
		events: map[string]string{
			ingressesPath: `{"type":"ADDED","object":{"metadata":{"namespace":"a","name":"two"},"spec":{"ingressClassName":"nginx"}}}
{"type":"DELETED","object":{"metadata":{"namespace":"a","name":"one"}}}`,
		},
	})
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		v := c.view()
		if len(v.ingresses) == 1 && v.ingresses[0].Metadata.Name == "two" && v.settings["keepalive"] == "8" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%+v", c.view())
}

func TestReportsStatusWhereItDiffers(t *testing.T) {
	s := &apiServer{
		written: map[string]string{},
		lists: map[string]string{
			"/api/v1/namespaces/ns/configmaps": `{"items":[{"metadata":{"namespace":"ns","name":"config"},"data":{"external-status-address":"10.0.0.9"}}]}`,
			ingressesPath: `{"items":[{"metadata":{"namespace":"a","name":"new"},"spec":{"ingressClassName":"nginx"}},
				{"metadata":{"namespace":"a","name":"done"},"spec":{"ingressClassName":"nginx"},"status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.9"}]}}}]}`,
			"/apis/networking.k8s.io/v1/namespaces/a/ingresses/new": `{"metadata":{"name":"new","resourceVersion":"7"}}`,
		},
	}
	started(t, s).reportStatus(t.Context())
	if len(s.written) != 1 {
		t.Fatalf("wrote %v", s.written)
	}
	var object map[string]any
	body := s.written["/apis/networking.k8s.io/v1/namespaces/a/ingresses/new/status"]
	if err := json.Unmarshal([]byte(body), &object); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(body, `"ingress":[{"ip":"10.0.0.9"}]`) || !strings.Contains(body, `"resourceVersion":"7"`) {
		t.Error(body)
	}
}
