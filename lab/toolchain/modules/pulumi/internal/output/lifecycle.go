package output

import "github.com/pulumi/pulumi-go-provider/infer"

// Lifecycle is what every Command resource is told about its life.
type Lifecycle struct {
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
}

// Annotate describes the inputs.
func (l *Lifecycle) Annotate(a infer.Annotator) {
	a.Describe(&l.Triggers, "Values of which any change replaces the resource.")
	a.Describe(&l.Create, "The command to run when the resource is made.")
	a.Describe(&l.Update, "The command to run when an input changes; without it, create is run again.")
	a.Describe(&l.Delete, "The command to run when the resource is deleted.")
}

// OnUpdate is the command that a change of inputs runs; nil when there is none.
func (l *Lifecycle) OnUpdate() *string {
	if l.Update != nil {
		return l.Update
	}
	return l.Create
}

// Outputs is what a command printed, each stream without the newline that ends it.
type Outputs struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Annotate describes the outputs.
func (o *Outputs) Annotate(a infer.Annotator) {
	a.Describe(&o.Stdout, "What the command printed to its standard output.")
	a.Describe(&o.Stderr, "What the command printed to its standard error.")
}

// Previous returns what the run before printed, as variables for the next one; streams that were empty are left out.
func (o *Outputs) Previous() map[string]string {
	variables := map[string]string{}
	if o.Stdout != "" {
		variables[PreviousStdout] = o.Stdout
	}
	if o.Stderr != "" {
		variables[PreviousStderr] = o.Stderr
	}
	return variables
}
