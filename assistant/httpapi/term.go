package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/terms"
)

// The types of a glossary. XML's own are taken for TBX too: that is what tools send a .tbx file as.
const (
	typeTBX = "application/x-tbx"
	typeTSV = "text/tab-separated-values"
)

// GlossaryFunc is the desk's own terms, for changes that somebody makes: an agent's id, or a key's.
type GlossaryFunc func(actor string) retrieval.Glossary

type termsInput struct {
	After string `doc:"The concept that the page before ended with." maxLength:"400" query:"after"`
	Limit int    `default:"100" maximum:"500" minimum:"1" query:"limit"`
}

// TermList is a page of the desk's own terms.
type TermList struct {
	Concepts []ConceptView `doc:"By name." json:"concepts" nullable:"false"`
	Next     string        `doc:"Send it as after for the next page; absent on the last one." json:"next,omitempty"`
}

// ConceptView is one thing with the ways to say it.
type ConceptView struct {
	Concept string              `doc:"Its name: the first English term, or else the first of its languages by the alphabet, in lower case with hyphens." example:"piggy-bank" json:"concept"` //nolint:lll // a tag is one line
	Terms   map[string][]string `doc:"By language." json:"terms"`
}

// ConceptKey names a concept.
type ConceptKey struct {
	Concept string `doc:"Percent-encoded where it has other characters than letters, digits and hyphens." example:"piggy-bank" maxLength:"1200" path:"concept"` //nolint:lll // a tag is one line
}

// name returns the concept of the path, or false for one that nothing can be called.
func (k ConceptKey) name() (string, bool) {
	name, err := url.PathUnescape(k.Concept)
	return name, err == nil && storableText(name)
}

type setConceptInput struct {
	ConceptKey

	Body ConceptRequest
}

// ConceptRequest are all the terms of a concept: it replaces those that it had.
type ConceptRequest struct {
	Terms map[string][]string `doc:"By language, as BCP 47 tags." json:"terms"`
}

type importTermsInput struct {
	ContentType string `doc:"text/tab-separated-values, or for TBX application/x-tbx, application/xml or text/xml." header:"Content-Type" required:"true"` //nolint:lll // a tag is one line
	DryRun      bool   `doc:"Say what would change, and change nothing." query:"dry_run"`
	RawBody     []byte `contentType:"text/tab-separated-values"`
}

// TermChanges names the concepts that an import changed.
type TermChanges struct {
	Added     []string `json:"added" nullable:"false"`
	Unchanged []string `json:"unchanged" nullable:"false"`
	Updated   []string `json:"updated" nullable:"false"`
}

type exportTermsInput struct {
	Format string `default:"tsv" enum:"tsv,tbx" query:"format"`
}

type exportTermsOutput struct {
	Body               []byte
	ContentDisposition string `header:"Content-Disposition"`
	ContentType        string `header:"Content-Type"`
}

func (s *server) describeTerms(api huma.API) {
	const one = "/v1/terms/{concept}"
	tags := []string{"Knowledge base"}
	const soon = " Searches take it within seconds; what was analysed before is analysed again in the background."
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The desk's own, beside the built-in glossary.",
		Method:      http.MethodGet, OperationID: "list-terms", Path: "/v1/terms", Summary: "List terms", Tags: tags,
	}, access.EditKnowledge), s.terms)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Adds a concept or replaces its terms. Whoever writes one of them finds what is written with another, in any " +
			"language." + soon,
		Method: http.MethodPut, OperationID: "set-concept", Path: one, Summary: "Set a concept", Tags: tags,
	}, access.EditKnowledge), s.setConcept)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The built-in glossary stays." + soon, DefaultStatus: http.StatusNoContent,
		Method: http.MethodDelete, OperationID: "remove-concept", Path: one, Summary: "Remove a concept", Tags: tags,
	}, access.EditKnowledge), s.removeConcept)
	upload := s.operation(api, huma.Operation{
		Description: "Adds the concepts of a TSV or TBX file of at most 4 MiB, each in place of the one of its name. Others stay, and " +
			"the same file again changes nothing. With a mistake in it, nothing is taken: errors name its line." + soon,
		Method: http.MethodPost, OperationID: "import-terms", Path: "/v1/terms/import", Summary: "Import terms", Tags: tags,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{typeTBX: fileSchema(), typeTSV: fileSchema()}},
	}, access.EditKnowledge)
	upload.MaxBodyBytes = articleBodyLimit
	huma.Register(api, upload, s.importTerms)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "All of the desk's own terms, as a file. An import of it changes nothing.",
		Method:      http.MethodGet, OperationID: "export-terms", Path: "/v1/terms/export", Summary: "Export terms", Tags: tags,
		Responses: map[string]*huma.Response{"200": {
			Content: map[string]*huma.MediaType{typeTBX: fileSchema(), typeTSV: fileSchema()}, Description: "The file",
		}},
	}, access.EditKnowledge), s.exportTerms)
}

func fileSchema() *huma.MediaType {
	return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
}

func (s *server) glossary(ctx context.Context) retrieval.Glossary {
	return s.Glossary(actor(ctx).ID.String())
}

func (s *server) terms(ctx context.Context, in *termsInput) (*output[TermList], error) {
	concepts, _, err := s.glossary(ctx).Concepts(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	// By name as Go compares, so that a page begins where the one before ended: the database may sort otherwise.
	slices.SortFunc(concepts, func(a, b lexical.Concept) int { return strings.Compare(a.Name, b.Name) })
	list := TermList{Concepts: []ConceptView{}}
	for _, concept := range concepts {
		if in.After != "" && concept.Name <= in.After {
			continue
		}
		if len(list.Concepts) == in.Limit {
			list.Next = list.Concepts[in.Limit-1].Concept
			break
		}
		list.Concepts = append(list.Concepts, conceptView(concept))
	}
	return &output[TermList]{Body: list}, nil
}

func (s *server) setConcept(ctx context.Context, in *setConceptInput) (*output[ConceptView], error) {
	concept, err := terms.NewConcept(in.Body.Terms)
	if p, ok := errors.AsType[*terms.Problem](err); ok {
		return nil, invalidField("terms", p.Fix) // what it says beside the fix may repeat the value
	} else if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	if name, ok := in.name(); !ok || name != concept.Name {
		return nil, invalidField("concept", "name it after its first English term, or else the first of its languages by the "+
			"alphabet: in lower case, with hyphens for spaces")
	}
	if _, err := s.glossary(ctx).Save(ctx, []lexical.Concept{concept}); err != nil {
		return nil, s.termsProblem(ctx, "terms", err)
	}
	return &output[ConceptView]{Body: conceptView(concept)}, nil
}

func (s *server) removeConcept(ctx context.Context, in *ConceptKey) (*struct{}, error) {
	name, ok := in.name()
	if !ok {
		return nil, newProblem(kindNotFound, kindNamed(kindNotFound).detail)
	}
	change, err := s.glossary(ctx).Remove(ctx, []string{name})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	if len(change.Removed) == 0 {
		return nil, newProblem(kindNotFound, kindNamed(kindNotFound).detail)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func (s *server) importTerms(ctx context.Context, in *importTermsInput) (*output[TermChanges], error) {
	format, ok := termsFormat(in.ContentType)
	if !ok {
		return nil, newProblem(kindOfStatus(http.StatusUnsupportedMediaType).name,
			"Send Content-Type: "+typeTSV+", or for TBX "+typeTBX+".")
	}
	concepts, err := terms.ReadConcepts(bytes.NewReader(in.RawBody), format)
	if err != nil {
		return nil, s.termsProblem(ctx, "body", err)
	}
	save := s.glossary(ctx).Save
	if in.DryRun {
		save = s.glossary(ctx).Foresee
	}
	change, err := save(ctx, concepts)
	if err != nil {
		return nil, s.termsProblem(ctx, "body", err)
	}
	return &output[TermChanges]{Body: TermChanges{
		Added: append([]string{}, change.Added...), Unchanged: append([]string{}, change.Unchanged...),
		Updated: append([]string{}, change.Updated...),
	}}, nil
}

// termsFormat is how a body of a media type is written.
func termsFormat(contentType string) (terms.Format, bool) {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", false
	}
	switch mediaType {
	case typeTSV:
		return terms.FormatTSV, true
	case typeTBX, "application/xml", "text/xml":
		return terms.FormatTBX, true
	default:
		return "", false
	}
}

func (s *server) exportTerms(ctx context.Context, in *exportTermsInput) (*exportTermsOutput, error) {
	concepts, _, err := s.glossary(ctx).Concepts(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	write, contentType := terms.WriteTSV, typeTSV+"; charset=utf-8"
	if in.Format == string(terms.FormatTBX) {
		write, contentType = terms.WriteTBX, typeTBX
	}
	var file bytes.Buffer
	if err := write(&file, concepts); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &exportTermsOutput{
		Body: file.Bytes(), ContentDisposition: `attachment; filename="terms.` + in.Format + `"`, ContentType: contentType,
	}, nil
}

// termsProblem turns an error of a glossary into a problem with a field. Beside the fix it would repeat what was sent.
func (s *server) termsProblem(ctx context.Context, field string, err error) *Problem {
	if p, ok := errors.AsType[*terms.Problem](err); ok {
		return invalidField(field, fmt.Sprintf("line %d: %s", p.Line, p.Fix))
	}
	if errors.Is(err, retrieval.ErrTooManyTerms) {
		return invalidField(field, retrieval.ErrTooManyTerms.Error())
	}
	return s.problemOf(ctx, err)
}

func conceptView(c lexical.Concept) ConceptView {
	view := ConceptView{Concept: c.Name, Terms: make(map[string][]string)}
	for _, term := range c.Terms {
		view.Terms[term.Locale] = append(view.Terms[term.Locale], term.Text)
	}
	return view
}
