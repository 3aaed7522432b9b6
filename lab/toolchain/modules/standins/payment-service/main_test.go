package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func get(t *testing.T, handler http.Handler, path string) (int, string) {
	t.Helper()
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, path, nil))
	return response.Code, response.Body.String()
}

func TestPageShowsConfigMapAndSecret(t *testing.T) {
	dir := t.TempDir()
	message, secret := filepath.Join(dir, "message"), filepath.Join(dir, "api-key")
	if err := os.WriteFile(message, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	handler := handler(message, secret)
	if code, _ := get(t, handler, "/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("ready without its Secret: %d", code)
	}
	if code, _ := get(t, handler, "/healthz"); code != http.StatusOK {
		t.Errorf("not alive without its Secret: %d", code)
	}
	if err := os.WriteFile(secret, []byte("opened"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, body := get(t, handler, "/")
	if code != http.StatusOK || !strings.Contains(body, "payment-service: hello\n") || !strings.Contains(body, "secret: opened\n") {
		t.Errorf("%d %q", code, body)
	}
	if code, _ := get(t, handler, "/other"); code != http.StatusNotFound {
		t.Errorf("/other: %d", code)
	}
}
