package random

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"golang.org/x/crypto/bcrypt"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// bcryptLimit is how many bytes of a password bcrypt takes into account.
const bcryptLimit = 72

// Password is the resource random:index/randomPassword:RandomPassword: a secret text and its bcrypt hash.
type Password struct{}

// Annotate names and describes the resource.
func (r *Password) Annotate(a infer.Annotator) {
	a.SetToken("index/randomPassword", "RandomPassword")
	a.Describe(&r, "A secret random text (stand-in).")
}

// PasswordState is the state of a Password.
type PasswordState struct {
	Text
	Result     string `pulumi:"result" provider:"secret"`
	BcryptHash string `pulumi:"bcryptHash" provider:"secret"`
}

// Check refuses what no text can be made of.
func (*Password) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[TextInputs], error) {
	return checkText(ctx, req.NewInputs)
}

// Create makes the password. The resource's id is "none", so that it gives nothing away.
func (*Password) Create(
	_ context.Context, req infer.CreateRequest[TextInputs],
) (infer.CreateResponse[PasswordState], error) {
	text, err := req.Inputs.settle()
	state := PasswordState{Text: text}
	if err == nil && !req.DryRun {
		err = state.make()
	}
	return infer.CreateResponse[PasswordState]{ID: "none", Output: state}, err
}

func (s *PasswordState) make() error {
	result, err := s.Text.make()
	if err != nil {
		return err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(result)[:min(len(result), bcryptLimit)], bcrypt.DefaultCost)
	s.Result, s.BcryptHash = result, string(hash)
	return err
}

// Diff replaces the resource when any input changes.
func (*Password) Diff(
	_ context.Context, req infer.DiffRequest[TextInputs, PasswordState],
) (infer.DiffResponse, error) {
	text, err := req.Inputs.settle()
	return settings.Diff(req.State.Text, text), err
}

// WireDependencies tells that a preview knows all but the result and its hash, which are secret.
func (*Password) WireDependencies(f infer.FieldSelector, inputs *TextInputs, state *PasswordState) {
	wireText(f, inputs, &state.Text)
	f.OutputField(&state.Result).AlwaysSecret()
	f.OutputField(&state.BcryptHash).AlwaysSecret()
}
