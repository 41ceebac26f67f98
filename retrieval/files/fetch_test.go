package files_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/files"
)

// A page that somebody else wrote must not make the desk's machine ask for addresses (SSRF).
func TestReadingFilesAsksForNoAddressThatStandsInThem(t *testing.T) {
	t.Parallel()

	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var asked atomic.Int32
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_ = connection.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	here := "http://" + listener.Addr().String()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"page.html": `<!DOCTYPE html PUBLIC "x" "HERE/dtd"><html lang="en"><head><title>Fees</title><base href="HERE/"><link rel="stylesheet" href="HERE/a.css">
			<meta http-equiv="refresh" content="0;url=HERE/next"><script src="HERE/a.js"></script></head>
			<body><h1>Fees</h1><p>The fee is 1 USDT. <img src="HERE/a.png"><iframe src="HERE/f"></iframe><object data="HERE/o"></object>
			<video poster="HERE/p"><source src="HERE/v"></video><svg><image href="HERE/s"/></svg></p></body></html>`,
		"text.md": "---\nslug: text\nlocale: en\ntitle: Fees\n---\nThe fee is 1 USDT. ![x](HERE/a.png)\n\n" +
			"<img src=\"HERE/b.png\">\n\n[x]: HERE/r\n",
		"rows.jsonl": `{"slug":"rows","locale":"en","title":"Fees","body":"The fee is ![1](HERE/a.png) USDT.","url":"HERE/x"}` + "\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(strings.ReplaceAll(content, "HERE", here)), 0o600))
	}
	for _, name := range []string{"page.html", "text.md", "rows.jsonl"} {
		source, err := files.Open(filepath.Join(folder, name), files.Options{Locale: "en"})
		require.NoError(t, err)
		read := 0
		for _, err := range source.Articles {
			if err == nil {
				read++
			}
		}
		require.Equal(t, 1, read, name)
	}
	require.Zero(t, asked.Load())

	_, err = files.Open(here+"/page.html", files.Options{})
	require.ErrorIs(t, err, os.ErrNotExist, "an address is the name of no file")
	require.Zero(t, asked.Load())
}
