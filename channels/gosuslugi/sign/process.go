package sign

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Failure is a digest or a signature that could not be made because of how things are set up. Its words say what to do and tell no secrets.
type Failure struct {
	Words string // for people, "по-русски // in English", without anything of a key
	Said  string // the first words of the program on its standard error; for the operator's eyes
}

// Error gives the English words, which is what logs are written in.
func (f *Failure) Error() string {
	_, english, _ := strings.Cut(f.Words, " // ")
	return english
}

// patience is how long one run of a program may take.
const patience = time.Minute

// run runs a program and gives what it writes on standard output. Each of the files can be read by it as /dev/fd/3, /dev/fd/4 and so on:
// nothing of them stands on disk or among its arguments. It sees none of our own settings in its environment.
func run(ctx context.Context, stdin io.Reader, files [][]byte, program string, args ...string) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(limited, program, args...)
	command.WaitDelay = 5 * time.Second
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "VESTNIK_") })
	var out, said bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = stdin, &out, &said
	feed, err := offer(command, files)
	if err == nil {
		err = command.Start()
	}
	feed(err == nil)
	if err == nil {
		err = command.Wait()
	}
	switch {
	case err == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission):
		return nil, &Failure{Words: "программа " + program + " не запускается // the program " + program + " cannot be started", Said: err.Error()}
	case limited.Err() != nil:
		return nil, &Failure{Words: "программа " + program + " не справилась за минуту // the program " + program + " did not get done in a minute"}
	}
	return nil, &Failure{Words: "программа " + program + " завершилась с ошибкой // the program " + program + " failed", Said: firstWords(said.Bytes())}
}

// offer makes a pipe for each file. feed lets go of the program's ends, and begins to write if the program was started.
func offer(command *exec.Cmd, files [][]byte) (feed func(started bool), err error) {
	var ends [][2]*os.File
	for range files {
		r, w, wrong := os.Pipe()
		if wrong != nil {
			err = wrong
			break
		}
		ends = append(ends, [2]*os.File{r, w})
		command.ExtraFiles = append(command.ExtraFiles, r)
	}
	return func(started bool) {
		for i, end := range ends {
			_ = end[0].Close()
			go func() {
				if started {
					_, _ = end[1].Write(files[i]) // the program says what it missed
				}
				_ = end[1].Close()
			}()
		}
	}, err
}

// firstWords keeps the beginning of what a program said.
func firstWords(said []byte) string {
	return strings.ToValidUTF8(string(said[:min(len(said), 300)]), "?")
}
