package gosuslugi

// What tests of the outside see of the inside.
var GUIDOf = guidOf
