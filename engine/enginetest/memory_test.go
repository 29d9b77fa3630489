package enginetest_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

func TestMemoryObeys(t *testing.T) {
	enginetest.ExerciseStores(t, func(*testing.T) engine.Stores { return enginetest.NewMemory().Stores() })
}

func TestMemoryWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := enginetest.NewMemory()
		now := time.Now()
		soon := engine.Wake{Campaign: "c", Batch: "soon", At: now}
		late := engine.Wake{Campaign: "c", Batch: "late", At: now.Add(24 * time.Hour)}
		urgent := engine.Wake{Campaign: "c", Batch: "urgent", Urgent: true, At: now.Add(time.Hour)}
		if err := memory.Stores().Queue.Put(t.Context(), late, soon, soon, urgent); err != nil {
			t.Fatal(err)
		}
		if n := len(memory.Wakes()); n != 3 {
			t.Fatalf("%d wakes, want 3", n)
		}
		var seen []string
		troubles := 1
		err := memory.Run(t.Context(), func(_ context.Context, w engine.Wake) error {
			if w.At.After(time.Now()) {
				t.Errorf("%s came before its time", w.Batch)
			}
			seen = append(seen, w.Batch)
			if w.Batch == "late" && troubles > 0 {
				troubles--
				return errors.New("again, please")
			}
			return nil
		})
		if err != nil || len(seen) != 4 || seen[0] != "soon" || seen[1] != "urgent" || seen[3] != "late" {
			t.Fatalf("worked on %v: %v", seen, err)
		}
		if _, ok := memory.Next(time.Now()); ok {
			t.Fatal("a wake was left")
		}
	})
}

func TestFaultsFailBeforeAndAfter(t *testing.T) {
	memory := enginetest.NewMemory()
	faults := enginetest.NewFaults(memory.Stores(), 1, 0.5)
	const calls = 400
	failed := 0
	for range calls {
		err := faults.Stores().Journal.Record(t.Context(), engine.Entry{Fact: engine.Sent})
		if err != nil && !errors.Is(err, engine.ErrDown) {
			t.Fatal(err)
		}
		if err != nil {
			failed++
		}
	}
	after := len(memory.Entries()) - (calls - failed)
	if failed != faults.Injected() || failed < calls/3 || after < calls/10 || after > failed-calls/10 {
		t.Fatalf("%d of %d failed, %d of them after their work", failed, calls, after)
	}
	faults.SetRate(0)
	if err := faults.Stores().Journal.Record(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestFaultsReachEveryCall(t *testing.T) {
	stores := reflect.ValueOf(enginetest.NewFaults(enginetest.NewMemory().Stores(), 1, 2).Stores()) // a rate of 2: every call, before its work
	for i := range stores.NumField() {
		name := stores.Type().Field(i).Name
		if stores.Field(i).IsNil() {
			t.Errorf("%s is missing", name)
			continue
		}
		store := stores.Field(i).Elem()
		for method := range stores.Type().Field(i).Type.NumMethod() {
			called := stores.Type().Field(i).Type.Method(method).Name
			call := store.MethodByName(called)
			arguments := []reflect.Value{reflect.ValueOf(t.Context())}
			for n := 1; n < call.Type().NumIn(); n++ {
				if !call.Type().IsVariadic() || n < call.Type().NumIn()-1 {
					arguments = append(arguments, reflect.Zero(call.Type().In(n)))
				}
			}
			answers := call.Call(arguments)
			if err, _ := answers[len(answers)-1].Interface().(error); !errors.Is(err, engine.ErrDown) {
				t.Errorf("%s.%s does not fail: %v", name, called, err)
			}
		}
	}
}
