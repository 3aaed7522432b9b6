// Nginx-ingress stands in for the F5 NGINX Ingress Controller 5.5, which cannot be built from Go modules, in front of
// Debian's NGINX. It takes the flags and the ConfigMap keys that fjord sets, and does with them what the original does:
// serves Ingresses of its class from the endpoints behind their Services, reports their status, and reloads without
// dropping a connection. It knows no custom resources, no TLS certificates, no snippets in Ingresses and no leader
// election (every replica may write the status, which is the same from all). For labs only.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// A burst of changes, as in a rollout, becomes one reload.
const settle = 200 * time.Millisecond

type options struct {
	configMap    string
	class        string
	httpPort     int
	httpsPort    int
	statusOn     bool
	statusPort   int
	statusAllow  string
	readyOn      bool
	readyPort    int
	reportStatus bool
	disableIPv6  bool
	proxy        string
	state        string
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("nginx-ingress", flag.ContinueOnError)
	flags.StringVar(&o.configMap, "nginx-configmaps", "", "<namespace>/<name> of the ConfigMap")
	flags.StringVar(&o.class, "ingress-class", "nginx", "class of the Ingresses to serve")
	flags.IntVar(&o.httpPort, "default-http-listener-port", 80, "HTTP port of the default server")
	flags.IntVar(&o.httpsPort, "default-https-listener-port", 443, "HTTPS port of the default server")
	flags.BoolVar(&o.statusOn, "nginx-status", true, "serve stub_status")
	flags.IntVar(&o.statusPort, "nginx-status-port", 8080, "port of stub_status")
	flags.StringVar(&o.statusAllow, "nginx-status-allow-cidrs", "127.0.0.1,::1", "who may read stub_status")
	flags.BoolVar(&o.readyOn, "ready-status", true, "serve /nginx-ready")
	flags.IntVar(&o.readyPort, "ready-status-port", 8081, "port of /nginx-ready")
	flags.BoolVar(&o.reportStatus, "report-ingress-status", false, "write the status of Ingresses")
	flags.BoolVar(&o.disableIPv6, "disable-ipv6", false, "listen on IPv4 only")
	flags.StringVar(&o.proxy, "proxy", "", "URL of a `kubectl proxy`, for tests outside of a cluster")
	flags.StringVar(&o.state, "state-directory", "/var/lib/nginx", "stand-in only: where NGINX's files go")
	custom := flags.Bool("enable-custom-resources", true, "must be off: the stand-in has none")
	snippets := flags.Bool("enable-snippets", false, "must be off: the stand-in has none")
	flags.Bool("enable-leader-election", true, "taken, and not needed")
	flags.String("leader-election-lock-name", "", "taken, and not needed")
	flags.Bool("enable-telemetry-reporting", true, "taken: the stand-in reports to nobody")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *custom || *snippets {
		return o, fmt.Errorf("the stand-in has neither custom resources nor snippets: give -enable-custom-resources=false -enable-snippets=false")
	}
	if strings.Count(o.configMap, "/") != 1 {
		return o, fmt.Errorf("-nginx-configmaps=%q: want <namespace>/<name>", o.configMap)
	}
	return o, nil
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	log.Print("stand-in for the F5 NGINX Ingress Controller, in front of this image's own nginx: for labs only")
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o options) error {
	api, err := newAPI(o.proxy)
	if err != nil {
		return err
	}
	cluster := newCluster(api, o)
	cluster.start(ctx)
	if err := cluster.synced(ctx); err != nil {
		return err
	}
	nginx := &nginx{directory: o.state, address: fmt.Sprintf("127.0.0.1:%d", o.httpPort)}
	if err := nginx.start(render(o, cluster.view())); err != nil {
		return err
	}
	var ready atomic.Bool
	if o.readyOn {
		go serveReady(o.readyPort, &ready)
	}
	if err := nginx.listening(ctx); err != nil {
		return err
	}
	ready.Store(true)
	return loop(ctx, o, cluster, nginx)
}

// loop follows the cluster until it is told to stop or NGINX ends.
func loop(ctx context.Context, o options, cluster *cluster, nginx *nginx) error {
	report := func() {
		if o.reportStatus {
			cluster.reportStatus(ctx)
		}
	}
	report()
	for {
		select {
		case <-ctx.Done():
			return nginx.quit()
		case err := <-nginx.done:
			return fmt.Errorf("nginx ended by itself: %v", err)
		case <-cluster.changed:
			time.Sleep(settle)
			cluster.drain()
			if err := nginx.reload(render(o, cluster.view())); err != nil {
				log.Printf("the configuration is not taken, the old one stays: %v", err)
			}
			report()
		}
	}
}

func serveReady(port int, ready *atomic.Bool) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /nginx-ready", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "NGINX has not loaded its configuration yet", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "Ready")
	})
	server := &http.Server{Addr: fmt.Sprintf(":%d", port), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
