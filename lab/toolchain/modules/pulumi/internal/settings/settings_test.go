package settings

import (
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
)

type inner struct {
	Keepers map[string]string `pulumi:"keepers,optional"`
}

type sample struct {
	inner
	Length int  `pulumi:"length"`
	Hours  *int `pulumi:"hours,optional"`
}

func TestDiff(t *testing.T) {
	one, two := 1, 2
	keep := func(value string) inner { return inner{map[string]string{"a": value}} }
	base := sample{keep("1"), 8, &one}
	cases := map[string]struct {
		old, new sample
		want     map[string]p.DiffKind
	}{
		"equal":                {base, sample{keep("1"), 8, &[]int{1}[0]}, nil},
		"empty map is none":    {sample{}, sample{inner: inner{map[string]string{}}}, nil},
		"embedded field":       {base, sample{keep("2"), 8, &one}, map[string]p.DiffKind{"keepers": p.UpdateReplace}},
		"pointer that is gone": {base, sample{base.inner, 8, nil}, map[string]p.DiffKind{"hours": p.Update}},
		"several": {
			base, sample{base.inner, 9, &two},
			map[string]p.DiffKind{"length": p.UpdateReplace, "hours": p.Update},
		},
	}
	for name, c := range cases {
		got := Diff(c.old, c.new, "hours")
		if got.HasChanges != (len(c.want) > 0) || len(got.DetailedDiff) != len(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		for field, kind := range c.want {
			if got.DetailedDiff[field].Kind != kind {
				t.Errorf("%s: %s: got %v, want %v", name, field, got.DetailedDiff[field].Kind, kind)
			}
		}
	}
}
