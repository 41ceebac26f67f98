package risk
import ("testing";"os";"bufio";"encoding/json")
func TestZZ3(t *testing.T){
 rules:=defaultRules(t); f,_:=os.Open("testdata/fresh.jsonl"); sc:=bufio.NewScanner(f)
 by:=map[string]*tally{}; var all tally
 for sc.Scan(){ var c testCase; json.Unmarshal(sc.Bytes(),&c); fired:=len(rules.Match(c.Text))>0
  if by[c.Lang]==nil {by[c.Lang]=&tally{}}; by[c.Lang].add(c,fired); all.add(c,fired)}
 for l,n:=range by { t.Logf("%s %+v",l,*n)}
 t.Logf("ALL %+v %.4f",all,all.lowerBound())
}
