// Package enginetest holds what tests of the engine and of everything around it stand on: Memory, all the stores of engine.Stores in plain
// maps; Channel and Confirmer, transports that answer by script; Faults, which makes stores fail before or after their work; and
// ExerciseStores, which says what every implementation of the stores must obey.
//
// Nothing here is fast or durable, and nothing but tests imports it.
package enginetest
