package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// doors is the plan of the house: which of our rooms each room may look into. A name ending in /* stands for every room directly below,
// one ending in /... for every room below at any depth. Siblings under one /* never see each other.
var doors = []door{
	{"engine", nil},
	{"engine/redisq", []string{"engine"}},
	{"engine/redisq/redistest", nil},
	{"engine/enginetest", []string{"engine"}},
	{"templates", []string{"engine"}},
	{"templates/enclosed", []string{"engine", "templates", "templates/bill", "templates/calendar"}},
	{"templates/...", []string{"engine", "templates"}},
	{"analytics", []string{"engine"}},
	{"analytics/chdb", nil},
	{"channels/channeltest", []string{"engine"}},
	{"channels/gosuslugi", []string{"engine", "channels/gosuslugi/sign"}},
	{"channels/*", []string{"engine"}},
	{"channels/*/*", []string{"engine"}},
	{"channels", []string{"engine", "channels/*"}},
	{"api/intake", []string{"engine"}},
	{"api/client", []string{"engine"}},
	{"api/console", []string{"analytics", "templates", "engine", "api"}},
	{"api/*", []string{"engine", "templates"}},
	{"api", []string{"analytics", "templates", "engine", "api/intake", "api/console"}},
	{"cmd/vestnik/tongue", nil},
	{"cmd/vestnik/config", []string{"engine", "cmd/vestnik/tongue"}},
	{"cmd/vestnik/...", []string{"..."}},
	{"cmd/vestnik", []string{"..."}},
	{"deploy", []string{"cmd/vestnik/config", "cmd/vestnik/tongue"}},
}

// libraries names the one room of each outside library (and what lies below it). Those marked "tests" may stand in test files there only.
var libraries = []library{
	{"github.com/hibiken/asynq", []string{"engine/redisq"}},
	{"github.com/redis/go-redis/v9", []string{"engine/redisq"}},
	{"github.com/alicebob/miniredis/v2", []string{"engine/redisq"}},
	{"github.com/ClickHouse/clickhouse-go/v2", []string{"analytics"}},
	{"github.com/ClickHouse/ch-go", []string{"analytics"}},
	{"github.com/ebitengine/purego", []string{"analytics/chdb"}},
	{"github.com/labstack/echo/v4", []string{"api"}},
	{"github.com/prometheus/client_golang", []string{"api"}},
	{"github.com/wneessen/go-mail", []string{"channels/email"}},
	{"github.com/emersion/go-smtp", []string{"channels/email"}},
	{"github.com/emersion/go-msgauth", []string{"channels/email"}},
	{"github.com/emersion/go-sasl", []string{"channels/email"}},
	{"github.com/emersion/go-message", []string{"channels/email"}},
	{"github.com/jhillyerd/enmime/v2", []string{"channels/email", "cmd/vestnik"}},
	{"github.com/SevereCloud/vksdk/v2", []string{"channels/vk", "channels/housechat"}},
	{"github.com/beevik/etree", []string{"channels/gosuslugi"}},
	{"github.com/russellhaering/goxmldsig", []string{"channels/gosuslugi"}},
	{"github.com/signintech/gopdf", []string{"templates/bill"}},
	{"rsc.io/qr", []string{"templates/bill"}},
	{"github.com/makiuchi-d/gozxing", []string{"templates/bill"}},
	{"codeberg.org/go-fonts/dejavu", []string{"templates/bill"}},
	{"golang.org/x/image", []string{"templates/bill"}},
	{"github.com/alecthomas/kong", []string{"cmd/vestnik"}},
	{"github.com/jedib0t/go-pretty/v6", []string{"cmd/vestnik"}},
	{"github.com/goccy/go-yaml", []string{"cmd/vestnik/config"}},
	{"github.com/klauspost/compress", []string{"engine/redisq", "analytics/chdb", "api", "tests cmd/vestnik"}},
	{"github.com/google/uuid", []string{"tests analytics"}},
	{"github.com/shopspring/decimal", []string{"tests analytics"}},
	{"golang.org/x/term", []string{"cmd/vestnik"}},
	{"golang.org/x/text", []string{"api/intake"}},
	{"golang.org/x/net", []string{"templates", "channels/email", "api"}},
	{"golang.org/x/sync", []string{"engine/redisq", "analytics", "channels", "cmd/vestnik"}},
	{"golang.org/x/time", []string{"api", "engine/redisq", "channels"}},
	{"golang.org/x/sys", []string{"analytics/chdb", "cmd/vestnik"}},
	{"go.uber.org/goleak", []string{"tests", "channels/channeltest"}},
	{"github.com/getkin/kin-openapi", []string{"tests api"}},
	{"github.com/chromedp", []string{"tests api", "tests cmd/vestnik"}},
}

// door is one row of the plan.
type door struct {
	room string
	sees []string
}

// library is an outside library and where it may be used.
type library struct {
	name  string
	rooms []string
}

// words no package, type or file is called by: they say nothing about the trade.
var empty = []string{"manager", "service", "helper", "helpers", "util", "utils", "common", "impl", "base"}

// How large things may be, in lines.
const (
	mostOfFile     = 400
	mostOfFunction = 60
)

// source is one Go file of the project.
type source struct {
	path string // from the root, with slashes
	room string
	test bool
	tree *ast.File
	set  *token.FileSet
}

// sources parses every Go file below the root by itself, so that no build cache can answer for it.
func sources(t *testing.T) (list []source) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != root && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" || base == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		s := source{set: token.NewFileSet(), test: strings.HasSuffix(name, "_test.go")}
		if s.tree, err = parser.ParseFile(s.set, name, nil, parser.ParseComments); err != nil {
			return err
		}
		below, _ := filepath.Rel(root, name)
		s.path = filepath.ToSlash(below)
		s.room = path.Dir(s.path)
		list = append(list, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 10 {
		t.Fatalf("only %d files found: is this the root?", len(list))
	}
	return list
}

// matches reports whether a room is meant by a pattern of the plan.
func matches(pattern, room string) bool {
	if above, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(room, above)
	}
	fine, _ := path.Match(pattern, room)
	return fine
}

// within reports whether room is at, or below, one of the rooms; those marked "tests" count for test files only.
func within(s source, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(at string) bool {
		below, tests := strings.CutPrefix(at, "tests")
		below = strings.TrimSpace(below)
		return (!tests || s.test) && (below == "" || s.room == below || strings.HasPrefix(s.room, below+"/"))
	})
}

// imports gives the paths a file imports.
func imports(s source) (list []string) {
	for _, spec := range s.tree.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		list = append(list, name)
	}
	return list
}

func TestRoomsLookOneWay(t *testing.T) {
	for _, s := range sources(t) {
		at := slices.IndexFunc(doors, func(d door) bool { return matches(d.room, s.room) })
		if at < 0 {
			t.Errorf("%s: the plan has no room %s", s.path, s.room)
			continue
		}
		for _, name := range imports(s) {
			room, ours := strings.CutPrefix(name, "vestnik/")
			if !ours || s.test && !strings.HasPrefix(room, "cmd/") { // tests may use the rooms that are made for them, and any other
				continue
			}
			if !slices.ContainsFunc(doors[at].sees, func(p string) bool { return matches(p, room) }) {
				t.Errorf("%s imports %s, which the plan does not allow", s.path, name)
			}
		}
	}
}

func TestEachLibraryHasItsRoom(t *testing.T) {
	for _, s := range sources(t) {
		for _, name := range imports(s) {
			if first, _, _ := strings.Cut(name, "/"); !strings.Contains(first, ".") {
				continue // the standard library and ourselves
			}
			at := slices.IndexFunc(libraries, func(l library) bool { return name == l.name || strings.HasPrefix(name, l.name+"/") })
			switch {
			case at < 0:
				t.Errorf("%s imports %s, which has no room", s.path, name)
			case !within(s, libraries[at].rooms):
				t.Errorf("%s imports %s, whose room is %s", s.path, name, strings.Join(libraries[at].rooms, ", "))
			}
		}
	}
}

func TestNothingIsTooLarge(t *testing.T) {
	for _, s := range sources(t) {
		if lines := s.set.File(s.tree.Pos()).LineCount(); lines > mostOfFile {
			t.Errorf("%s has %d lines, more than %d", s.path, lines, mostOfFile)
		}
		for _, d := range s.tree.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			from, to := s.set.Position(f.Body.Lbrace).Line, s.set.Position(f.Body.Rbrace).Line
			if lines := to - from - 1; lines > mostOfFunction && !s.test {
				t.Errorf("%s:%d: %s has %d lines, more than %d", s.path, from, f.Name.Name, lines, mostOfFunction)
			}
		}
	}
}

func TestNamesSaySomething(t *testing.T) {
	for _, s := range sources(t) {
		names := []string{s.tree.Name.Name, strings.TrimSuffix(path.Base(s.path), ".go")}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				names = append(names, spec.Name.Name)
			}
			return true
		})
		for _, name := range names {
			for _, word := range empty {
				title := strings.ToUpper(word[:1]) + word[1:]
				if strings.EqualFold(name, word) || strings.HasSuffix(name, title) || strings.HasSuffix(name, "_"+word) {
					t.Errorf("%s: %s says nothing: %s is not a noun of the trade", s.path, name, word)
				}
			}
		}
	}
}

func TestEverythingExportedIsDocumented(t *testing.T) {
	documented := map[string]bool{} // rooms with a package comment
	rooms := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		rooms[s.room] = true
		documented[s.room] = documented[s.room] || s.tree.Doc != nil
		for _, missing := range undocumented(s) {
			t.Errorf("%s: %s has no comment", s.path, missing)
		}
	}
	for room := range rooms {
		if !documented[room] {
			t.Errorf("%s has no package comment", room)
		}
	}
}

// undocumented lists the exported names of a file without a comment. A comment over a group counts for all of it, whether the group is one
// declaration or functions without an empty line between them; what belongs to a type that is not exported is nobody's door; and what Error says
// of an error needs no words.
func undocumented(s source) (missing []string) {
	note := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		if name.IsExported() && cmp.Or(comments...) == nil {
			missing = append(missing, fmt.Sprintf("line %d: %s", s.set.Position(name.Pos()).Line, name.Name))
		}
	}
	var above *ast.CommentGroup // the comment of the group of functions
	last := -1                  // the line on which the declaration before ends
	for _, d := range s.tree.Decls {
		next := s.set.Position(d.Pos()).Line == last+1
		last = s.set.Position(d.End()).Line
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc != nil || !next {
				above = d.Doc
			}
			if d.Recv == nil || receiver(d).IsExported() && d.Name.Name != "Error" {
				note(d.Name, above)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					note(spec.Name, spec.Doc, spec.Comment, d.Doc)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						note(name, spec.Doc, spec.Comment, d.Doc)
					}
				}
			}
		}
	}
	return missing
}

// receiver gives the name of the type a method belongs to.
func receiver(f *ast.FuncDecl) *ast.Ident {
	e := f.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x
		default:
			return ast.NewIdent("_")
		}
	}
}
