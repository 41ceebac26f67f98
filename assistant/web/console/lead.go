package console

import (
	"encoding/csv"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
)

// exported is how many entries of the audit log one export holds: what GET /v1/audit gives at once.
const exported = "500"

// listPage is a list with its filter.
type listPage[T any] struct {
	Filter map[string]string
	Next   string
	Rows   []T
}

// ask asks a list of the service with the filters of the page's address.
func (v *visit) ask(address string, names []string, into any) (map[string]string, url.Values, error) {
	filter, query := make(map[string]string), url.Values{}
	for _, name := range names {
		if value := v.ctx.Query(name); value != "" {
			filter[name] = value
			query.Set(name, value)
		}
	}
	return filter, query, v.get(address+"?"+query.Encode(), into)
}

func nextPage(address string, query url.Values, cursor string) string {
	if cursor == "" {
		return ""
	}
	query.Set("cursor", cursor)
	return address + "?" + query.Encode()
}

func (v *visit) logIn() (string, any, error) {
	to := v.ctx.Query("to")
	if !strings.HasPrefix(to, "/console") { // never to another site
		to = "/console"
	}
	return "login", to, nil
}

func (v *visit) account() (string, any, error) {
	var sessions httpapi.SessionList
	err := v.get("/v1/sessions", &sessions)
	return "account", sessions, err
}

func (v *visit) articles() (string, any, error) {
	var list httpapi.ArticleList
	filter, query, err := v.ask("/v1/articles", []string{"cursor", "locale", "q", "status"}, &list)
	return "articles", listPage[httpapi.Article]{
		Filter: filter, Next: nextPage("/console/articles", query, list.NextCursor), Rows: list.Articles,
	}, err
}

func (v *visit) article() (string, any, error) {
	var article httpapi.Article
	if v.ctx.Params("slug") == "new" {
		return "article", article, nil
	}
	err := v.get("/v1/articles/"+v.ctx.Params("slug")+"/"+v.ctx.Params("locale"), &article) // as percent-encoded as it came
	return "article", article, err
}

func auditFilters() []string {
	return []string{"action", "actor", "cursor", "limit", "since", "subject_id", "subject_kind", "until"}
}

// auditPage is the audit log, with the names of who acted and on whom.
type auditPage struct {
	listPage[httpapi.AuditEntry]

	Names map[string]string
}

func (v *visit) audit() (string, any, error) {
	var list httpapi.AuditList
	filter, query, err := v.ask("/v1/audit", auditFilters(), &list)
	if err != nil {
		return "", nil, err
	}
	page := auditPage{listPage: listPage[httpapi.AuditEntry]{
		Filter: filter, Next: nextPage("/console/audit", query, list.NextCursor), Rows: list.Entries,
	}}
	page.Names, err = v.names()
	return "audit", page, err
}

// auditExport sends what the filter selects as CSV, 500 entries at once; X-Next-Cursor leads on.
func (c *Console) auditExport(ctx *fiber.Ctx) error {
	v := &visit{Console: c, ctx: ctx, now: c.clock()}
	query := url.Values{"limit": {exported}}
	for _, name := range auditFilters() {
		if value := ctx.Query(name); value != "" && name != "limit" {
			query.Set(name, value)
		}
	}
	var list httpapi.AuditList
	if err := v.get("/v1/audit?"+query.Encode(), &list); err != nil {
		return ctx.Status(v.statusOf(err)).SendString(err.Error())
	}
	ctx.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	ctx.Set(fiber.HeaderContentDisposition, `attachment; filename="audit.csv"`)
	ctx.Set("X-Next-Cursor", list.NextCursor)
	w := csv.NewWriter(ctx)
	rows := [][]string{{"position", "at", "actor", "action", "subject_kind", "subject_id", "detail"}}
	for _, entry := range list.Entries {
		detail, err := json.Marshal(entry.Detail)
		if err != nil {
			return fiber.ErrInternalServerError
		}
		rows = append(rows, []string{
			strconv.FormatInt(entry.Position, 10), entry.At.UTC().Format(time.RFC3339), harmless(entry.Actor), harmless(entry.Action),
			harmless(entry.SubjectKind), harmless(entry.SubjectID), string(detail),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return fiber.ErrInternalServerError
	}
	return nil
}

// harmless keeps a spreadsheet from taking a value for a formula.
func harmless(value string) string {
	if value != "" && strings.ContainsRune("=+-@\t\r", rune(value[0])) {
		return "'" + value
	}
	return value
}

func (v *visit) complaints() (string, any, error) {
	var list httpapi.ComplaintList
	filter, _, err := v.ask("/v1/complaints", []string{"regime", "status"}, &list)
	return "complaints", listPage[httpapi.Complaint]{Filter: filter, Rows: list.Complaints}, err
}

// figuresPage is what the desk did.
type figuresPage struct {
	desk.Stats

	By   string
	Gaps []desk.Gap
}

func (v *visit) figures() (string, any, error) {
	page := figuresPage{By: v.ctx.Query("by", "day")}
	if err := v.get("/v1/stats?by="+url.QueryEscape(page.By), &page.Stats); err != nil {
		return "", nil, err
	}
	var gaps httpapi.GapList
	err := v.get("/v1/stats/gaps", &gaps)
	page.Gaps = gaps.Gaps
	return "figures", page, err
}

func (v *visit) keys() (string, any, error) {
	var list httpapi.KeyList
	err := v.get("/v1/keys", &list)
	return "keys", list, err
}

func (v *visit) people() (string, any, error) {
	var list httpapi.AgentList
	err := v.get("/v1/agents", &list)
	return "people", list, err
}

func (v *visit) plan() (string, any, error) {
	var plan httpapi.Plan
	err := v.get("/v1/desk", &plan)
	return "plan", plan, err
}
