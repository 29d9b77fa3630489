package templates

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"vestnik/engine"
)

//go:embed builtin
var builtin embed.FS

// What all templates may include by name: head, foot, button, requisites…
var (
	//go:embed builtin/layout.html
	layoutHTML string
	//go:embed builtin/layout.txt
	layoutText string
)

// Library holds templates by name and version. It is immutable and safe for concurrent use; it implements engine.Texts.
//
// Templates that operators manage come from elsewhere one day: whoever keeps them calls Parse and builds a Library (or another
// engine.Texts that asks this one last); nothing here needs to change for it.
type Library struct {
	versions map[string][]*Template // ascending
}

// NewLibrary holds the given templates. The same name and version twice is an error.
func NewLibrary(list ...*Template) (*Library, error) {
	l := &Library{versions: map[string][]*Template{}}
	for _, t := range list {
		l.versions[t.info.Name] = append(l.versions[t.info.Name], t)
	}
	for name, versions := range l.versions {
		slices.SortFunc(versions, func(a, b *Template) int { return cmp.Compare(a.info.Version, b.info.Version) })
		for i := range versions[1:] {
			if versions[i].info.Version == versions[i+1].info.Version {
				return nil, fmt.Errorf("template %s@%d is there twice", name, versions[i].info.Version)
			}
		}
	}
	return l, nil
}

// Builtin parses the templates that come with the program, each as its version 1. It panics if one of them is broken: they are
// part of the program, and its tests read them all.
func Builtin() *Library {
	folders, err := fs.Glob(builtin, "builtin/*/message.txt")
	if err != nil {
		panic(err)
	}
	var list []*Template
	for _, file := range folders {
		folder := strings.TrimSuffix(file, "/message.txt")
		files, err := fs.Sub(builtin, folder)
		if err != nil {
			panic(err)
		}
		t, err := Parse(strings.TrimPrefix(folder, "builtin/"), 1, files)
		if err != nil {
			panic(err)
		}
		list = append(list, t)
	}
	l, err := NewLibrary(list...)
	if err != nil {
		panic(err)
	}
	return l
}

// Find gives the template of a reference; version 0 is the newest. One that is not there is engine.ErrNotFound.
func (l *Library) Find(_ context.Context, ref engine.TemplateRef) (*Template, error) {
	versions := l.versions[ref.Name]
	if ref.Version == 0 && len(versions) > 0 {
		return versions[len(versions)-1], nil
	}
	for _, t := range versions {
		if t.info.Version == ref.Version {
			return t, nil
		}
	}
	return nil, fmt.Errorf("template %s: %w", formatRef(ref), engine.ErrNotFound)
}

// Open is Find for the engine.
func (l *Library) Open(ctx context.Context, ref engine.TemplateRef) (engine.Text, error) {
	t, err := l.Find(ctx, ref)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Pin gives the reference with its version filled in.
func (l *Library) Pin(ctx context.Context, ref engine.TemplateRef) (engine.TemplateRef, error) {
	t, err := l.Find(ctx, ref)
	if err != nil {
		return engine.TemplateRef{}, err
	}
	return engine.TemplateRef{Name: t.info.Name, Version: t.info.Version}, nil
}

// List tells about the newest version of every template, by name.
func (l *Library) List() []Info {
	list := make([]Info, 0, len(l.versions))
	for _, versions := range l.versions {
		list = append(list, versions[len(versions)-1].info)
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// ParseRef reads "bill-monthly" (the newest version) or "bill-monthly@3".
func ParseRef(s string) (engine.TemplateRef, error) {
	name, version, pinned := strings.Cut(s, "@")
	if !validName(name) {
		return engine.TemplateRef{}, fmt.Errorf(`a template is named like "bill-monthly" or "bill-monthly@3"`)
	}
	ref := engine.TemplateRef{Name: name}
	if pinned {
		n, err := strconv.Atoi(version)
		if err != nil || n < 1 {
			return engine.TemplateRef{}, fmt.Errorf(`the version of a template is a number from 1 on, as in "bill-monthly@3"`)
		}
		ref.Version = n
	}
	return ref, nil
}

func formatRef(ref engine.TemplateRef) string {
	if ref.Version == 0 {
		return ref.Name
	}
	return ref.Name + "@" + strconv.Itoa(ref.Version)
}

// validName reports whether a template may be named so.
func validName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
