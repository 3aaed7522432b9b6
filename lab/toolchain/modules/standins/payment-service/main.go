// Payment-service is the lab's sample application: one page that shows a message out of a ConfigMap and a value out of
// a Secret, so that a look at it tells whether Git, Argo CD, Sealed Secrets and the ingress all did their part.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	listen := flag.String("listen", ":8080", "address to listen on")
	message := flag.String("message", "/etc/payment-service/message", "file with the message, from the ConfigMap")
	secret := flag.String("secret", "/etc/payment-service-secret/api-key", "file with the value, from the Secret")
	drain := flag.Duration("drain", 5*time.Second, "how long requests still come in after SIGTERM, until every proxy knows")
	flag.Parse()
	if err := serve(*listen, handler(*message, *secret), *drain); err != nil {
		log.Fatal(err)
	}
}

// handler reads its files at each request, so that a change of a mounted file shows without a restart.
func handler(message, secret string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := page(message, secret); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		text, err := page(message, secret)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, text)
	})
	return mux
}

func page(message, secret string) (string, error) {
	greeting, err := os.ReadFile(message)
	if err != nil {
		return "", err
	}
	value, err := os.ReadFile(secret)
	if err != nil {
		return "", err
	}
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("payment-service: %s\nfrom the sealed secret: %s\nserved by: %s\n",
		strings.TrimSpace(string(greeting)), strings.TrimSpace(string(value)), host), nil
}

func serve(listen string, handler http.Handler, drain time.Duration) error {
	server := &http.Server{Addr: listen, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	// The pod leaves the endpoints at the same moment as it gets the signal; proxies hear of it a little later.
	time.Sleep(drain)
	closing, done := context.WithTimeout(context.Background(), 10*time.Second)
	defer done()
	if err := server.Shutdown(closing); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
