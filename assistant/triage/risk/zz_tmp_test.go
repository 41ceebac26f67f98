package risk

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sort"
	"strings"
	"testing"
)

func TestZZ(t *testing.T) {
	rules := defaultRules(t)
	langs := map[string]string{"en": "en", "zh": "zh", "zh-TW": "zh", "vi": "vi", "tr": "tr", "ru": "ru", "ko": "ko", "es": "es", "pt": "pt", "id": "id", "ar": "ar", "ja": "ja", "de": "de", "fr": "fr"}
	fuzz := map[string]int{}
	fp := map[string]int{}
	sample := map[string]string{}
	tot := map[string]int{}
	flagged := map[string]int{}
	s := newScratch(rules.sets)
	for _, f := range []string{"bitcoin_org", "ethereum_org_intl", "ethereum_org_md", "bitcoincash_org"} {
		out, _ := exec.Command("zcat", "/work/shared/data/parallel/"+f+".jsonl.gz").Output()
		sc := bufio.NewScanner(strings.NewReader(string(out)))
		sc.Buffer(nil, 1<<24)
		for sc.Scan() {
			var row map[string]any
			json.Unmarshal(sc.Bytes(), &row)
			for l := range langs {
				txt, _ := row[l].(string)
				if txt == "" || len(txt) > 400 {
					continue
				}
				tot[l]++
				ms := rules.Match(txt)
				if len(ms) > 0 {
					flagged[l]++
				}
				for _, m := range ms {
					k := l + " " + m.Rule
					fp[k]++
					if fp[k] <= 3 {
						sample[k] += fmt.Sprintf("\n      [%s] in %.160q", txt[m.Start:m.End], txt)
					}
				}
				// fuzzy
				s.reset()
				rules.folds.split(txt, s)
				for i := range s.units {
					u := &s.units[i]
					if u.glyph {
						continue
					}
					s.found = s.found[:0]
					known := rules.lexicon.readOne(u, u.runes, s)
					if known {
						continue
					}
					base := len(s.found)
					u.alts.hi = u.alts.lo
					rules.lexicon.readMisspelled(u, s)
					for _, id := range s.found[base:] {
						fuzz[l+"\t"+string(s.runes[u.runes.lo:u.runes.hi])+"\t"+string(rules.lexicon.atoms[id].folded)]++
					}
				}
			}
		}
	}
	w, _ := os.Create("/tmp/riskcases/fuzz.tsv")
	for k, v := range fuzz {
		fmt.Fprintf(w, "%d\t%s\n", v, k)
	}
	w.Close()
	var ks []string
	for k := range fp {
		ks = append(ks, k)
	}
	sort.Slice(ks, func(i, j int) bool { return fp[ks[i]] > fp[ks[j]] })
	w, _ = os.Create("/tmp/riskcases/fp.txt")
	for _, k := range ks {
		fmt.Fprintf(w, "%d %s %s\n", fp[k], k, sample[k])
	}
	w.Close()
	fmt.Println(tot, flagged)
	_ = regexp.MustCompile
}
