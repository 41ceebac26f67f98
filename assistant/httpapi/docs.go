package httpapi

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

//go:embed docs.css docs.html
var docsFiles embed.FS

// docsPolicy lets the page load its own style sheet and nothing else: it needs no script.
const docsPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docsPage is what the template of /docs shows.
type docsPage struct {
	Description string
	Groups      []docsGroup
	Problems    []docsProblem
	Title       string
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	Description []string // paragraphs
	ID          string
	Method      string
	Parameters  []docsField
	Path        string
	Request     []docsField
	Response    []docsField
	Summary     string
}

type docsField struct {
	Description string
	Name        string // path inside the body: "message.body", "tickets[].number"
	Required    bool
	Type        string
}

type docsProblem struct {
	Detail string
	Name   string
	Status int
	Title  string
}

// serveDocs adds the description of the interface: for programs as OpenAPI, for people as a page. Each is rendered when it is
// first asked for: most services are never asked, and all want to start soon. The page is made here and not by a script, so
// that it works without a network and under the strictest policy.
func (s *server) serveDocs(app *fiber.App, description *huma.OpenAPI) {
	for path, file := range map[string]struct {
		render    func() ([]byte, error)
		mediaType string
	}{
		"/docs":         {func() ([]byte, error) { return renderDocs(description) }, fiber.MIMETextHTMLCharsetUTF8},
		"/docs.css":     {func() ([]byte, error) { return docsFiles.ReadFile("docs.css") }, "text/css; charset=utf-8"},
		"/openapi.json": {func() ([]byte, error) { return json.Marshal(description) }, "application/openapi+json"},
		"/openapi.yaml": {description.YAML, "application/openapi+yaml"},
	} {
		render := sync.OnceValues(file.render)
		app.Get(path, func(c *fiber.Ctx) error {
			content, err := render()
			if err != nil {
				return fmt.Errorf("render %s: %w", path, err)
			}
			c.Set(fiber.HeaderContentSecurityPolicy, docsPolicy)
			c.Set(fiber.HeaderContentType, file.mediaType)
			return c.Send(content)
		})
	}
}

func renderDocs(description *huma.OpenAPI) ([]byte, error) {
	page, err := template.ParseFS(docsFiles, "docs.html")
	if err != nil {
		return nil, fmt.Errorf("parse docs: %w", err)
	}
	var rendered bytes.Buffer
	if err := page.Execute(&rendered, docsOf(description)); err != nil {
		return nil, fmt.Errorf("render docs: %w", err)
	}
	return rendered.Bytes(), nil
}

func docsOf(description *huma.OpenAPI) docsPage {
	page := docsPage{Description: description.Info.Description, Title: description.Info.Title}
	groups := make(map[string][]docsOperation)
	for path, item := range description.Paths {
		for method, op := range map[string]*huma.Operation{
			fiber.MethodDelete: item.Delete, fiber.MethodGet: item.Get, fiber.MethodPost: item.Post, fiber.MethodPut: item.Put,
		} {
			if op != nil {
				operation := docsOperationOf(description, op)
				operation.Method, operation.Path = method, path
				groups[op.Tags[0]] = append(groups[op.Tags[0]], operation)
			}
		}
	}
	for _, name := range []string{
		"Customers", "Agents", "Complaints", "Desk", "Policy", "Incidents", "Channels", "Figures", "Knowledge base", "Macros", "Evals", "Log-in", "People",
		"Keys", "Audit", "Webhooks", "Operators",
	} {
		slices.SortFunc(groups[name], func(a, b docsOperation) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
		})
		page.Groups = append(page.Groups, docsGroup{Name: name, Operations: groups[name]})
	}
	for _, k := range kinds() {
		page.Problems = append(page.Problems, docsProblem{Detail: k.detail, Name: k.name, Status: k.status, Title: k.title})
	}
	return page
}

func docsOperationOf(description *huma.OpenAPI, op *huma.Operation) docsOperation {
	operation := docsOperation{Description: strings.Split(op.Description, "\n\n"), ID: op.OperationID, Summary: op.Summary}
	for _, p := range op.Parameters {
		operation.Parameters = append(operation.Parameters, docsField{
			Description: cmp.Or(p.Description, p.Schema.Description),
			Name:        p.Name + " (" + p.In + ")",
			Required:    p.Required,
			Type:        typeName(p.Schema),
		})
	}
	schemas := description.Components.Schemas
	// A body of another type is a file: it has no fields.
	if op.RequestBody != nil && op.RequestBody.Content[fiber.MIMEApplicationJSON] != nil {
		operation.Request = docsFields(schemas, "", op.RequestBody.Content[fiber.MIMEApplicationJSON].Schema)
	}
	for _, status := range []string{"200", "201"} {
		if ok := op.Responses[status]; ok != nil && ok.Content[fiber.MIMEApplicationJSON] != nil {
			operation.Response = docsFields(schemas, "", ok.Content[fiber.MIMEApplicationJSON].Schema)
		}
	}
	return operation
}

// docsFields lists the fields of a schema, each with its path, parents before their children. No type of the interface
// contains itself.
func docsFields(schemas huma.Registry, prefix string, schema *huma.Schema) []docsField {
	if schema.Ref != "" {
		schema = schemas.SchemaFromRef(schema.Ref)
	}
	var fields []docsField
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		property := schema.Properties[name]
		path := prefix + name
		fields = append(fields, docsField{
			Description: property.Description, Name: path, Required: slices.Contains(schema.Required, name), Type: typeName(property),
		})
		if property.Items != nil {
			property, path = property.Items, path+"[]"
		}
		fields = append(fields, docsFields(schemas, path+".", property)...)
	}
	return fields
}

// typeName is a schema's type in a word or two.
func typeName(schema *huma.Schema) string {
	switch {
	case len(schema.Enum) > 0:
		values := make([]string, len(schema.Enum))
		for i, value := range schema.Enum {
			values[i] = fmt.Sprint(value)
		}
		return strings.Join(values, " | ")
	case schema.Items != nil:
		return "array"
	case schema.Ref != "" || schema.Type == huma.TypeObject:
		return "object"
	case schema.Format != "":
		return schema.Type + ", " + schema.Format
	}
	return schema.Type
}
