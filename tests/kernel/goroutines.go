// SPDX-License-Identifier: Apache-2.0

// goroutines NAME: on an abstract unix socket, reads a request from each of two callers, then runs `/bin/true REQUEST` for each and answers.
// One goroutine for each, all of them on one thread at a time, so that the thread read the other's request last.
package main

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
)

func main() {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("unix", "@"+os.Args[1])
	if err != nil {
		panic(err)
	}
	var read, done sync.WaitGroup
	read.Add(2)
	done.Add(2)
	for count := 0; count < 2; count++ {
		caller, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer done.Done()
			request := make([]byte, 64)
			length, err := caller.Read(request)
			read.Done()
			read.Wait()
			if err == nil {
				err = exec.Command("/bin/true", string(request[:length])).Run()
			}
			if err != nil {
				panic(err)
			}
			caller.Write([]byte("done"))
		}()
	}
	done.Wait()
}
