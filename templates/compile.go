package templates

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"slices"
	texttemplate "text/template"
	"text/template/parse"
)

// compiler turns parse trees into programs over the slots of one template.
type compiler struct {
	slots map[string]int  // by name
	types map[string]Type // of the slots that have one
	trees map[string]*parse.Tree
	tree  *parse.Tree // at work, for error positions
	html  bool        // whether html/template has marked the trees
	depth int
}

// maxDepth bounds how deep templates may include one another.
const maxDepth = 10

// functions are what templates may call beside and, or, not. Only their names matter: the compiler knows what they do.
var functions = map[string]any{"link": func(any) string { return "" }}

// compileText compiles a plain text. The partials can be included by name.
func compileText(name, text, partials string, slots map[string]int, types map[string]Type) (program, error) {
	t, err := texttemplate.New("layout.txt").Funcs(functions).Parse(partials)
	if err != nil {
		return nil, err
	}
	if t, err = t.New(name).Parse(text); err != nil {
		return nil, err
	}
	c := compiler{slots: slots, types: types, trees: map[string]*parse.Tree{}}
	for _, each := range t.Templates() {
		c.trees[each.Name()] = each.Tree
	}
	return c.include(name)
}

// compileHTML compiles an HTML document after html/template has decided how each of its places is escaped.
func compileHTML(name, text, partials string, slots map[string]int, types map[string]Type) (program, error) {
	t, err := htmltemplate.New("layout.html").Funcs(functions).Parse(dedent(partials))
	if err != nil {
		return nil, err
	}
	if t, err = t.New(name).Parse(dedent(text)); err != nil {
		return nil, err
	}
	// html/template marks its trees when it is first executed. How that execution ends does not matter, only what the marking found.
	var wrong *htmltemplate.Error
	if err := t.Execute(io.Discard, map[string]any{}); errors.As(err, &wrong) {
		return nil, wrong
	}
	c := compiler{slots: slots, types: types, trees: map[string]*parse.Tree{}, html: true}
	for _, each := range t.Templates() {
		c.trees[each.Name()] = each.Tree
	}
	return c.include(name)
}

// include compiles a whole named template.
func (c *compiler) include(name string) (program, error) {
	tree := c.trees[name]
	if tree == nil || tree.Root == nil {
		return nil, fmt.Errorf("there is no template %q to include", name)
	}
	if c.depth++; c.depth > maxDepth {
		return nil, fmt.Errorf("template %q includes itself", name)
	}
	outer := c.tree
	c.tree = tree
	p, err := c.list(tree.Root, false)
	c.tree = outer
	c.depth--
	return p, err
}

// list compiles nodes. inLine tells whether the dot is a line of a bill.
func (c *compiler) list(list *parse.ListNode, inLine bool) (p program, err error) {
	if list == nil {
		return nil, nil
	}
	for _, n := range list.Nodes {
		var more program
		switch n := n.(type) {
		case *parse.TextNode:
			more = program{{op: opLiteral, text: string(n.Text)}}
		case *parse.CommentNode:
		case *parse.ActionNode:
			more, err = c.action(n, inLine)
		case *parse.IfNode:
			more, err = c.branch(n, inLine)
		case *parse.RangeNode:
			more, err = c.each(n, inLine)
		case *parse.TemplateNode:
			if inLine || n.Pipe == nil || n.Pipe.String() != "." {
				return nil, c.errorf(n, `a template is included with the dot, outside of lists`)
			}
			more, err = c.include(n.Name)
		default:
			err = c.errorf(n, "this is not part of our templates")
		}
		if err != nil {
			return nil, err
		}
		p = p.join(more)
	}
	return p, nil
}

func (c *compiler) branch(n *parse.IfNode, inLine bool) (program, error) {
	when, err := c.test(n, n.Pipe, inLine)
	if err != nil {
		return nil, err
	}
	body, err := c.list(n.List, inLine)
	if err != nil {
		return nil, err
	}
	other, err := c.list(n.ElseList, inLine)
	return program{{op: opIf, when: when, body: body, other: other}}, err
}

func (c *compiler) each(n *parse.RangeNode, inLine bool) (program, error) {
	if inLine || n.Pipe.String() != ".services" || c.types["services"] != TypeServices || n.ElseList != nil {
		return nil, c.errorf(n, "the only list is .services")
	}
	body, err := c.list(n.List, true)
	return program{{op: opEach, body: body}}, err
}

// test compiles a condition: "x", "not x", "and x y…", "or x y…".
func (c *compiler) test(n parse.Node, pipe *parse.PipeNode, inLine bool) (t test, err error) {
	if len(pipe.Cmds) != 1 || len(pipe.Decl) > 0 {
		return t, c.errorf(n, `a condition is a variable, or and, or, not of variables`)
	}
	args := pipe.Cmds[0].Args
	if function, ok := args[0].(*parse.IdentifierNode); ok {
		args = args[1:]
		t.any = function.Ident == "or"
		t.negated = function.Ident == "not"
		if !slices.Contains([]string{"and", "or", "not"}, function.Ident) || t.negated && len(args) != 1 {
			return t, c.errorf(n, `a condition is a variable, or and, or, not of variables`)
		}
	} else if len(args) != 1 {
		return t, c.errorf(n, `a condition is a variable, or and, or, not of variables`)
	}
	for _, arg := range args {
		what, _, err := c.operand(arg, inLine)
		if err != nil {
			return t, err
		}
		t.operands = append(t.operands, what)
	}
	return t, nil
}

// action compiles what writes a variable: "{{.x}}" or "{{link .x}}", in HTML followed by what html/template has put there.
func (c *compiler) action(n *parse.ActionNode, inLine bool) (program, error) {
	if len(n.Pipe.Decl) > 0 {
		return nil, c.errorf(n, "variables are not assigned in our templates")
	}
	args := n.Pipe.Cmds[0].Args
	function, isCall := args[0].(*parse.IdentifierNode)
	if isCall && (function.Ident != "link" || len(args) != 2) || !isCall && len(args) != 1 {
		return nil, c.errorf(n, `a variable is written as {{.x}} or as {{link .x}}`)
	}
	what, kind, err := c.operand(args[len(args)-1], inLine)
	if err != nil {
		return nil, err
	}
	if kind == TypeServices {
		return nil, c.errorf(n, "a list of services is not written at once")
	}
	if isCall {
		if kind != TypeLink {
			return nil, c.errorf(n, "link takes a variable of type link")
		}
		what.from = fromLink
	}
	if !c.html {
		return program{{op: opText, what: what}}, nil
	}
	if !admitted(n.Pipe.Cmds[1:], kind) {
		return nil, c.errorf(n, "a variable may stand in text, in a quoted attribute, or, if it is a link, as a whole href or src")
	}
	return program{{op: opHTML, what: what}}, nil
}

// admitted reports whether escapeHTML does all that html/template asks for at a place. Links have been validated and normalized by
// parseLink, so that filtering them by scheme and normalizing them again changes nothing.
func admitted(escapers []*parse.CommandNode, kind Type) bool {
	const prefix = "_html_template_"
	escaped := false
	for _, escaper := range escapers {
		switch escaper.String() {
		case prefix + "htmlescaper", prefix + "attrescaper", prefix + "rcdataescaper":
			escaped = true
		case prefix + "urlfilter", prefix + "urlnormalizer":
			if kind != TypeLink {
				return false
			}
		default:
			return false
		}
	}
	return escaped
}

// operand finds what a name stands for.
func (c *compiler) operand(n parse.Node, inLine bool) (operand, Type, error) {
	name, inPage := "", !inLine
	switch n := n.(type) {
	case *parse.FieldNode:
		if len(n.Ident) == 1 {
			name = n.Ident[0]
		}
	case *parse.VariableNode:
		if len(n.Ident) == 2 && n.Ident[0] == "$" {
			name, inPage = n.Ident[1], true
		}
	}
	if name == "" {
		return operand{}, "", c.errorf(n, "only variables such as .name are understood here")
	}
	if !inPage {
		if i := slices.Index(lineFields, name); i >= 0 {
			return operand{fromLine, i}, TypeText, nil
		}
	} else if slot, ok := c.slots[name]; ok {
		return operand{fromSlot, slot}, c.types[name], nil
	}
	return operand{}, "", c.errorf(n, "variable %q is not declared", name)
}

func (c *compiler) errorf(n parse.Node, format string, args ...any) error {
	location, _ := c.tree.ErrorContext(n)
	return fmt.Errorf("%s: %s: "+format, append([]any{location, n.String()}, args...)...)
}
