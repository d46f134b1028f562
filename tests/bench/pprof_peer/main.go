// SPDX-License-Identifier: Apache-2.0

// How fast Go's own package writes a pprof file, as bench_pprof does it: pprof_peer FILE. One CPU, garbage collection
// included.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/google/pprof/profile"
)

const seconds = 2

func now() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func measure(what string, plain int, write func(io.Writer) error) {
	var out bytes.Buffer
	begin, rounds := now(), 0
	for now()-begin < seconds {
		out.Reset()
		if err := write(&out); err != nil {
			panic(err)
		}
		rounds++
	}
	fmt.Printf("%s %.1f %d\n", what, float64(plain)*float64(rounds)/1e6/(now()-begin), out.Len())
}

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	p, err := profile.Parse(file)
	if err != nil {
		panic(err)
	}
	var plain bytes.Buffer
	if err := p.WriteUncompressed(&plain); err != nil {
		panic(err)
	}
	measure("plain", plain.Len(), p.WriteUncompressed)
	measure("gzip", plain.Len(), p.Write)
}
