// SPDX-License-Identifier: Apache-2.0

// go_server NAME PORT: net/http, a goroutine for each caller. Which thread serves whom is the scheduler's.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

const agent = "/chains/bin/agent"

func start(argv []string, text string) {
	command := exec.Command(agent)
	command.Args = argv
	command.Stdin = strings.NewReader(text)
	if err := command.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	go command.Wait()
}

func call(verb, address, text string) {
	kind, where, _ := strings.Cut(address, "/")
	network := map[string]string{"tcp": "tcp", "unix": "unix", "abstract": "unix", "seqpacket": "unixpacket", "dgram": "unixgram"}[kind]
	if kind == "tcp" {
		slash := strings.LastIndex(where, "/")
		where = net.JoinHostPort(where[:slash], where[slash+1:])
	} else if kind == "abstract" {
		where = "@" + where
	}
	connection, err := net.Dial(network, where)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer connection.Close()
	if verb == "post" {
		text = fmt.Sprintf("POST / HTTP/1.1\r\nHost: chains\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
	}
	io.WriteString(connection, text)
}

func run(text string) {
	lines := strings.Split(strings.TrimSuffix(text, "\nend\n"), "\n")
	path, steps := strings.TrimPrefix(lines[0], "path "), lines[1:]
	for number, step := range steps {
		rest := strings.Join(append(append([]string{}, steps[number+1:]...), "end", ""), "\n")
		words := strings.Fields(step)
		switch words[0] {
		case "leaf":
			start([]string{"leaf", words[2]}, path)
		case "agent":
			start([]string{"agent", "task"}, "path "+path+"\n"+rest)
			return
		default:
			call(words[0], words[2], "path "+path+">"+strings.ReplaceAll(words[1], ",", ">")+"\n"+rest)
			return
		}
	}
}

func serve(answer http.ResponseWriter, request *http.Request) {
	var text bytes.Buffer
	io.Copy(&text, bufio.NewReader(request.Body))
	run(text.String())
	io.WriteString(answer, "ok\n")
}

func main() {
	listener, err := net.Listen("tcp", ":"+os.Args[2])
	if err != nil {
		panic(err)
	}
	os.WriteFile("/chains/ready/"+os.Args[1], nil, 0o644)
	panic(http.Serve(listener, http.HandlerFunc(serve)))
}
