// SPDX-License-Identifier: Apache-2.0

// goroutines SECONDS - two goroutines, main.work > main.goLevelA > main.goLevelB > main.goSpin, which is busy.
package main

import (
	"os"
	"strconv"
	"time"
)

var sink uint64

//go:noinline
func goSpin(seed uint64) uint64 {
	v := seed
	for i := uint64(0); i < 2000000; i++ {
		v = (v ^ i) * 2654435761
	}
	return v
}

//go:noinline
func goLevelB(a uint64, room [64]uint64) uint64 {
	return goSpin(a) + room[a&63]
}

//go:noinline
func goLevelA(a uint64) uint64 {
	var room [64]uint64
	room[a&63] = a
	return goLevelB(a, room) + room[1]
}

func work(id uint64) {
	for {
		sink += goLevelA(id)
	}
}

func main() {
	seconds := 10
	if len(os.Args) > 1 {
		if n, err := strconv.Atoi(os.Args[1]); err == nil {
			seconds = n
		}
	}
	go work(1)
	go work(2)
	time.Sleep(time.Duration(seconds) * time.Second)
}
