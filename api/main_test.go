package api

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"vestnik/analytics/chdb"
)

// clickhouse is the history all tests share; each takes providers of its own.
var clickhouse *chdb.Engine

func TestMain(m *testing.M) {
	chdb.MaybeServe()
	os.Exit(test(m))
}

func test(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "api")
	if err != nil {
		return complain(err)
	}
	defer os.RemoveAll(dir)
	if clickhouse, err = chdb.Start(context.Background(), chdb.Options{Dir: dir}); err != nil {
		return complain(err)
	}
	code := m.Run()
	if err := clickhouse.Close(); err != nil {
		return complain(err)
	}
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		return complain(err)
	}
	if everything := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""; everything {
		return reportUnproduced()
	}
	return 0
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// reportUnproduced holds openapi.yaml to what the tests have seen: every status it promises must have been produced.
func reportUnproduced() int {
	missing := described.unproduced()
	slices.Sort(missing)
	for _, answer := range missing {
		fmt.Fprintln(os.Stderr, "openapi.yaml promises an answer that no test has produced:", answer)
	}
	return min(len(missing), 1)
}
