package tls

import (
	"context"
	"fmt"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// The names of the properties that decide about an update and a renewal.
const (
	earlyRenewalHours = "earlyRenewalHours"
	readyForRenewal   = "readyForRenewal"
)

// now is the time that certificates are made and renewed by.
var now = time.Now

// TermsInputs are the inputs that all certificates share.
type TermsInputs struct {
	AllowedUses         []string `pulumi:"allowedUses"`
	ValidityPeriodHours int      `pulumi:"validityPeriodHours"`
	EarlyRenewalHours   *int     `pulumi:"earlyRenewalHours,optional"`
	IsCaCertificate     *bool    `pulumi:"isCaCertificate,optional"`
	MaxPathLength       *int     `pulumi:"maxPathLength,optional"`
	SetSubjectKeyID     *bool    `pulumi:"setSubjectKeyId,optional"`
}

// Terms are what a certificate was issued for: the shared inputs with all defaults filled in.
type Terms struct {
	AllowedUses         []string `pulumi:"allowedUses"`
	ValidityPeriodHours int      `pulumi:"validityPeriodHours"`
	EarlyRenewalHours   int      `pulumi:"earlyRenewalHours"`
	IsCaCertificate     bool     `pulumi:"isCaCertificate"`
	MaxPathLength       *int     `pulumi:"maxPathLength,optional"`
	SetSubjectKeyID     bool     `pulumi:"setSubjectKeyId"`
}

// Issued is what a certificate's state has beside what it was issued for. Times are in RFC 3339.
type Issued struct {
	CertPem           string `pulumi:"certPem"`
	ReadyForRenewal   bool   `pulumi:"readyForRenewal"`
	ValidityStartTime string `pulumi:"validityStartTime"`
	ValidityEndTime   string `pulumi:"validityEndTime"`
}

func (i *TermsInputs) terms() Terms {
	return Terms{
		AllowedUses:         i.AllowedUses,
		ValidityPeriodHours: i.ValidityPeriodHours,
		EarlyRenewalHours:   settings.Or(i.EarlyRenewalHours, 0),
		IsCaCertificate:     settings.Or(i.IsCaCertificate, false),
		MaxPathLength:       i.MaxPathLength,
		SetSubjectKeyID:     settings.Or(i.SetSubjectKeyID, false),
	}
}

// after are the terms to compare with those of an existing certificate: it keeps a path length that is asked for no
// longer.
func (t Terms) after(old Terms) Terms {
	if t.MaxPathLength == nil {
		t.MaxPathLength = old.MaxPathLength
	}
	return t
}

func checkTerms[I any](
	ctx context.Context, news property.Map, terms func(*I) *TermsInputs,
) (infer.CheckResponse[I], error) {
	inputs, failures, err := infer.DefaultCheck[I](ctx, news)
	response := infer.CheckResponse[I]{Inputs: inputs, Failures: failures}
	if err != nil || len(failures) > 0 {
		return response, err
	}
	t := terms(&inputs)
	if !news.Get("allowedUses").HasComputed() {
		response.Failures = append(response.Failures, checkUses(t.AllowedUses)...)
	}
	response.Failures = append(response.Failures, atLeast("validityPeriodHours", t.ValidityPeriodHours, 0)...)
	response.Failures = append(response.Failures, atLeast(earlyRenewalHours, settings.Or(t.EarlyRenewalHours, 0), 0)...)
	response.Failures = append(response.Failures, atLeast("maxPathLength", settings.Or(t.MaxPathLength, 0), -1)...)
	return response, nil
}

// diffTerms adds to the changes of a certificate that it has to be replaced because its time has come.
func diffTerms(changes p.DiffResponse, issued Issued, terms Terms) p.DiffResponse {
	if issued.due(terms.EarlyRenewalHours) {
		changes.HasChanges = true
		changes.DetailedDiff[readyForRenewal] = p.PropertyDiff{Kind: p.UpdateReplace}
	}
	return changes
}

// due tells whether less than a number of hours of the certificate's time is left.
func (i *Issued) due(hours int) bool {
	end, err := time.Parse(time.RFC3339, i.ValidityEndTime)
	return err == nil && !now().Before(end.Add(-time.Duration(hours)*time.Hour))
}

// neverFresh tells whether a certificate is ready for renewal as soon as it is made.
func (t *Terms) neverFresh() bool {
	return t.ValidityPeriodHours == 0 || t.EarlyRenewalHours >= t.ValidityPeriodHours
}

// wireTerms tells which of a certificate's outputs a preview knows: those that are filled in from inputs.
func wireTerms(f infer.FieldSelector, inputs *TermsInputs, terms *Terms, issued *Issued) {
	for _, pair := range []struct{ input, output any }{
		{&inputs.EarlyRenewalHours, &terms.EarlyRenewalHours},
		{&inputs.IsCaCertificate, &terms.IsCaCertificate},
		{&inputs.SetSubjectKeyID, &terms.SetSubjectKeyID},
	} {
		f.OutputField(pair.output).AlwaysKnown()
		f.OutputField(pair.output).DependsOn(f.InputField(pair.input))
	}
	f.OutputField(&issued.ReadyForRenewal).AlwaysKnown()
}

func atLeast(property string, value, least int) []p.CheckFailure {
	if value >= least {
		return nil
	}
	return []p.CheckFailure{{
		Property: property,
		Reason:   fmt.Sprintf("%s value must be at least %d, got: %d", property, least, value),
	}}
}
