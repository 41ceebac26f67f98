# The service alone: PostgreSQL with pgvector comes from outside, through DATABASE_URL (see compose.yaml).
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOAMD64=v2 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /deskhand ./cmd/deskhand

# Certificates, time zones and a user without root's rights; no shell.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /deskhand /usr/local/bin/deskhand
COPY LICENSE /usr/share/doc/deskhand/LICENSE
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/deskhand"]
CMD ["serve"]
