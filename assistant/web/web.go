// Package web holds what serves embedded files to browsers; the faces themselves are below it. It knows neither their
// content nor who may see it.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Forever is for an address that belongs to one content: it is the longest that browsers keep a file.
const Forever = 365 * 24 * time.Hour

// File is a file that browsers fetch: its bytes, also compressed, under a name for this content alone. It never changes.
type File struct {
	content   []byte
	hash      string
	mediaType string
	zipped    func() []byte // made for the first browser that asks; nil where compression gains nothing
}

// NewFile returns a file with the given content. mediaType may have parameters: "text/css; charset=utf-8".
func NewFile(content []byte, mediaType string) *File {
	sum := sha256.Sum256(content)
	return &File{
		content: content, hash: base64.RawURLEncoding.EncodeToString(sum[:9]), mediaType: mediaType,
		zipped: sync.OnceValue(func() []byte {
			if zipped, err := compress(content); err == nil && len(zipped) < len(content) {
				return zipped
			}
			return nil
		}),
	}
}

// Hash names the content, in 12 characters that may stand in an address.
func (f *File) Hash() string { return f.hash }

// ZippedSize is how many bytes a browser fetches.
func (f *File) ZippedSize() int {
	if zipped := f.zipped(); zipped != nil {
		return len(zipped)
	}
	return len(f.content)
}

// Send answers a request with the file. A browser may use it again for maxAge without asking; after that it asks whether the
// content is still the same.
func (f *File) Send(c *fiber.Ctx, maxAge time.Duration) error {
	c.Vary(fiber.HeaderAcceptEncoding)
	cached := fmt.Sprintf("public, max-age=%d", int(maxAge.Seconds()))
	if maxAge >= Forever {
		cached += ", immutable"
	}
	c.Set(fiber.HeaderCacheControl, cached)
	c.Set(fiber.HeaderContentType, f.mediaType)
	content, tag := f.content, f.hash
	if strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
		if zipped := f.zipped(); zipped != nil {
			content, tag = zipped, f.hash+"-gzip"
			c.Set(fiber.HeaderContentEncoding, "gzip")
		}
	}
	c.Set(fiber.HeaderETag, `"`+tag+`"`)
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), `"`+tag+`"`) {
		c.Response().Header.Del(fiber.HeaderContentEncoding)
		return c.SendStatus(fiber.StatusNotModified)
	}
	return c.Send(content)
}

func compress(content []byte) ([]byte, error) {
	var buffer bytes.Buffer
	writer, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compress file: %w", err)
	}
	if _, err := writer.Write(content); err != nil {
		return nil, fmt.Errorf("compress file: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("compress file: %w", err)
	}
	return buffer.Bytes(), nil
}
