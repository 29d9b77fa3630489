package api

import (
	"bufio"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"io"
	"os"
)

// spool keeps a stream aside until it is known to be good, so that a file can be refused whole without holding it in memory. What it
// writes to disk is compressed, encrypted with a key that never leaves the process, and in a file without a name: nothing of it
// outlives a crash.
type spool struct {
	file  *os.File
	block cipher.Block
	disk  *bufio.Writer
	pack  *flate.Writer
	fault error // of the disk
}

func newSpool(folder string) (*spool, error) {
	file, err := os.CreateTemp(folder, "vestnik-spool-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, fmt.Errorf("unlink a temporary file: %w", err)
	}
	var key [32]byte
	rand.Read(key[:]) // never fails
	s := &spool{file: file}
	if s.block, err = aes.NewCipher(key[:]); err != nil {
		file.Close()
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	s.disk = bufio.NewWriterSize(cipher.StreamWriter{S: s.stream(), W: file}, 64<<10)
	s.pack, err = flate.NewWriter(s.disk, flate.BestSpeed)
	return s, err
}

// stream begins the key stream; the key encrypts this one file only, so its counter may begin at zero.
func (s *spool) stream() cipher.Stream {
	return cipher.NewCTR(s.block, make([]byte, aes.BlockSize))
}

// Write keeps p.
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.pack.Write(p)
	if err != nil {
		s.fault = fmt.Errorf("write a temporary file: %w", err)
	}
	return n, err
}

// again gives everything that was written, from the beginning.
func (s *spool) again() (io.Reader, error) {
	if err := s.pack.Close(); err != nil {
		return nil, fmt.Errorf("write a temporary file: %w", err)
	}
	if err := s.disk.Flush(); err != nil {
		return nil, fmt.Errorf("write a temporary file: %w", err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read a temporary file: %w", err)
	}
	return flate.NewReader(bufio.NewReaderSize(cipher.StreamReader{S: s.stream(), R: s.file}, 64<<10)), nil
}

func (s *spool) close() { _ = s.file.Close() } // it is gone either way
