package engine

import "testing"

func TestParseMoney(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Money
		bad  bool
	}{
		{in: "1234.56", want: 123456},
		{in: "1234,5", want: 123450},
		{in: "0", want: 0},
		{in: "-10", want: -1000},
		{in: "-0.05", want: -5},
		{in: "1 234,56", want: 123456},
		{in: "1\u00a0234\u202f567,00", want: 123456700},
		{in: " 7.10 ", want: 710},
		{in: "1000000000000", want: 100000000000000},
		{in: "1000000000001", bad: true},
		{in: "99999999999999999999", bad: true},
		{in: "", bad: true},
		{in: "-", bad: true},
		{in: "1.234", bad: true},
		{in: "1.", bad: true},
		{in: ".5", bad: true},
		{in: "1,234.56", bad: true},
		{in: "1e3", bad: true},
		{in: "+5", bad: true},
		{in: "--5", bad: true},
		{in: "12 ₽", bad: true},
	} {
		got, err := ParseMoney(tt.in)
		if (err != nil) != tt.bad || got != tt.want {
			t.Errorf("ParseMoney(%q) = %v, %v; want %v, an error: %v", tt.in, got, err, tt.want, tt.bad)
		}
	}
}

func FuzzMoneyReadsWhatItWrites(f *testing.F) {
	for _, seed := range []int64{0, 1, -1, 99, 100, -12345678} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, kopecks int64) {
		kopecks %= maxRoubles * 100
		text, _ := Money(kopecks).MarshalText()
		var back Money
		if err := back.UnmarshalText(text); err != nil || back != Money(kopecks) {
			t.Errorf("%d kopecks are written %q and read as %d (%v)", kopecks, text, back, err)
		}
	})
}
