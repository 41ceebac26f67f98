package httpapi

import (
	"context"
	"time"

	"github.com/deskhand/deskhand/retrieval"
)

type versionInput struct {
	ArticleKey

	Version int `minimum:"1" path:"version"`
}

// VersionList is the history of an article in one language.
type VersionList struct {
	Versions []Article `doc:"Newest first, without their texts." json:"versions" nullable:"false"`
}

func (s *server) articleVersions(ctx context.Context, in *ArticleKey) (*output[VersionList], error) {
	slug, locale, err := in.key()
	if err != nil {
		return nil, err
	}
	history, err := s.Index().History(ctx, slug, locale)
	if err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	list := VersionList{Versions: make([]Article, len(history))}
	for i, version := range history {
		list.Versions[i] = versionView(version)
	}
	return &output[VersionList]{Body: list}, nil
}

func (s *server) articleVersion(ctx context.Context, in *versionInput) (*output[Article], error) {
	slug, locale, err := in.key()
	if err != nil {
		return nil, err
	}
	version, err := s.Index().ArticleVersion(ctx, slug, locale, in.Version)
	if err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	return &output[Article]{Body: versionView(version)}, nil
}

func versionView(v retrieval.Version) Article {
	view := Article{
		Audience: string(v.Audience), Body: v.Body, Category: v.Category, ChangedAt: v.ChangedAt, ChangedBy: v.ChangedBy,
		Deleted: v.Deleted,
		Intents: append([]string{}, v.Intents...), Jurisdictions: append([]string{}, v.Jurisdictions...), Live: v.Live, Locale: v.Locale,
		Slug: v.Slug, Source: v.Source, Status: string(v.Status), Title: v.Title, Version: v.Number,
	}
	if v.ReviewBy != nil {
		view.ReviewBy = v.ReviewBy.Format(time.DateOnly)
	}
	return view
}
