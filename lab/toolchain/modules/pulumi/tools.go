//go:build tools

// Package tools keeps the programs that are built from other modules in go.mod.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
