package llmtest

import (
	"encoding/json"
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
)

// draftSource matches a source of deskhand's draft prompt.
var draftSource = regexp.MustCompile(`(?s)<source id="(\d+)" locale="([^"]*)" title="[^"]*">\n(.*?)\n</source>`)

// draftLanguage matches the line that names the language to answer in.
var draftLanguage = regexp.MustCompile(`(?m)^language: (\S+)$`)

// maxDraftLines bounds a draft, as the prompt does.
const maxDraftLines = 8

// Drafter is a Responder that behaves like an honest model given deskhand's draft prompt: it copies the first source that
// is in the language asked for, line by line, and cites it. Without such a source, or for any other prompt, it says that
// it cannot answer.
func Drafter(req ChatRequest) ChatReply {
	type sentence struct {
		Citations []int  `json:"citations"`
		Starts    string `json:"starts"`
		Text      string `json:"text"`
	}
	reply := struct {
		Answerable bool       `json:"answerable"`
		Language   string     `json:"language"`
		Missing    []string   `json:"missing"`
		Questions  []struct{} `json:"questions"`
		Sentences  []sentence `json:"sentences"`
	}{Language: "en", Missing: []string{}, Questions: []struct{}{}, Sentences: []sentence{}}

	user := req.User()
	if match := draftLanguage.FindStringSubmatch(user); match != nil {
		reply.Language = match[1]
	}
	for _, source := range draftSource.FindAllStringSubmatch(user, -1) {
		id, err := strconv.Atoi(source[1])
		if err != nil || source[2] != reply.Language {
			continue
		}
		_, body, _ := strings.Cut(source[3], "\n\n") // below the heading line
		for line := range strings.Lines(unescape(body)) {
			line = strings.TrimSpace(line)
			if line == "" || len(reply.Sentences) == maxDraftLines {
				continue
			}
			reply.Sentences = append(reply.Sentences, sentence{Citations: []int{id}, Starts: "line", Text: line})
		}
		reply.Answerable = true
		break
	}
	content, err := json.Marshal(reply)
	if err != nil {
		return ChatReply{Refusal: "the draft does not encode"}
	}
	return ChatReply{Content: string(content)}
}

// unescape undoes the prompt's escaping, as a model does when it reads.
func unescape(text string) string {
	var plain string
	if err := xml.Unmarshal([]byte("<t>"+text+"</t>"), &plain); err != nil {
		return text
	}
	return plain
}
