package guard

import "testing"

func BenchmarkCheckOfAChatAnswer(b *testing.B) {
	g, registry := newGuard(b), sampleRegistry(b)
	for _, locale := range []string{"en", "zh-Hans", "ar"} {
		var answer Text
		for _, article := range sampleArticles(b) {
			if draft := article.asDraft(); article.locale == locale && len(draft.Sentences) > 8 {
				answer = Text{Language: locale, Sentences: draft.Sentences[:8]}
				passage := joined(answer.Sentences) // a passage has about as many words as the answer from it
				for i := range answer.Sentences {
					answer.Sentences[i].Sources = []string{passage}
				}
			}
		}
		b.Run(locale, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g.Check(answer, registry)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newGuard(b)
	}
}
