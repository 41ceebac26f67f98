package archive

import (
	"context"
	"strconv"
)

// Cell names a result: of a run, a case and a repeat from 0.
type Cell struct {
	Case   string
	Repeat int
	Run    int64
}

// Key are the values of the result's primary key, in its order.
func (c Cell) Key() []string {
	return []string{strconv.FormatInt(c.Run, 10), c.Case, strconv.Itoa(c.Repeat)}
}

// Codec turns a result, which is JSON, into the JSON that is stored for it, and back: results of cases that were made from the desk
// hold customers' words, and may be kept encrypted. The zero Codec stores them as they are.
type Codec struct {
	Open func(ctx context.Context, cell Cell, stored []byte) ([]byte, error)
	Seal func(cell Cell, result []byte) ([]byte, error)
}

// WithCodec returns an Archive that stores its results through a codec.
func (a *Archive) WithCodec(c Codec) *Archive {
	coded := *a
	coded.codec = c
	return &coded
}

func (c Codec) open(ctx context.Context, cell Cell, stored []byte) ([]byte, error) {
	if c.Open == nil {
		return stored, nil
	}
	return c.Open(ctx, cell, stored)
}

func (c Codec) seal(cell Cell, result []byte) ([]byte, error) {
	if c.Seal == nil {
		return result, nil
	}
	return c.Seal(cell, result)
}
