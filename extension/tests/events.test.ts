import { ServerConnection } from '@jupyterlab/services';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';

import { Events } from '../src/events';
import type { IEvent } from '../src/tokens';

let server: WebSocketServer;
let events: Events;
let heard: IEvent[];
/** What each connection asked for, in order of connecting. */
let asked: string[][];
let sockets: WebSocket[];
let refuses: boolean;
let tries: number;

beforeEach(async () => {
  [heard, asked, sockets, refuses, tries] = [[], [], [], false, 0];
  server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    verifyClient: () => {
      tries += 1;
      return !refuses;
    }
  });
  await new Promise(done => server.once('listening', done));
  server.on('connection', socket => {
    const questions: string[] = [];
    asked.push(questions);
    sockets.push(socket);
    socket.on('message', (data: Buffer) => questions.push(data.toString()));
    say(socket, { seq: 7, type: 'hello' });
  });
  const { port } = server.address() as AddressInfo;
  events = new Events({
    serverSettings: ServerConnection.makeSettings({
      baseUrl: `http://127.0.0.1:${port}/`,
      wsUrl: `ws://127.0.0.1:${port}/`,
      appendToken: false
    }),
    least: 10,
    most: 40
  });
  events.happened.connect((_, event) => heard.push(event));
});

afterEach(async () => {
  events.dispose();
  server.clients.forEach(client => client.terminate());
  await new Promise(done => server.close(done));
});

function say(socket: WebSocket, event: Partial<IEvent>): void {
  socket.send(JSON.stringify({ id: '', data: null, ...event }));
}

test('all who listen share one connection, and the last one closes it', async () => {
  const [first, second] = [events.listen(), events.listen()];
  await vi.waitFor(() => expect(events.live).toBe(true));
  expect(sockets).toHaveLength(1);
  first.dispose();
  expect(events.live).toBe(true);
  second.dispose();
  expect(events.live).toBe(false);
  await vi.waitFor(() => expect(server.clients.size).toBe(0));
});

test('events are passed on as they come', async () => {
  events.listen();
  await vi.waitFor(() => expect(sockets).toHaveLength(1));
  say(sockets[0] as WebSocket, {
    seq: 8,
    type: 'job',
    id: 'a',
    data: { id: 'a' }
  });
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  expect(heard[0]).toMatchObject({ type: 'job', id: 'a', data: { id: 'a' } });
});

test('a connection that is lost is made again, and asks for what was missed', async () => {
  events.listen();
  await vi.waitFor(() => expect(events.live).toBe(true));
  say(sockets[0] as WebSocket, { seq: 12, type: 'run', id: 'r' });
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  const states: boolean[] = [];
  events.liveChanged.connect((_, live) => states.push(live));
  sockets[0]?.terminate();
  await vi.waitFor(() => expect(asked[1]).toEqual(['{"after":12}']));
  expect(states).toEqual([false, true]);
  expect(asked[0]).toEqual([]);
});

test('a connection that is refused is tried again until it is let in', async () => {
  refuses = true;
  const turned = vi.fn();
  events.liveChanged.connect(turned);
  events.listen();
  await vi.waitFor(() => expect(tries).toBeGreaterThan(2));
  expect(events.live).toBe(false);
  expect(turned).not.toHaveBeenCalled();
  refuses = false;
  await vi.waitFor(() => expect(events.live).toBe(true));
});

test('nothing is told to a page that nobody sees', async () => {
  events.listen();
  await vi.waitFor(() => expect(events.live).toBe(true));
  events.hidden = true;
  expect(events.live).toBe(false);
  await vi.waitFor(() => expect(server.clients.size).toBe(0));
  events.hidden = false;
  await vi.waitFor(() => expect(asked[1]).toEqual(['{"after":7}']));
});
