package random

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// The characters that a text is made of.
const (
	lowerLetters  = "abcdefghijklmnopqrstuvwxyz"
	upperLetters  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits        = "0123456789"
	specialSigns  = "!@#$%&*()-_=+[]{}<>:?"
	numberClashes = "Number and numeric are both configured with different values: use numeric only"
)

// TextInputs are the inputs of a String and of a Password.
type TextInputs struct {
	Kept
	Length          int     `pulumi:"length"`
	Lower           *bool   `pulumi:"lower,optional"`
	Upper           *bool   `pulumi:"upper,optional"`
	Number          *bool   `pulumi:"number,optional"`
	Numeric         *bool   `pulumi:"numeric,optional"`
	Special         *bool   `pulumi:"special,optional"`
	MinLower        *int    `pulumi:"minLower,optional"`
	MinUpper        *int    `pulumi:"minUpper,optional"`
	MinNumeric      *int    `pulumi:"minNumeric,optional"`
	MinSpecial      *int    `pulumi:"minSpecial,optional"`
	OverrideSpecial *string `pulumi:"overrideSpecial,optional"`
}

// Annotate describes the inputs.
func (i *TextInputs) Annotate(a infer.Annotator) {
	a.Deprecate(&i.Number, "Use numeric.")
}

// Text is what a String or a Password was made with: the inputs with all defaults filled in.
type Text struct {
	Kept
	Length          int     `pulumi:"length"`
	Lower           bool    `pulumi:"lower"`
	Upper           bool    `pulumi:"upper"`
	Number          bool    `pulumi:"number"`
	Numeric         bool    `pulumi:"numeric"`
	Special         bool    `pulumi:"special"`
	MinLower        int     `pulumi:"minLower"`
	MinUpper        int     `pulumi:"minUpper"`
	MinNumeric      int     `pulumi:"minNumeric"`
	MinSpecial      int     `pulumi:"minSpecial"`
	OverrideSpecial *string `pulumi:"overrideSpecial,optional"`
}

// text fills in the defaults: every class of characters is allowed, none is demanded.
func (i *TextInputs) text() Text {
	numeric := settings.Or(i.Numeric, settings.Or(i.Number, true))
	return Text{
		Kept:   i.Kept,
		Length: i.Length,
		Lower:  settings.Or(i.Lower, true),
		Upper:  settings.Or(i.Upper, true),
		Number: numeric, Numeric: numeric,
		Special:         settings.Or(i.Special, true),
		MinLower:        settings.Or(i.MinLower, 0),
		MinUpper:        settings.Or(i.MinUpper, 0),
		MinNumeric:      settings.Or(i.MinNumeric, 0),
		MinSpecial:      settings.Or(i.MinSpecial, 0),
		OverrideSpecial: i.OverrideSpecial,
	}
}

// checkText refuses a length that is too small for what is demanded, and a text of no characters.
func checkText(ctx context.Context, news property.Map) (infer.CheckResponse[TextInputs], error) {
	inputs, failures, err := infer.DefaultCheck[TextInputs](ctx, news)
	response := infer.CheckResponse[TextInputs]{Inputs: inputs, Failures: failures}
	if err != nil || len(failures) > 0 || property.New(news).HasComputed() {
		return response, err
	}
	response.Failures = inputs.failures()
	return response, nil
}

func (i *TextInputs) failures() []p.CheckFailure {
	failures := atLeastOne(i.Length)
	text := i.text()
	if least := text.MinLower + text.MinUpper + text.MinNumeric + text.MinSpecial; i.Length < least {
		failures = append(failures, p.CheckFailure{
			Property: "length",
			Reason:   "length has to be at least the sum of minLower, minUpper, minNumeric and minSpecial",
		})
	}
	if !text.Lower && !text.Upper && !text.Numeric && !text.Special {
		failures = append(failures, p.CheckFailure{
			Property: "numeric",
			Reason:   "at least one of lower, upper, numeric and special has to be true",
		})
	}
	return failures
}

// make returns a text that has the least number of each class, in random places.
func (t *Text) make() (string, error) {
	special := specialSigns
	if chosen := settings.Or(t.OverrideSpecial, ""); chosen != "" {
		special = chosen
	}
	var all, result []rune
	for _, class := range []struct {
		characters string
		allowed    bool
		least      int
	}{
		{upperLetters, t.Upper, t.MinUpper},
		{lowerLetters, t.Lower, t.MinLower},
		{digits, t.Numeric, t.MinNumeric},
		{special, t.Special, t.MinSpecial},
	} {
		if class.allowed {
			all = append(all, []rune(class.characters)...)
		}
		result = append(result, pick([]rune(class.characters), class.least)...)
	}
	if len(all) == 0 {
		return "", errors.New("the character set specified is empty")
	}
	result = append(result, pick(all, t.Length-len(result))...)
	for i := len(result) - 1; i > 0; i-- {
		j := below(i + 1)
		result[i], result[j] = result[j], result[i]
	}
	return string(result), nil
}

func pick(from []rune, count int) []rune {
	picked := make([]rune, max(count, 0))
	for i := range picked {
		picked[i] = from[below(len(from))]
	}
	return picked
}

func below(limit int) int {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(limit)))
	if err != nil {
		panic(err)
	}
	return int(n.Int64())
}

// settle returns what to make a text with.
func (i *TextInputs) settle() (Text, error) {
	if i.Number != nil && i.Numeric != nil && *i.Number != *i.Numeric {
		return Text{}, errors.New(numberClashes)
	}
	return i.text(), nil
}

// wireText tells which settings a preview knows: those of which the input is known.
func wireText(f infer.FieldSelector, inputs *TextInputs, text *Text) {
	for _, pair := range []struct{ input, output any }{
		{&inputs.Lower, &text.Lower}, {&inputs.Upper, &text.Upper}, {&inputs.Special, &text.Special},
		{&inputs.Number, &text.Number}, {&inputs.Numeric, &text.Numeric},
		{&inputs.MinLower, &text.MinLower}, {&inputs.MinUpper, &text.MinUpper},
		{&inputs.MinNumeric, &text.MinNumeric}, {&inputs.MinSpecial, &text.MinSpecial},
	} {
		f.OutputField(pair.output).AlwaysKnown()
		f.OutputField(pair.output).DependsOn(f.InputField(pair.input))
	}
}
