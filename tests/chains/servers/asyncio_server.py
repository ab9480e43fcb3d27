#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""asyncio_server.py NAME ADDRESS: one thread, a coroutine for each caller. Between a request's receive and the process that it starts, others
are received."""
import asyncio
import socket
import sys
from pathlib import Path

from task import AGENT, across, endpoint, listen, message, parse, program, text_of


async def start(argv, text):
    process = await asyncio.create_subprocess_exec(*argv, executable=AGENT, stdin=asyncio.subprocess.PIPE)
    process.stdin.write(text)
    process.stdin.close()


async def call(address, text):
    family, kind, where = endpoint(address)
    if family.name == "AF_UNIX" and kind.name == "SOCK_STREAM":
        _, writer = await asyncio.open_unix_connection(where)
    elif kind.name == "SOCK_STREAM":
        _, writer = await asyncio.open_connection(*where)
    else:
        with socket.socket(family, kind) as client:
            client.connect(where)
            client.send(text)
        return
    writer.write(text)
    await writer.drain()
    writer.close()


async def run(text):
    path, steps = parse(text)
    while steps:
        step, steps = steps[0], steps[1:]
        verb, *words = step.split()
        if verb in ("connect", "post"):
            return await call(words[1], message(verb, text_of(across(path, words[0]), steps)))
        await start(program(step), path.encode() if verb == "leaf" else text_of(path, steps))
        if verb == "agent":
            return None
    return None


async def serve(reader, writer):
    try:
        text = await reader.readuntil(b"\nend\n")
        await asyncio.sleep(0)  # as any await does: the others have their turn
        await run(text)
        writer.write(b"ok\n")
    finally:
        writer.close()


async def main(name, address):
    server = await asyncio.start_server(serve, sock=listen(address)) if address.startswith("tcp") else await asyncio.start_unix_server(
        serve, sock=listen(address))
    Path(f"/chains/ready/{name}").touch()
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
