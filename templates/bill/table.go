package bill

import "vestnik/templates"

// column is one of the table of charges.
type column struct {
	head  [2]string // in one line or two
	width float64
	left  bool // set to the left; numbers are set to the right
	cell  func(templates.Charge) string
}

// columns are those of the form: what, how much of it, at what rate, and what it comes to.
func columns(recalculated bool) []column {
	list := []column{
		{head: [2]string{"Услуга"}, left: true, cell: func(c templates.Charge) string { return c.Name }},
		{head: [2]string{"Ед.", "изм."}, width: 46, left: true, cell: func(c templates.Charge) string { return c.Unit }},
		{head: [2]string{"Объём"}, width: 58, cell: func(c templates.Charge) string { return c.Volume }},
		{head: [2]string{"Тариф,", "руб."}, width: 64, cell: func(c templates.Charge) string { return c.Rate }},
		{head: [2]string{"Начислено,", "руб."}, width: 68, cell: func(c templates.Charge) string { return roubles(c.Charged) }},
	}
	if recalculated {
		list = append(list,
			column{head: [2]string{"Перерасчёт,", "руб."}, width: 66, cell: func(c templates.Charge) string {
				if c.Recalculated == 0 {
					return ""
				}
				return roubles(c.Recalculated)
			}},
			column{head: [2]string{"Итого,", "руб."}, width: 68, cell: func(c templates.Charge) string { return roubles(c.Charged + c.Recalculated) }})
	}
	rest := width
	for _, c := range list {
		rest -= c.width
	}
	list[0].width = rest
	return list
}

// padding of a cell, left and right.
const padding = 6.0

// charges is the table of what was charged for.
func (s *sheet) charges(b *Bill) {
	recalculated := false
	for _, c := range b.Charges {
		recalculated = recalculated || c.Recalculated != 0
	}
	list := columns(recalculated)
	s.room(70, nil)
	s.line(margin, s.y, width, 0.5, ruled)
	s.y += 18
	s.text(margin, s.y, heading, "Начисления за "+period(b))
	s.y += 8
	s.tableHead(list)
	for _, c := range b.Charges {
		s.charge(list, c)
	}
	s.y += 8
}

func (s *sheet) tableHead(list []column) {
	s.box(margin, s.y, width, 25, mist)
	x := margin
	for _, c := range list {
		for i, text := range c.head {
			y := s.y + 11 + float64(i)*9
			if c.head[1] == "" {
				y = s.y + 15.5
			}
			s.cell(x, y, c, small, text)
		}
		x += c.width
	}
	s.y += 25
}

// charge is a row of the table, as high as the name of the service.
func (s *sheet) charge(list []column, c templates.Charge) {
	const leading = 10.5
	names := s.faces.wrap(plain.weight, plain.size, list[0].width-2*padding, c.Name)
	height := float64(len(names))*leading + 6
	s.room(height, func() { s.tableHead(list) })
	x := margin
	for i, col := range list {
		if i == 0 {
			for n, line := range names {
				s.text(x+padding, s.y+11+float64(n)*leading, plain, line)
			}
		} else {
			s.cell(x, s.y+11, col, plain, col.cell(c))
		}
		x += col.width
	}
	s.y += height
	s.line(margin, s.y, width, 0.4, ruled)
}

// cell sets a text into a column, smaller if it has to be.
func (s *sheet) cell(x, y float64, c column, st style, text string) {
	most := c.width - 2*padding
	if wide := s.faces.width(st.weight, st.size, text); wide > most {
		st.size *= most / wide
	}
	if c.left {
		s.text(x+padding, y, st, text)
	} else {
		s.right(x+c.width-padding, y, st, text)
	}
}
