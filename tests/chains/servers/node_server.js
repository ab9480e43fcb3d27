// SPDX-License-Identifier: Apache-2.0
// node_server.js NAME PORT: http, one thread, an event loop; what a request starts may start after others were received.
'use strict';
const fs = require('fs');
const http = require('http');
const net = require('net');
const { spawn } = require('child_process');

const AGENT = '/chains/bin/agent';

function start(argv, text) {
  const child = spawn(AGENT, argv.slice(1), { argv0: argv[0], stdio: ['pipe', 'inherit', 'inherit'] });
  child.on('error', (error) => console.error(error));
  child.stdin.end(text);
}

function call(verb, address, text) {
  const [kind, ...parts] = address.split('/');
  const where = kind === 'tcp' ? { host: parts[0], port: Number(parts[1]) } : { path: parts.join('/') };
  const post = `POST / HTTP/1.1\r\nHost: chains\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  const client = net.connect(where, () => client.end((verb === 'post' ? post : '') + text));
  client.on('error', (error) => console.error(error));
}

function run(text) {
  const lines = text.replace(/\nend\n$/, '').split('\n');
  const path = lines[0].replace(/^path /, '');
  for (let number = 1; number < lines.length; number++) {
    const rest = [...lines.slice(number + 1), 'end', ''].join('\n');
    const words = lines[number].split(' ');
    if (words[0] === 'leaf') {
      start(['leaf', words[2]], path);
    } else if (words[0] === 'agent') {
      return start(['agent', 'task'], `path ${path}\n${rest}`);
    } else if (!/^(tcp|unix)\//.test(words[2])) { // Node has no other sockets
      return start(['agent', 'task'], `path ${path}\n${lines[number]}\n${rest}`);
    } else {
      return call(words[0], words[2], `path ${path}>${words[1].replaceAll(',', '>')}\n${rest}`);
    }
  }
}

const server = http.createServer((request, answer) => {
  let text = '';
  request.on('data', (part) => { text += part; });
  request.on('end', () => setImmediate(() => {
    run(text);
    answer.end('ok\n');
  }));
});
server.listen(Number(process.argv[3]), '::', () => fs.writeFileSync(`/chains/ready/${process.argv[2]}`, ''));
