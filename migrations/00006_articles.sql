-- The life of an article: every version with who wrote it and when, and where its old slugs lead.

-- +goose Up

-- What was written, also what is not live yet (its vectors are still being made) and what was deleted. A version is never
-- changed or removed: a restored one is a new row.
CREATE TABLE article_versions (
    slug            text NOT NULL,
    locale          text NOT NULL,
    version         integer NOT NULL,
    title           text NOT NULL,
    body_markdown   text NOT NULL,
    category        text NOT NULL,
    intents         text[] NOT NULL,
    audience        text NOT NULL,
    status          text NOT NULL,
    review_by       date,
    jurisdictions   text[] NOT NULL,
    content_hash    bytea NOT NULL,
    source          text NOT NULL,
    -- The article was deleted; the row repeats what it said last.
    deleted         boolean NOT NULL DEFAULT false,
    changed_by      text NOT NULL,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (slug, locale, version),
    CONSTRAINT article_versions_slug_check CHECK (length(slug) BETWEEN 1 AND 200),
    CONSTRAINT article_versions_locale_check CHECK (locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?$'),
    CONSTRAINT article_versions_version_check CHECK (version > 0),
    CONSTRAINT article_versions_title_check CHECK (title <> '' AND length(title) <= 500),
    CONSTRAINT article_versions_audience_check CHECK (audience IN ('public', 'internal')),
    CONSTRAINT article_versions_status_check CHECK (status IN ('draft', 'published', 'archived')),
    CONSTRAINT article_versions_content_hash_check CHECK (length(content_hash) = 32),
    CONSTRAINT article_versions_source_check CHECK (source <> ''),
    CONSTRAINT article_versions_changed_by_check CHECK (length(changed_by) BETWEEN 1 AND 200)
);

CREATE TRIGGER article_versions_append_only BEFORE UPDATE OR DELETE ON article_versions
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

INSERT INTO article_versions (slug, locale, version, title, body_markdown, category, intents, audience, status, review_by,
    jurisdictions, content_hash, source, changed_by, changed_at)
SELECT slug, locale, version, title, body_markdown, category, intents, audience, status, review_by,
    jurisdictions, content_hash, source, source, updated_at
FROM articles;

-- Who makes the changes of this transaction: what the program says, else the database role.
-- +goose StatementBegin
CREATE FUNCTION article_actor() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('deskhand.actor', true), ''), session_user)
$$;
-- +goose StatementEnd

-- Whatever writes an article, its version is recorded. A version that is there already is the one that becomes live; should
-- it hold another text, two writers took the same number.
-- +goose StatementBegin
CREATE FUNCTION record_article_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO article_versions (slug, locale, version, title, body_markdown, category, intents, audience, status, review_by,
        jurisdictions, content_hash, source, changed_by)
    VALUES (NEW.slug, NEW.locale, NEW.version, NEW.title, NEW.body_markdown, NEW.category, NEW.intents, NEW.audience, NEW.status,
        NEW.review_by, NEW.jurisdictions, NEW.content_hash, NEW.source, article_actor())
    ON CONFLICT (slug, locale, version) DO NOTHING;
    IF NOT FOUND AND NOT EXISTS (
        SELECT FROM article_versions v
        WHERE v.slug = NEW.slug AND v.locale = NEW.locale AND v.version = NEW.version AND v.content_hash = NEW.content_hash
            AND NOT v.deleted
    ) THEN
        RAISE EXCEPTION 'version % of article % (%) is taken', NEW.version, NEW.slug, NEW.locale
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'article_versions_pkey';
    END IF;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION record_article_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO article_versions (slug, locale, version, title, body_markdown, category, intents, audience, status, review_by,
        jurisdictions, content_hash, source, deleted, changed_by)
    SELECT OLD.slug, OLD.locale, greatest(OLD.version, max(v.version)) + 1, OLD.title, OLD.body_markdown, OLD.category,
        OLD.intents, OLD.audience, OLD.status, OLD.review_by, OLD.jurisdictions, OLD.content_hash, OLD.source, true, article_actor()
    FROM article_versions v WHERE v.slug = OLD.slug AND v.locale = OLD.locale;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER articles_record_version AFTER INSERT OR UPDATE ON articles
    FOR EACH ROW EXECUTE FUNCTION record_article_version();
CREATE TRIGGER articles_record_deletion AFTER DELETE ON articles
    FOR EACH ROW EXECUTE FUNCTION record_article_deletion();

-- Where the old slug of a renamed article leads, in all languages. The target may have moved on in turn.
CREATE TABLE article_redirects (
    old_slug    text PRIMARY KEY,
    slug        text NOT NULL,
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT article_redirects_old_slug_check CHECK (length(old_slug) BETWEEN 1 AND 200),
    CONSTRAINT article_redirects_slug_check CHECK (length(slug) BETWEEN 1 AND 200),
    CONSTRAINT article_redirects_created_by_check CHECK (length(created_by) BETWEEN 1 AND 200)
);
CREATE INDEX article_redirects_slug_idx ON article_redirects (slug);

-- Writers take turns, so that no two of them close a cycle together.
-- +goose StatementBegin
CREATE FUNCTION check_article_redirect() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('article_redirects'));
    IF EXISTS (SELECT FROM articles WHERE slug = NEW.old_slug) THEN
        RAISE EXCEPTION 'an article has the slug %', NEW.old_slug
            USING ERRCODE = 'check_violation', CONSTRAINT = 'article_redirects_unused_check';
    END IF;
    IF EXISTS (
        WITH RECURSIVE chain (slug) AS (
            SELECT NEW.slug
            UNION
            SELECT r.slug FROM chain c JOIN article_redirects r ON r.old_slug = c.slug
        )
        SELECT FROM chain WHERE slug = NEW.old_slug
    ) THEN
        RAISE EXCEPTION 'the redirect of % leads back to it', NEW.old_slug
            USING ERRCODE = 'check_violation', CONSTRAINT = 'article_redirects_cycle_check';
    END IF;
    RETURN NEW;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER article_redirects_check BEFORE INSERT OR UPDATE ON article_redirects
    FOR EACH ROW EXECUTE FUNCTION check_article_redirect();

-- An article that takes a slug ends the redirect from it.
-- +goose StatementBegin
CREATE FUNCTION end_article_redirect() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM article_redirects WHERE old_slug = NEW.slug;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER articles_end_redirect AFTER INSERT ON articles
    FOR EACH ROW EXECUTE FUNCTION end_article_redirect();

-- +goose Down

DROP TRIGGER articles_end_redirect ON articles;
DROP TRIGGER articles_record_deletion ON articles;
DROP TRIGGER articles_record_version ON articles;
DROP TABLE article_redirects;
DROP TABLE article_versions;
DROP FUNCTION end_article_redirect();
DROP FUNCTION check_article_redirect();
DROP FUNCTION record_article_deletion();
DROP FUNCTION record_article_version();
DROP FUNCTION article_actor();
