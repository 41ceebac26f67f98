package terms_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/terms"
)

const tbx = `<?xml version="1.0" encoding="UTF-8"?>
<tbx type="TBX-Basic" style="dca" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2">
  <tbxHeader><fileDesc><sourceDesc><p>desk</p></sourceDesc></fileDesc></tbxHeader>
  <text><body>
    <conceptEntry id="c1">
      <descrip type="subjectField">term</descrip>
      <langSec xml:lang="zh-TW"><termSec><term>儲蓄罐</term></termSec></langSec>
      <langSec xml:lang="ar"><termSec><term>حصالة</term></termSec></langSec>
      <langSec xml:lang="en-US">
        <termSec><term>Piggy  <hi>Bank</hi></term><termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></termSec>
        <termSec><term>savings jar</term></termSec>
        <termSec><term>savings jar</term></termSec>
      </langSec>
    </conceptEntry>
  </body></text>
</tbx>
`

const martif = `<?xml version="1.0"?>
<!DOCTYPE martif SYSTEM "TBXcoreStructV02.dtd">
<martif type="TBX" xml:lang="en"><text><body>
  <termEntry id="1">
    <langSet xml:lang="zh-Hant"><ntig><termGrp><term>儲蓄罐</term></termGrp></ntig></langSet>
    <langSet xml:lang="ar"><tig><term>حصالة</term></tig></langSet>
    <langSet xml:lang="en"><tig><term>Piggy Bank</term></tig><tig><term>savings jar</term></tig></langSet>
  </termEntry>
</body></text></martif>
`

const tsv = "\ufeffzh-Hant\tar\ten\r\n儲蓄罐\tحصالة\tPiggy Bank|savings jar\r\n\r\n"

// piggyBank is what all three say.
func piggyBank() []lexical.Concept {
	return []lexical.Concept{{Name: "piggy-bank", Terms: []lexical.Term{
		{Locale: "en", Text: "Piggy Bank"},
		{Locale: "en", Text: "savings jar"},
		{Locale: "ar", Text: "حصالة"},
		{Locale: "zh-Hant", Text: "儲蓄罐"},
	}}}
}

func TestEveryFormatSaysTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format terms.Format
		text   string
	}{{terms.FormatTBX, tbx}, {terms.FormatTBX, martif}, {terms.FormatTSV, tsv}} {
		concepts, err := terms.ReadConcepts(strings.NewReader(c.text), c.format)
		require.NoError(t, err)
		require.Equal(t, piggyBank(), concepts)
	}
}

func TestWhatIsWrittenReadsTheSame(t *testing.T) {
	t.Parallel()
	concepts := append(piggyBank(), lexical.Concept{Name: "钱罐-a&b", Terms: []lexical.Term{{Locale: "zh-Hans", Text: "钱罐 <A&B>"}}}) // named by its only language
	concepts[1].Name = lexical.ConceptName("钱罐 <A&B>")
	var inTSV, inTBX bytes.Buffer
	require.NoError(t, terms.WriteTSV(&inTSV, concepts))
	require.NoError(t, terms.WriteTBX(&inTBX, concepts))
	for format, text := range map[terms.Format]*bytes.Buffer{terms.FormatTSV: &inTSV, terms.FormatTBX: &inTBX} {
		again, err := terms.ReadConcepts(text, format)
		require.NoError(t, err)
		require.Equal(t, concepts, again, format)
	}
}

func TestMistakesAreToldWithTheirLine(t *testing.T) {
	t.Parallel()
	body := func(entries string) string {
		return "<martif>\n<text><body>\n" + entries + "\n</body></text></martif>"
	}
	entry := func(term string) string {
		return body(`<termEntry><langSet xml:lang="en"><tig>` + "\n" + `<term>` + term + `</term></tig></langSet></termEntry>`)
	}
	for _, c := range []struct {
		format     terms.Format
		text, want string
	}{
		{terms.FormatTSV, "", `line 1: "" is not a language`},
		{terms.FormatTSV, "en\tKlingonish!\n", `line 1: "Klingonish!" is not a language`},
		{terms.FormatTSV, "en\tzh\n\nfee\n", "line 3: it has 1 columns, the first line has 2"},
		{terms.FormatTSV, "en\tzh\n\t|\n", "line 2: the concept has no term"},
		{terms.FormatTSV, "en\tzh\nfee\t费\nFee\t用\n", `line 3: concept "fee" is already on line 2`},
		{terms.FormatTSV, "en\n" + strings.Repeat("x", 101) + "\n", "line 2: a term has more than 100 characters"},
		{terms.FormatTSV, "en\n---\n", `line 2: the term "---" has no letter`},
		{terms.FormatTSV, "en\nfee\x01s\n", "line 2: a term has a control character"},
		{terms.FormatTSV, "en\nfee\n\xff\n", "line 3: the file is not text in UTF-8"},
		{terms.FormatTSV, "en\n\n", "the file has no concept"},
		{terms.FormatTSV, "en\n" + strings.Repeat("a|b|", 300) + "\n", `has more than 400 terms`},
		{terms.FormatTSV, strings.Repeat("x", terms.MaxBytes+1), "the file is too large"},
		{terms.FormatTBX, "", "the file has no concept"},
		{terms.FormatTBX, "<html>\n</html>", `line 1: it is not TBX: it begins with "html"`},
		{terms.FormatTBX, "<martif>\n<text>", "line 2: the file ends too early"},
		{terms.FormatTBX, "<martif>\n</tbx>", "line 2: the file is not well-formed XML"},
		{terms.FormatTBX, `<?xml version="1.0" encoding="UTF-16"?><martif/>`, "line 1: the file is not well-formed XML"},
		{terms.FormatTBX, entry("a|b"), "line 3: a term has a bar"},
		{terms.FormatTBX, entry("x<term>y</term>"), "line 4: a term begins within another"},
		{terms.FormatTBX, entry("&lol;"), "line 4: an entity is not one of XML's own"},
		{terms.FormatTBX, body(`<termEntry></termEntry>`), "line 3: the concept has no term"},
		{terms.FormatTBX, body(`<termEntry><termEntry>`), "line 3: a concept begins within another"},
		{terms.FormatTBX, body(`<term>x</term>`), "line 3: a term stands outside of a language of a concept"},
		{terms.FormatTBX, body(`<termEntry><langSet>`), `line 3: "" is not a language`},
		{terms.FormatTBX, "<martif>" + strings.Repeat("<a>", 40), "its elements nest too deep"},
	} {
		_, err := terms.ReadConcepts(strings.NewReader(c.text), c.format)
		var problem *terms.Problem
		require.ErrorAs(t, err, &problem, "%.60q", c.text)
		require.Contains(t, problem.Error(), c.want, "%.60q", c.text)
		require.NotEmpty(t, problem.Fix)
	}
}

func TestEntitiesAndDocumentTypesAreNeverExpanded(t *testing.T) {
	t.Parallel()
	const laughs = `<?xml version="1.0"?>
<!DOCTYPE martif [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<martif><text><body><termEntry><langSet xml:lang="en"><tig><term>&b;&c;</term></tig></langSet></termEntry></body></text></martif>`
	_, err := terms.ParseTBX(laughs)
	require.ErrorContains(t, err, "line 2: the document type declares something of its own")
}

func TestTooManyConceptsAreRefused(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("en\n")
	for i := range terms.MaxConcepts + 1 {
		b.WriteString("term " + strings.Repeat("x", i%90) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + string(rune('a'+i/17576)) + "\n")
	}
	_, err := terms.ParseTSV(b.String())
	require.ErrorContains(t, err, "there are more than 20000 concepts")
}

func FuzzTBX(f *testing.F) {
	f.Add(tbx)
	f.Add(martif)
	f.Add("<martif><text><body><termEntry><langSet xml:lang='en'><tig><term>a<![CDATA[b]]></term>")
	f.Fuzz(func(t *testing.T, text string) { check(t, terms.FormatTBX, text) })
}

func FuzzTSV(f *testing.F) {
	f.Add(tsv)
	f.Add("en\tzh\nfee|charge\t手续费\n")
	f.Fuzz(func(t *testing.T, text string) { check(t, terms.FormatTSV, text) })
}

// check demands that text is refused with a line, or is concepts that survive being written.
func check(t *testing.T, format terms.Format, text string) {
	t.Helper()
	concepts, err := terms.ReadConcepts(strings.NewReader(text), format)
	if err != nil {
		var problem *terms.Problem
		require.ErrorAs(t, err, &problem)
		require.Positive(t, problem.Line)
		return
	}
	require.NotEmpty(t, concepts)
	var out bytes.Buffer
	require.NoError(t, terms.WriteTSV(&out, concepts))
	again, err := terms.ReadConcepts(&out, terms.FormatTSV)
	require.NoError(t, err)
	require.Equal(t, concepts, again)
	lexical.NewAnalyzer(lexical.NewTermbase(concepts...))
}
