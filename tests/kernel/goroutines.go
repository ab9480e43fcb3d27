// SPDX-License-Identifier: Apache-2.0

// goroutines NAME: on an abstract unix socket, reads a request from each of two callers, then runs `/bin/true REQUEST` for each and answers.
// One goroutine for each, all of them on one thread at a time, so that the thread read the other's request last.
// goroutines NAME COUNT: serves so many requests of one caller, one after the other.
package main

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Reads a request; `before` is called before it is run.
func serve(caller net.Conn, before func()) {
	request := make([]byte, 64)
	length := must(caller.Read(request))
	before()
	must(exec.Command("/bin/true", string(request[:length])).Output())
	must(caller.Write([]byte("done")))
}

func serveTwo(listener net.Listener) {
	var read, done sync.WaitGroup
	read.Add(2)
	done.Add(2)
	for count := 0; count < 2; count++ {
		caller := must(listener.Accept())
		go func() {
			defer done.Done()
			serve(caller, func() { read.Done(); read.Wait() })
		}()
	}
	done.Wait()
}

func main() {
	runtime.GOMAXPROCS(1)
	listener := must(net.Listen("unix", "@"+os.Args[1]))
	if len(os.Args) == 2 {
		serveTwo(listener)
		return
	}
	caller := must(listener.Accept())
	for count := must(strconv.Atoi(os.Args[2])); count > 0; count-- {
		serve(caller, func() {})
	}
}
