// Package settings compares what a resource was made with to what its inputs ask for now.
package settings

import (
	"reflect"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
)

// Diff compares two structs of one type, the settings of a resource with all defaults filled in, field by field. A
// field is named by its pulumi tag, those of embedded structs count as the struct's own. A field of another value
// replaces the resource, or updates it when its name is in updates. Spelling out a default is therefore no change.
func Diff[S any](old, new S, updates ...string) p.DiffResponse {
	changed := map[string]p.PropertyDiff{}
	walk(reflect.ValueOf(old), reflect.ValueOf(new), func(name string, before, after reflect.Value) {
		if same(before, after) {
			return
		}
		kind := p.UpdateReplace
		if slices.Contains(updates, name) {
			kind = p.Update
		}
		changed[name] = p.PropertyDiff{Kind: kind, InputDiff: true}
	})
	return p.DiffResponse{HasChanges: len(changed) > 0, DetailedDiff: changed}
}

func walk(old, new reflect.Value, visit func(name string, before, after reflect.Value)) {
	for i := range old.NumField() {
		field := old.Type().Field(i)
		if field.Anonymous {
			walk(old.Field(i), new.Field(i), visit)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("pulumi"), ",")
		visit(name, old.Field(i), new.Field(i))
	}
}

// same tells whether two values are equal; an empty list or map is the same as none.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Slice, reflect.Map:
		if a.Len() == 0 && b.Len() == 0 {
			return true
		}
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// Or returns the value that is pointed to, or the default where there is none.
func Or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
