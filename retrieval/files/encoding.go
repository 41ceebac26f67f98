package files

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/deskhand/deskhand/retrieval"
)

// decoded is the content of a file as text.
type decoded struct {
	// readAs is the encoding that it was converted from, empty for UTF-8.
	readAs string
	text   string
}

// encodingHints are what a file says of itself before it can be read: its keys and tags are ASCII in every encoding.
type encodingHints struct {
	// declared is the encoding that the file claims, in any of its names.
	declared string
	// locale is the language that the file claims.
	locale string
}

// utf8Fix is what helps against every problem with an encoding.
const utf8Fix = "save the file as UTF-8"

// decodeText returns the content as UTF-8. Other encodings are converted where it is certain which one it is, and refused by
// name where it is not: a wrong guess would be shown to customers. A binary file is refused.
func decodeText(file string, content []byte, hints encodingHints) (decoded, error) {
	if name, wide, ok := byteOrder(content); ok {
		text, err := wide.NewDecoder().Bytes(content)
		if err != nil || !retrieval.IsText(text) || bytes.ContainsRune(text, utf8.RuneError) {
			return decoded{}, &retrieval.Problem{File: file, Fix: utf8Fix, Message: "is not valid " + name}
		}
		return decoded{readAs: name, text: strings.TrimPrefix(string(text), "\ufeff")}, nil
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !retrieval.IsText(content) {
		return decoded{}, &retrieval.Problem{
			File: file, Fix: "only text can be imported", Message: "is a binary file" + kindOfBinary(content),
		}
	}
	if utf8.Valid(content) {
		return decoded{text: string(content)}, nil
	}
	if found, ok := decodeDeclared(content, hints.declared); ok {
		return found, nil
	}
	candidates := plausibleCharsets(content, hints.locale)
	if len(candidates) == 1 {
		text, err := candidates[0].encoding.NewDecoder().Bytes(content)
		if err == nil {
			return decoded{readAs: candidates[0].name, text: string(text)}, nil
		}
	}
	line := 1 + bytes.Count(content[:validPrefix(content)], []byte("\n"))
	problem := &retrieval.Problem{File: file, Fix: utf8Fix, Line: line, Message: "is not encoded in UTF-8"}
	if len(candidates) > 1 {
		names := make([]string, len(candidates))
		for i, c := range candidates {
			names[i] = c.name
		}
		problem.Message += ", but perhaps in " + strings.Join(names, " or ")
	}
	return decoded{}, problem
}

// byteOrder recognises UTF-16 and UTF-32 by their mark, and UTF-16 without one by the zero bytes of its ASCII characters.
func byteOrder(content []byte) (name string, wide encoding.Encoding, ok bool) {
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe, 0, 0}):
		return "UTF-32", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), true
	case bytes.HasPrefix(content, []byte{0, 0, 0xfe, 0xff}):
		return "UTF-32", utf32.UTF32(utf32.BigEndian, utf32.UseBOM), true
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}), bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		return "UTF-16", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), true
	}
	var zeros [2]int
	for i, b := range content {
		if b == 0 {
			zeros[i%2]++
		}
	}
	const atLeast = 4 // the "---\n" of a front matter, the "<p>" of a page
	switch {
	case zeros[0] == 0 && zeros[1] >= atLeast && len(content)%2 == 0:
		return "UTF-16", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), true
	case zeros[1] == 0 && zeros[0] >= atLeast && len(content)%2 == 0:
		return "UTF-16", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), true
	}
	return "", nil, false
}

func kindOfBinary(content []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(content), ";")
	if kind == "application/octet-stream" || strings.HasPrefix(kind, "text/") {
		return ""
	}
	return fmt.Sprintf(" (%s)", kind)
}

// decodeDeclared converts from the encoding that the file names, if it holds to it.
func decodeDeclared(content []byte, name string) (decoded, bool) {
	declared, err := htmlindex.Get(strings.TrimSpace(name))
	if name == "" || err != nil {
		return decoded{}, false
	}
	text, err := declared.NewDecoder().Bytes(content)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) || !retrieval.IsText(text) {
		return decoded{}, false
	}
	canonical, err := htmlindex.Name(declared)
	if err != nil || canonical == "utf-8" {
		return decoded{}, false
	}
	return decoded{readAs: canonical, text: string(text)}, true
}

// validPrefix is the length of the part of content that is UTF-8.
func validPrefix(content []byte) int {
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return len(content)
}

// matterLocale finds the language in a front matter whose encoding is not known yet.
var matterLocale = regexp.MustCompile(`(?m)^(?:locale|lang)["']?\s*[:=]\s*["']?([A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})*)`)

// hintsOf returns what the first lines of a text file claim.
func hintsOf(content []byte, locale string) encodingHints {
	if match := matterLocale.FindSubmatch(content[:min(len(content), maxFrontMatter)]); match != nil {
		locale = string(match[1])
	}
	return encodingHints{locale: locale}
}
