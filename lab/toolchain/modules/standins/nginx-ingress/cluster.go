package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// view is what the configuration is made from.
type view struct {
	ingresses []ingress
	services  map[string]service
	slices    map[string]endpointSlice
	settings  map[string]string
}

// cluster keeps a copy of what concerns the ingress.
type cluster struct {
	api     *api
	options options
	// changed holds at most one token: that something did.
	changed chan struct{}

	mutex      sync.Mutex
	ingresses  map[string]ingress
	services   map[string]service
	slices     map[string]endpointSlice
	configMaps map[string]configMap
	listed     map[string]bool
}

func newCluster(api *api, o options) *cluster {
	return &cluster{
		api: api, options: o, changed: make(chan struct{}, 1),
		ingresses: map[string]ingress{}, services: map[string]service{}, slices: map[string]endpointSlice{},
		configMaps: map[string]configMap{}, listed: map[string]bool{},
	}
}

func (c *cluster) notify() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func (c *cluster) drain() {
	select {
	case <-c.changed:
	default:
	}
}

func (c *cluster) start(ctx context.Context) {
	namespace, name, _ := strings.Cut(c.options.configMap, "/")
	go track(ctx, c, "/apis/networking.k8s.io/v1/ingresses", "", c.ingresses, func(i ingress) string { return i.Metadata.key() })
	go track(ctx, c, "/api/v1/services", "", c.services, func(s service) string { return s.Metadata.key() })
	go track(ctx, c, "/apis/discovery.k8s.io/v1/endpointslices", "", c.slices, func(s endpointSlice) string { return s.Metadata.key() })
	go track(ctx, c, "/api/v1/namespaces/"+namespace+"/configmaps", "fieldSelector=metadata.name%3D"+name, c.configMaps, func(m configMap) string { return m.Metadata.key() })
}

func track[T any](ctx context.Context, c *cluster, path, query string, into map[string]T, key func(T) string) {
	follow(ctx, c.api, path, query, func(items []T) {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		clear(into)
		for _, item := range items {
			into[key(item)] = item
		}
		c.listed[path] = true
		c.notify()
	}, func(deleted bool, object T) {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		if deleted {
			delete(into, key(object))
		} else {
			into[key(object)] = object
		}
		c.notify()
	})
}

// synced waits for the first list of everything, so that the first configuration is a whole one. Like the original it
// does not start without its ConfigMap.
func (c *cluster) synced(ctx context.Context) error {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		c.mutex.Lock()
		lists := len(c.listed)
		_, configured := c.configMaps[c.options.configMap]
		c.mutex.Unlock()
		if lists == 4 && configured {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("no answer from the API, or no ConfigMap %s, within a minute", c.options.configMap)
}

// view is a copy: Ingresses of the class, oldest first, so that the first to name a host has it.
func (c *cluster) view() view {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	v := view{services: map[string]service{}, slices: map[string]endpointSlice{}, settings: map[string]string{}}
	for _, i := range c.ingresses {
		if i.Spec.IngressClassName == c.options.class {
			v.ingresses = append(v.ingresses, i)
		}
	}
	slices.SortFunc(v.ingresses, func(a, b ingress) int {
		return strings.Compare(a.Metadata.CreationTimestamp+a.Metadata.UID, b.Metadata.CreationTimestamp+b.Metadata.UID)
	})
	for key, s := range c.services {
		v.services[key] = s
	}
	for key, s := range c.slices {
		v.slices[key] = s
	}
	for key, value := range c.configMaps[c.options.configMap].Data {
		v.settings[key] = value
	}
	return v
}

// reportStatus writes the ConfigMap's external-status-address into every Ingress of the class that lacks it.
func (c *cluster) reportStatus(ctx context.Context) {
	v := c.view()
	value := v.settings["external-status-address"]
	if value == "" {
		return
	}
	want := []address{{Hostname: value}}
	if net.ParseIP(value) != nil {
		want = []address{{IP: value}}
	}
	for _, i := range v.ingresses {
		if slices.Equal(i.Status.LoadBalancer.Ingress, want) {
			continue
		}
		if err := c.writeStatus(ctx, i.Metadata, want); err != nil {
			log.Printf("status of %s: %v", i.Metadata.key(), err)
			// Most likely another replica was first; look again when its change has come through the watch.
			time.AfterFunc(time.Second, c.notify)
		}
	}
}

func (c *cluster) writeStatus(ctx context.Context, m metadata, want []address) error {
	path := fmt.Sprintf("/apis/networking.k8s.io/v1/namespaces/%s/ingresses/%s", m.Namespace, m.Name)
	var object map[string]any
	if err := c.api.call(ctx, http.MethodGet, path, nil, &object); err != nil {
		return err
	}
	object["status"] = map[string]any{"loadBalancer": map[string]any{"ingress": want}}
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	var answer map[string]any
	return c.api.call(ctx, http.MethodPut, path+"/status", body, &answer)
}
