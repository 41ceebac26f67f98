package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"syscall"

	"github.com/alecthomas/kong"
)

// mayWrite asks access(2) whether something can be written to.
const mayWrite = 2

// newFile reads a flag of the type "newfile", the path of a file that a command writes in the end: what cannot be written is found
// before the work, which may take minutes.
func newFile(ctx *kong.DecodeContext, target reflect.Value) error {
	var path string
	if err := ctx.Scan.PopValueInto("file", &path); err != nil {
		return err
	}
	// The parser gives a flag's own value first and its default afterwards, also those of other commands.
	if !ctx.Value.Active || ctx.Value.Set {
		return nil
	}
	path = kong.ExpandPath(path)
	target.SetString(path)
	return checkWritable(path)
}

func checkWritable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder: name a file", path)
	case err == nil:
	case errors.Is(err, os.ErrNotExist):
		path = filepath.Dir(path)
		if info, err = os.Stat(path); err != nil {
			return fmt.Errorf("%w: make that folder first", err)
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no folder", path)
		}
	default:
		return err
	}
	if err := syscall.Access(path, mayWrite); err != nil {
		return fmt.Errorf("write to %s: %w", path, err)
	}
	return nil
}
