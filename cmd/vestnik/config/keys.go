package config

import (
	"reflect"
	"strings"
)

// key is one key of the file, or a section of keys, as the tags of Config tell it.
type key struct {
	path     string // "redis.url"
	name     string // "url"
	field    []int  // index of the field in Config
	tag      reflect.StructTag
	section  bool
	children []key
}

// prefix begins the name of every variable.
const prefix = "VESTNIK_"

// fileSuffix makes the name of the key that tells where a secret lies.
const fileSuffix = "_file"

// variable is the key's name in the environment.
func (k key) variable() string { return prefix + strings.ToUpper(strings.ReplaceAll(k.path, ".", "_")) }

// secret reports whether the key may come by file.
func (k key) secret() bool { return k.tag.Get("secret") != "" }

// must reports whether the key is required.
func (k key) must() bool { return k.tag.Get("must") != "" }

// keys lists the keys of Config in the order of its fields.
func keys() []key { return keysOf(reflect.TypeFor[Config](), "", nil) }

func keysOf(t reflect.Type, path string, index []int) (list []key) {
	for i := range t.NumField() {
		f := t.Field(i)
		k := key{name: f.Tag.Get("key"), tag: f.Tag, field: append(append([]int(nil), index...), i)}
		k.path = strings.TrimPrefix(path+"."+k.name, ".")
		if f.Type.Kind() == reflect.Struct {
			k.section = true
			k.children = keysOf(f.Type, k.path, k.field)
		}
		list = append(list, k)
	}
	return list
}

// leaves yields the keys that hold a value.
func leaves(list []key, do func(key)) {
	for _, k := range list {
		if k.section {
			leaves(k.children, do)
			continue
		}
		do(k)
	}
}
