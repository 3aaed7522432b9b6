package main

import (
	"encoding/json"
	"testing"
)

func TestWithVersion(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(withVersion([]byte("\n{\n \"name\": \"kubernetes\"}"), `4.25.0"`), &got); err != nil {
		t.Fatal(err)
	}
	if got["version"] != `4.25.0"` || got["name"] != "kubernetes" {
		t.Fatalf("got %v", got)
	}
}
