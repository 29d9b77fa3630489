package intake

import "fmt"

// messages tell every code to people: in Russian and in English.
var messages = map[string][2]string{
	// The request.
	"unsupported_media_type": {"Список получателей принимается как text/csv или application/x-ndjson", "Recipients are taken as text/csv or application/x-ndjson"},
	"unsupported_encoding":   {"Сжатие (Content-Encoding) может быть gzip или zstd", "Content-Encoding may be gzip or zstd"},
	"unsupported_charset":    {"Кодировка (charset) может быть utf-8, а у CSV также windows-1251", "The charset may be utf-8 or, for CSV, windows-1251"},

	// The stream.
	"too_large":   {"Данных больше, чем можно передать за один раз: разделите файл на несколько", "There is more data than one request may carry: split the file"},
	"timeout":     {"Данные перестали поступать", "The data stopped coming"},
	"cut_off":     {"Передача оборвалась: файл получен не до конца", "The transfer broke off: the file is incomplete"},
	"bad_gzip":    {"Данные не распаковываются: это не gzip, или файл повреждён", "The data cannot be unpacked: it is not gzip, or it is damaged"},
	"bad_zstd":    {"Данные не распаковываются: это не zstd, или файл повреждён", "The data cannot be unpacked: it is not zstd, or it is damaged"},
	"read_failed": {"Не удалось прочитать данные до конца", "The data could not be read to its end"},

	// The file.
	"utf16":             {"Файл в кодировке UTF-16: сохраните его в UTF-8 или Windows-1251", "The file is in UTF-16: save it as UTF-8 or Windows-1251"},
	"unknown_encoding":  {"Кодировка файла не распознана: сохраните его в UTF-8 или Windows-1251", "The encoding is not known: save the file as UTF-8 or Windows-1251"},
	"mixed_encoding":    {"Файл начат в Windows-1251, а продолжен в UTF-8: сохраните его весь в одной кодировке", "The file begins in Windows-1251 and goes on in UTF-8: save all of it in one encoding"},
	"workbook":          {"Это книга Excel или архив, а не текст: сохраните таблицу как CSV", "This is a workbook of Excel or an archive, not text: save the table as CSV"},
	"undeclared_gzip":   {"Файл сжат gzip: передайте заголовок Content-Encoding: gzip", "The file is gzipped: send the header Content-Encoding: gzip"},
	"undeclared_zstd":   {"Файл сжат zstd: передайте заголовок Content-Encoding: zstd", "The file is compressed with zstd: send the header Content-Encoding: zstd"},
	"empty":             {"Файл пуст", "The file is empty"},
	"no_rows":           {"В файле есть заголовки, но нет ни одной строки с получателем", "The file has headers but no recipients"},
	"bad_header":        {"Строка заголовков не читается: проверьте кавычки и лишние знаки", "The header row cannot be read: check its quotes and stray characters"},
	"too_many_columns":  {"В файле %d столбцов, можно не больше %d", "The file has %d columns, at most %d are possible"},
	"duplicate_column":  {"Этот столбец уже есть: непонятно, которому из двух верить", "There is such a column already: which of the two is right?"},
	"no_account_column": {"Нет столбца с лицевым счётом («Лицевой счёт», «ЛС», «ЕЛС» или account). Есть столбцы: %s", "There is no column with the account (account, «Лицевой счёт», «ЛС» or «ЕЛС»). There are: %s"},
	"no_header":         {"Первая строка похожа на данные: в ней должны стоять заголовки столбцов, и среди них account или «Лицевой счёт»", "The first line looks like data: it has to hold the headers of the columns, account among them"},

	// The row.
	"wrong_cell_count":   {"В строке ячеек: %d, а столбцов в файле: %d", "The row has %d cells, the file has %d columns"},
	"unclosed_quote":     {"Кавычка открыта, но не закрыта; следующая строка читается заново", "This quote is never closed; the next line is read afresh"},
	"bad_quote":          {"После закрывающей кавычки должен стоять разделитель; кавычка внутри ячейки пишется дважды", "A delimiter has to follow a closing quote; a quote inside a cell is written twice"},
	"row_too_long":       {"Строка длиннее %d КиБ", "The row is longer than %d KiB"},
	"bad_encoding":       {"Знак не в той кодировке, что остальной файл", "This character is not in the encoding of the file"},
	"bad_character":      {"Недопустимый управляющий знак", "A control character is not allowed here"},
	"line_end":           {"В этом поле не может быть переносов строки и табуляций", "This field cannot hold line ends or tabs"},
	"bad_json":           {"Строка не является правильным JSON: ошибка начинается здесь", "The line is no valid JSON from here on"},
	"bad_escape":         {"Такой последовательности после обратной косой черты в JSON нет", "There is no such escape in JSON"},
	"bad_number":         {"Число слишком велико", "This number is too large"},
	"array":              {"Нужен не массив, а по одному объекту на строке (NDJSON)", "Write one object a line (NDJSON), not an array"},
	"not_an_object":      {"На каждой строке должен стоять один объект JSON", "Each line has to hold one JSON object"},
	"too_deep":           {"Вложенность больше 32 уровней", "More than 32 levels are nested"},
	"too_many_variables": {"Больше 256 переменных в одном объекте", "More than 256 variables in one object"},
	"duplicate_key":      {"Это имя уже было: непонятно, которому из значений верить", "This name was there already: which of the values is right?"},
	"no_key":             {"Имя переменной пусто", "The name of a variable is empty"},
	"vars_no_object":     {"vars должен быть объектом с переменными", "vars has to be an object with variables"},
	"wrong_type":         {"Нужна строка", "A string is needed"},

	// The field.
	"required":          {"Не указан лицевой счёт", "The account is missing"},
	"no_column_name":    {"Значение стоит в столбце без заголовка", "The value stands in a column without a header"},
	"formula":           {"Ячейка начинается как формула (= + @ или табуляция): запишите само значение", "The cell begins like a formula (= + @ or a tab): write the value itself"},
	"spreadsheet_error": {"Вместо значения — ошибка электронной таблицы", "This is an error of a spreadsheet instead of a value"},
	"rounded_account":   {"Лицевой счёт округлён электронной таблицей: сохраните столбец как текст", "A spreadsheet has rounded this account: save the column as text"},
	"too_long":          {"Значение слишком длинное: ФИО до 256 знаков, лицевой счёт, помещение и ИПД до 64", "The value is too long: a name has up to 256 characters, an account, premises or document up to 64"},
	"bad_email":         {"Это не адрес электронной почты; нужен один адрес вида name@example.ru", "This is no e-mail address; one like name@example.ru is needed"},
	"bad_vk_id":         {"Нужен числовой номер пользователя VK: 123, id123 или https://vk.com/id123", "The number of a VK user is needed: 123, id123 or https://vk.com/id123"},
	"bad_guid":          {"Нужен GUID вида 01234567-89ab-cdef-0123-456789abcdef", "A GUID like 01234567-89ab-cdef-0123-456789abcdef is needed"},
	"bad_timezone":      {"Такого часового пояса нет; нужно имя вида Europe/Moscow", "There is no such time zone; a name like Europe/Moscow is needed"},
	"bad_delivery":      {"Способ доставки: electronic (электронная), paper (бумажная) или both (обе)", "Delivery is electronic, paper or both"},
	"bad_period":        {"Период пишется как 2026-10, 10.2026 или октябрь 2026", "A period is written like 2026-10 or 10.2026"},
	"bad_amount":        {"Сумма пишется в рублях: 1234.56 или 1 234,56", "A sum is written in roubles: 1234.56 or 1 234,56"},
	"bad_date":          {"Нужна существующая дата вида 2026-11-10 или 10.11.2026", "A real date like 2026-11-10 or 10.11.2026 is needed"},
}

// message tells a code in a language.
func message(language Language, code string, args ...any) string {
	text := messages[code][0]
	if language == English {
		text = messages[code][1]
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// told makes a problem of a code.
func (c *checker) told(line, column int, field, code string, args ...any) Problem {
	return Problem{Line: line, Column: column, Field: field, Code: code, Message: message(c.language, code, args...)}
}
