#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""talk.py MODE...: servers and clients of the kernel tests, one mode each. Names are those of abstract unix sockets, or ports.

Each server runs `/bin/true WORD` for a request whose text is WORD, answers it, and ends after COUNT requests."""
import array
import ctypes
import os
import pty
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

STREAM, SEQPACKET, DGRAM = socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM
SYS_PIDFD_GETFD = 438


def address(name):
    return ("127.0.0.1", int(name)) if name.isdigit() else "\0" + name


def family(name):
    return socket.AF_INET if name.isdigit() else socket.AF_UNIX


def listen(name, kind=STREAM):
    listener = socket.socket(family(name), kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", int(name)) if name.isdigit() else address(name))
    if kind != DGRAM:
        listener.listen(16)
    return listener


def connect(name, kind=STREAM, target=None):
    """The server may not be there yet."""
    for _ in range(10000):
        client = socket.socket(family(name), kind)
        try:
            client.connect(target or address(name))
            return client
        except OSError:
            client.close()
            time.sleep(0.002)
    sys.exit(f"nobody listens on {name}")


def run(word):
    subprocess.run(["/bin/true", word], check=True)


def ask(name, word, kind=STREAM, target=None):
    client = connect(name, kind, target)
    client.send(word.encode())
    if client.recv(64) != b"done":
        sys.exit("no answer")


def ask_when_told(name, word):
    """Connects, and sends when it gets SIGUSR1."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    client = connect(name)
    signal.sigwait([signal.SIGUSR1])
    client.send(word.encode())
    if client.recv(64) != b"done":
        sys.exit("no answer")


def ask_when_begun(name, word):
    """Asks when /tmp/NAME is there."""
    while not Path("/tmp", name).exists():
        time.sleep(0.01)
    ask(name, word)


def serve(name, count, kind=STREAM):
    """One thread that accepts, receives, runs, answers."""
    listener = listen(name, kind)
    for _ in range(int(count)):
        connection, _ = listener.accept()
        word = connection.recv(64).decode()
        run(word)
        connection.send(b"done")
        connection.close()


KEPT = 4  # requests over one connection


def ask_and_keep(name, word, both):
    """Several requests over one connection, WORD with the last one; then makes /tmp/NAME, and one more, with BOTH, which is answered late."""
    client = connect(name)
    for number in range(KEPT):
        client.send((word if number == KEPT - 1 else "x").encode())
        if client.recv(64) != b"done":
            sys.exit("no answer")
    Path("/tmp", name).touch()
    client.send(both.encode())
    if client.recv(64) != b"done":
        sys.exit("no answer")


def serve_kept(name):
    """One thread and one connection for a while: runs the last word that comes before a second client does; then, with a request of each, one for either."""
    listener = listen(name)
    first, _ = listener.accept()
    for _ in range(KEPT - 1):
        first.recv(64)
        first.send(b"done")
    run(first.recv(64).decode())
    first.send(b"done")
    both = first.recv(64).decode()
    second, _ = listener.accept()
    second.recv(64)
    run(both)
    answer(first, second)


def send_datagram(name, word):
    sender = socket.socket(socket.AF_UNIX, DGRAM)
    for _ in range(10000):
        try:
            sender.sendto(word.encode(), address(name))
            return
        except OSError:
            time.sleep(0.002)
    sys.exit("no receiver")


def serve_datagrams(name, count):
    receiver = listen(name, DGRAM)
    for _ in range(int(count)):
        run(receiver.recv(64).decode())


def send_fd(channel, fd):
    channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])


def receive_fd(channel):
    _, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(4))
    return array.array("i", ancillary[0][2][:4])[0]


def pass_connection(name, worker):
    """Accepts, and hands the connection to a worker without reading from it."""
    listener = listen(name)
    channel = connect(worker)
    connection, _ = listener.accept()
    send_fd(channel, connection.fileno())
    connection.close()
    channel.recv(1)  # until the worker ends


def pass_listener(name, worker):
    listener = listen(name)
    channel = connect(worker)
    send_fd(channel, listener.fileno())
    channel.recv(1)


def work_on_passed(worker, word):
    """Runs WORD for the connection that it is given: before anything is read from it."""
    channel, _ = listen(worker).accept()
    connection = socket.socket(fileno=receive_fd(channel))
    run(word)
    connection.recv(64)
    connection.send(b"done")


def accept_on_passed(worker, word):
    channel, _ = listen(worker).accept()
    listener = socket.socket(fileno=receive_fd(channel))
    connection, _ = listener.accept()
    run(word)
    connection.recv(64)
    connection.send(b"done")


def hold(name):
    """Accepts and holds the connection for who takes it."""
    listener = listen(name)
    connection, _ = listener.accept()
    print(connection.fileno(), flush=True)
    time.sleep(600)


def steal(pid, fd, word):
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(int(pid))
    for _ in range(10000):  # the connection may not be there yet
        taken = libc.syscall(SYS_PIDFD_GETFD, pidfd, int(fd), 0)
        if taken >= 0:
            break
        time.sleep(0.002)
    connection = socket.socket(fileno=taken)
    run(word)
    connection.recv(64)
    connection.send(b"done")


def serve_by_prefork(name, count):
    """A master that reads requests and hands their text to a worker process over a socketpair."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        for _ in range(int(count)):
            run(theirs.recv(64).decode())
            theirs.send(b"done")
        os._exit(0)
    listener = listen(name)
    for _ in range(int(count)):
        connection, _ = listener.accept()
        ours.send(connection.recv(64))
        connection.send(ours.recv(64))
        connection.close()


def serve_by_pool(name, count):
    """The main thread accepts and reads; a worker that waits on a queue runs."""
    jobs = queue.Queue()

    def work():
        while True:
            connection, word = jobs.get()
            run(word)
            connection.send(b"done")
            connection.close()
            jobs.task_done()

    threading.Thread(target=work, daemon=True).start()
    listener = listen(name)
    for _ in range(int(count)):
        connection, _ = listener.accept()
        jobs.put((connection, connection.recv(64).decode()))
    jobs.join()


def serve_by_loop(name, count, together):
    """One thread and many connections: TOGETHER requests are there before it reads the first, and it reads them all before it runs one."""
    listener = listen(name)
    waiting, connections, left = [], [], int(count)
    while left:
        while len(connections) < int(together):
            connections.append(listener.accept()[0])
        for one in connections:
            select.select([one], [], [])
        readable, _, _ = select.select(connections, [], [])
        for one in readable:
            waiting.append((one, one.recv(64).decode()))
            connections.remove(one)
        if len(waiting) < int(together):
            continue
        for connection, word in waiting:
            run(word)
            connection.send(b"done")
            connection.close()
            left -= 1
        waiting.clear()


def serve_by_queue(name, count):
    """As serve_by_pool, but the main thread answers before the worker begins."""
    jobs, answered = queue.Queue(), queue.Queue()

    def work():
        while True:
            word = jobs.get()
            answered.get()
            run(word)
            jobs.task_done()

    threading.Thread(target=work, daemon=True).start()
    listener = listen(name)
    for _ in range(int(count)):
        connection, _ = listener.accept()
        jobs.put(connection.recv(64).decode())
        connection.send(b"done")
        connection.close()
        answered.put(True)
    jobs.join()


def until_it_waits(thread):
    """The thread, another one of this process, said that it goes for a lock: it has come to wait there, in a futex without a limit of time."""
    while True:
        call = Path(f"/proc/self/task/{thread}/syscall").read_text().split()
        if call[0] == "202" and call[4] == "0x0":
            return
        time.sleep(0.01)


def spin(seconds):
    """Holds the interpreter's lock; who wants it meanwhile asks for it after 5 ms and is woken by this thread. Two that spin give it to and fro,
    and each waits until the other has it: by two conditions of the interpreter, at which both wake each other."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def serve_by_workers(name, warm):
    """Two workers. WARM requests go through them one by one, and each time the main thread waits for a lock that the worker has, and then for the
    interpreter's; then one worker is at a request when the main thread, at the next one, wakes it by that lock; then that worker runs its word.
    /tmp/NAME is made when the first of the two that follow the warm ones is at a worker."""
    jobs, lock, held = queue.Queue(), threading.Lock(), threading.Event()
    going = queue.SimpleQueue()  # who goes for the lock next: its thread id
    locked = queue.SimpleQueue()

    def work():
        while True:
            connection, word, last = jobs.get()
            if last:
                held.wait()
                going.put(threading.get_native_id())
                with lock:  # the main thread has it
                    run(word)
            else:
                with lock:
                    locked.put(True)
                    until_it_waits(going.get())
                spin(0.1)
            connection.send(b"done")
            connection.close()
            jobs.task_done()

    for _ in range(2):
        threading.Thread(target=work, daemon=True).start()
    listener = listen(name)
    for _ in range(int(warm)):
        connection, _ = listener.accept()
        jobs.put((connection, connection.recv(64).decode(), False))
        locked.get()
        going.put(threading.get_native_id())
        with lock:
            pass
        spin(0.1)
        jobs.join()
    connection, _ = listener.accept()
    jobs.put((connection, connection.recv(64).decode(), True))
    Path("/tmp", name).touch()
    lock.acquire()
    other, _ = listener.accept()
    held.set()
    until_it_waits(going.get())
    other.recv(64)
    lock.release()
    jobs.join()
    answer(other)


def accept_and_receive(listener, count):
    """COUNT connections with what came on each, in turn; all are there before the first is read."""
    connections = [listener.accept()[0] for _ in range(count)]
    return [(connection, connection.recv(64).decode()) for connection in connections]


def answer(*connections):
    for connection in connections:
        connection.send(b"done")


def serve_crowd(name):
    """Two children receive a request each and hand it over one socketpair to a worker, which begins when both have."""
    front, back = socket.socketpair(socket.AF_UNIX, SEQPACKET)
    begin, told = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.read(begin, 1)
        for _ in range(2):
            run(back.recv(64).decode())
        os._exit(0)
    listener = listen(name)
    for connection in [listener.accept()[0] for _ in range(2)]:
        child = os.fork()
        if child == 0:
            front.send(connection.recv(64))
            answer(connection)
            os._exit(0)
        os.waitpid(child, 0)
    os.write(told, b"x")
    os.waitpid(worker, 0)


def serve_swapped(name):
    """Two workers, each woken for a request of its own; then each does the other one's."""
    jobs, wakes, woken = {}, [queue.SimpleQueue(), queue.SimpleQueue()], []

    def work(number):
        wakes[number].get()
        woken.append(number)
        while len(woken) < 2:
            time.sleep(0.01)  # without waking the other one
        connection, word = jobs[1 - number]
        run(word)
        answer(connection)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    listener = listen(name)
    for number in range(2):
        until_it_waits(workers[number].native_id)
        [jobs[number]] = accept_and_receive(listener, 1)
        wakes[number].put(True)
    for worker in workers:
        worker.join()


def serve_both(name):
    """One worker that takes two requests from the thread that received them, and does one after the other."""
    jobs, taken = queue.SimpleQueue(), []

    def work():
        for connection, word in [take(), take()]:
            run(word)
            answer(connection)

    def take():
        job = jobs.get()
        taken.append(job)
        return job

    worker = threading.Thread(target=work)
    worker.start()
    listener = listen(name)
    for given in range(2):
        while len(taken) < given:
            time.sleep(0.01)
        until_it_waits(worker.native_id)  # so it is woken for each
        jobs.put(*accept_and_receive(listener, 1))
    worker.join()


def serve_late(name, onward):
    """Connects onward for the first of two requests, and sends only when that is answered and the second has come."""
    listener = listen(name)
    [(first, word)] = accept_and_receive(listener, 1)
    upstream = connect(onward)
    answer(first)
    [(second, _)] = accept_and_receive(listener, 1)
    upstream.send(word.encode())
    upstream.recv(64)
    answer(second)


def serve_after_answer(name):
    """Answers one of two requests and goes on at once with something: for either."""
    (first, word), (second, _) = accept_and_receive(listen(name), 2)
    first.send(b"done")
    run(word)
    answer(second)


def serve_beside_a_timer(name):
    """One thread has a request; while that waits, another one, which only another process wakes, runs `NAME-timer`."""
    held, gate, over = Path("/tmp", name), f"/tmp/{name}.gate", threading.Event()
    os.mkfifo(gate)
    clock = subprocess.Popen([sys.executable, __file__, "open-when-begun", name, gate], stdin=subprocess.DEVNULL)

    def tick():
        os.close(os.open(gate, os.O_RDONLY))
        run(name + "-timer")
        over.set()

    threading.Thread(target=tick).start()
    [(connection, _)] = accept_and_receive(listen(name), 1)
    for _ in range(4):  # what it wakes from now on, at the interpreter's locks, it does not wake for the request
        time.sleep(0.01)
    held.touch()
    while not over.is_set():
        time.sleep(0.01)
    answer(connection)
    clock.wait()
    held.unlink()
    os.unlink(gate)


def open_when_begun(name, gate):
    """Lets who opened the FIFO `gate` to read it go on when /tmp/NAME is there."""
    while not Path("/tmp", name).exists():
        time.sleep(0.01)
    os.close(os.open(gate, os.O_WRONLY))


def serve_own_and_others(name):
    """A thread for each connection. The first word is run when the second one, a child's of the server, has been run and answered."""
    second_over, first_here = threading.Event(), Path("/tmp", name)
    asking = subprocess.Popen([sys.executable, __file__, "ask-when-begun", name, name + "-own"], stdin=subprocess.DEVNULL)

    def serve(connection, first):
        word = connection.recv(64).decode()
        if first:
            second_over.wait()
        run(word)
        answer(connection)
        second_over.set()

    listener = listen(name)
    threads = []
    for number in range(2):
        connection, _ = listener.accept()
        threads.append(threading.Thread(target=serve, args=(connection, number == 0)))
        threads[-1].start()
        if number == 0:
            first_here.touch()
    for thread in threads:
        thread.join()
    first_here.unlink()
    asking.wait()


def serve_by_kept_child(name):
    """A process that is forked for the first of two requests does the second one's work, too: it gets words by a pipe."""
    listener = listen(name)
    orders, order = os.pipe()
    reports, report = os.pipe()
    for number in range(2):
        [(connection, word)] = accept_and_receive(listener, 1)
        if number == 0 and os.fork() == 0:
            for _ in range(2):
                run(os.read(orders, 64).decode())
                os.write(report, b"x")
            os._exit(0)
        os.write(order, word.encode())
        os.read(reports, 1)
        answer(connection)
    os.wait()


def serve_by_terminal(name):
    """A shell that is started for the first of two requests runs both: it reads its terminal, which the server writes."""
    listener = listen(name)
    master = None
    for number in range(2):
        [(connection, word)] = accept_and_receive(listener, 1)
        if number == 0:
            shell, master = pty.fork()
            if shell == 0:
                os.execv("/bin/sh", ["sh"])
        done = Path("/tmp", f"{name}-{number}")
        os.write(master, f"/bin/true {word}; : >{done}\n".encode())
        while not done.exists():
            time.sleep(0.01)
        done.unlink()
        answer(connection)
    os.kill(shell, signal.SIGKILL)
    os.waitpid(shell, 0)


def serve_as_bus(name, count):
    """Passes on COUNT words, each to the one who joined, and answers when that says that it is done."""
    listener = listen(name)
    [(joined, _)] = accept_and_receive(listener, 1)
    answer(joined)
    for _ in range(int(count)):
        [(connection, word)] = accept_and_receive(listener, 1)
        joined.send(word.encode())
        joined.recv(64)
        answer(connection)
        connection.close()


def join_bus(name, count):
    """Runs the words that come over a connection of its own."""
    bus = connect(name)
    bus.send(b"here")
    bus.recv(64)
    Path("/tmp", name).touch()
    for _ in range(int(count)):
        run(bus.recv(64).decode())
        bus.send(b"done")


def next_turn_and_receive(listener):
    """The next request, which comes when the thread has slept."""
    connection, _ = listener.accept()
    time.sleep(0.01)
    return connection, connection.recv(64).decode()


def show_order(listener):
    """Twice answers what it received last, while its first request waits. Returns that one's connection."""
    [(first, _)] = accept_and_receive(listener, 1)
    for _ in range(2):
        answer(next_turn_and_receive(listener)[0])
    return first


def serve_in_order(name):
    """Runs the last request's word, while the first one waits."""
    listener = listen(name)
    first = show_order(listener)
    last, word = next_turn_and_receive(listener)
    run(word)
    answer(last, first)


def serve_back_and_forth(name):
    """Then answers the fourth request while it is at the fifth, and runs the sixth one's word: for it, the first or the fifth."""
    listener = listen(name)
    first = show_order(listener)
    fourth, _ = next_turn_and_receive(listener)
    fifth, _ = next_turn_and_receive(listener)
    answer(fourth)
    sixth, word = next_turn_and_receive(listener)
    run(word)
    answer(first, fifth, sixth)


def serve_by_migrating(name):
    """Two threads; what the first received, the second answers while it is at a request of its own. Then the first one receives a third
    request, and the second runs the second request's word: for either."""
    listener = listen(name)
    received, answered, ready = threading.Event(), threading.Event(), threading.Event()
    [(first, _)] = accept_and_receive(listener, 1)

    def second_thread():
        [(second, word)] = accept_and_receive(listener, 1)
        answer(first)
        answered.set()
        received.wait()
        run(word)
        answer(second)
        ready.set()

    threading.Thread(target=second_thread).start()
    answered.wait()
    [(third, _)] = accept_and_receive(listener, 1)
    received.set()
    ready.wait()
    answer(third)


def relay(name, onward, count):
    """Passes requests on over one connection that it keeps. It starts nothing."""
    listener = listen(name)
    upstream = connect(onward)
    for _ in range(int(count)):
        connection, _ = listener.accept()
        upstream.send(connection.recv(64))
        connection.send(upstream.recv(64))
        connection.close()


def serve_on_one_connection(name, count):
    connection, _ = listen(name).accept()
    for _ in range(int(count)):
        run(connection.recv(64).decode())
        connection.send(b"done")


MODES = {
    "ask": ask,
    "ask-seqpacket": lambda name, word: ask(name, word, SEQPACKET),
    "ask-when-told": ask_when_told,
    "ask-and-keep": ask_and_keep,
    "serve-kept": serve_kept,
    "ask-at": lambda host, port, word: ask(port, word, STREAM, (host, int(port))),
    "serve": serve,
    "serve-seqpacket": lambda name, count: serve(name, count, SEQPACKET),
    "send-datagram": send_datagram,
    "serve-datagrams": serve_datagrams,
    "pass-connection": pass_connection,
    "pass-listener": pass_listener,
    "work-on-passed": work_on_passed,
    "accept-on-passed": accept_on_passed,
    "hold": hold,
    "steal": steal,
    "serve-by-prefork": serve_by_prefork,
    "serve-by-pool": serve_by_pool,
    "serve-by-loop": serve_by_loop,
    "serve-by-queue": serve_by_queue,
    "serve-by-workers": serve_by_workers,
    "ask-when-begun": ask_when_begun,
    "open-when-begun": open_when_begun,
    "serve-both": serve_both,
    "serve-beside-a-timer": serve_beside_a_timer,
    "serve-own-and-others": serve_own_and_others,
    "serve-by-kept-child": serve_by_kept_child,
    "serve-by-terminal": serve_by_terminal,
    "serve-as-bus": serve_as_bus,
    "join-bus": join_bus,
    "serve-swapped": serve_swapped,
    "serve-crowd": serve_crowd,
    "serve-late": serve_late,
    "serve-after-answer": serve_after_answer,
    "serve-in-order": serve_in_order,
    "serve-back-and-forth": serve_back_and_forth,
    "serve-by-migrating": serve_by_migrating,
    "relay": relay,
    "serve-on-one-connection": serve_on_one_connection,
}

if __name__ == "__main__":
    signal.alarm(60)  # a test that went wrong must not hang the others
    MODES[sys.argv[1]](*sys.argv[2:])
