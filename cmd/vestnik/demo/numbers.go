package demo

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
)

// Requisites of a company that cannot exist: region 00 was never given to anybody, but every check digit is right, so that programs
// which verify them have nothing to complain of.

// weigh adds up digits by weights that repeat.
func weigh(digits string, weights ...int) (sum int) {
	for i := range len(digits) {
		sum += int(digits[i]-'0') * weights[i%len(weights)]
	}
	return sum
}

// inn adds the check digit to the nine digits of a legal person (приказ ФНС от 29.06.2012 № ММВ-7-6/435@, приложение 1).
func inn(nine string) string {
	return fmt.Sprintf("%s%d", nine, weigh(nine, 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10)
}

// ogrn adds the check digit to the twelve digits of a legal person: the last digit of the rest after division by 11 (приказ Минфина от
// 30.10.2017 № 165н, п. 5).
func ogrn(twelve string) string {
	rest := 0
	for _, digit := range twelve {
		rest = (rest*10 + int(digit-'0')) % 11
	}
	return fmt.Sprintf("%s%d", twelve, rest%10)
}

// bankAccount puts the key into the ninth place of a bank account of twenty digits; prefix is three digits of the bank's БИК: the last ones for
// an account of a client, 0 and the fifth and sixth for a correspondent account (Порядок расчёта контрольного ключа, ЦБ 08.09.1997 № 515).
func bankAccount(prefix, account string) string {
	account = account[:8] + "0" + account[9:]
	sum := 0
	for i, digit := range prefix + account {
		sum += int(digit-'0') * [...]int{7, 1, 3}[i%3] % 10
	}
	return fmt.Sprintf("%s%d%s", account[:8], sum*3%10, account[9:])
}

// digits gives n random digits.
func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

// guid gives a random GUID (RFC 9562 §5.4: version 4) as ФИАС writes them.
func guid(r *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
