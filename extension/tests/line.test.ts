import { afterEach, expect, test, vi } from 'vitest';

import { Line } from '../src/line';
import type { ISnapshot } from '../src/tokens';
import { FakeEvents } from './events';
import type { ITestServer } from './server';
import { json, serve } from './server';

const STATUS = { version: '0', project: 'churn', counts: {} };

let events: FakeEvents;
let line: Line;
let server: ITestServer;

afterEach(async () => {
  line.dispose();
  await server.close();
});

async function begin(
  broken: () => readonly string[] = () => []
): Promise<void> {
  server = await serve((path, response) => {
    const name = path.replace('/labline/api/', '').replace(/\?.*/, '');
    if (broken().includes(name)) {
      json(response, { error: 'Unreachable', message: 'Away.', fix: '' }, 503);
    } else {
      json(response, name === 'status' ? STATUS : { items: [name] });
    }
  });
  line = new Line({ serverSettings: server.settings, interval: 20, rows: 3 });
}

/** A line that is told what changes, with two jobs of which one runs. */
async function beginLive(): Promise<void> {
  server = await serve((path, response) => {
    const jobs = [
      { id: 'a', status: 'running' },
      { id: 'b', status: 'failed' }
    ];
    const list = { items: jobs, total: 2 };
    json(response, path.endsWith('status') ? STATUS : list);
  });
  events = new FakeEvents();
  line = new Line({
    serverSettings: server.settings,
    events,
    interval: 20,
    patience: 10
  });
  line.want('jobs', true);
  events.live = true;
}

function until(done: (snapshot: ISnapshot) => boolean): Promise<ISnapshot> {
  return new Promise(resolve => {
    const look = () => {
      if (done(line.snapshot)) {
        line.changed.disconnect(look);
        resolve(line.snapshot);
      }
    };
    line.changed.connect(look);
    look();
  });
}

const pause = (milliseconds: number) =>
  new Promise(done => setTimeout(done, milliseconds));

test('nothing is asked until somebody watches', async () => {
  await begin();
  await pause(60);
  expect(server.asked).toEqual([]);
});

test('it is asked again and again while watched, and no longer', async () => {
  await begin();
  const hold = line.watch();
  await until(() => server.asked.length >= 3);
  hold.dispose();
  await pause(50);
  const asked = server.asked.length;
  await pause(80);
  expect(server.asked.length).toBe(asked);
});

test('a refresh asks once though nobody watches', async () => {
  await begin();
  await line.refresh();
  expect(line.snapshot.status).toEqual(STATUS);
  expect(line.snapshot.at).toBeGreaterThan(0);
  expect(line.snapshot.refreshing).toBe(false);
  expect(server.asked).toEqual(['/labline/api/status']);
});

test('only the lists that are wanted are asked for, as many rows as set', async () => {
  await begin();
  line.want('jobs', true);
  line.rows = 7;
  await line.refresh();
  expect(server.asked).toContain('/labline/api/jobs?limit=7&offset=0');
  expect(server.asked.some(path => path.includes('models'))).toBe(false);
  expect(line.snapshot.lists.jobs).toMatchObject({
    items: ['jobs'],
    loaded: true
  });
  expect(line.snapshot.lists.models.loaded).toBe(false);
});

test('a list that is wanted later comes without waiting for the next round', async () => {
  await begin();
  line.interval = 60_000;
  const hold = line.watch();
  await until(({ status }) => status !== null);
  line.want('models', true);
  const { lists } = await until(({ lists }) => lists.models.loaded);
  expect(lists.models.items).toEqual(['models']);
  hold.dispose();
});

test('a list that fails does not hide the others', async () => {
  await begin(() => ['runs']);
  line.want('runs', true);
  line.want('jobs', true);
  await line.refresh();
  const { failure, lists } = line.snapshot;
  expect(failure).toBeNull();
  expect(lists.runs.failure?.message).toBe('Away.');
  expect(lists.jobs.items).toEqual(['jobs']);
});

test('what was known is kept while the status fails, and mends itself', async () => {
  let broken: string[] = [];
  await begin(() => broken);
  const hold = line.watch();
  await until(({ status }) => status !== null);
  broken = ['status'];
  const failed = await until(({ failure }) => failure !== null);
  expect(failed.failure?.name).toBe('Unreachable');
  expect(failed.status).toEqual(STATUS);
  broken = [];
  await until(({ failure }) => failure === null);
  hold.dispose();
});

test('while events come nothing is asked again, and what changed is shown', async () => {
  await beginLive();
  const hold = line.watch();
  expect(events.listeners).toBe(1);
  await until(({ lists, status }) => lists.jobs.loaded && status !== null);
  await pause(80);
  const asked = server.asked.length;
  expect(asked).toBeLessThan(6);
  events.tell('job', 'a', { id: 'a', status: 'succeeded' });
  const { lists } = await until(({ lists }) =>
    lists.jobs.items.some(job => job.status === 'succeeded')
  );
  expect(lists.jobs.items.map(job => job.id)).toEqual(['a', 'b']);
  await pause(60);
  expect(server.asked.length).toBe(asked);
  hold.dispose();
  expect(events.listeners).toBe(0);
});

test('many records that are new are asked for once', async () => {
  await beginLive();
  const hold = line.watch();
  await until(({ lists, status }) => lists.jobs.loaded && status !== null);
  await pause(40);
  server.asked.length = 0;
  for (let at = 0; at < 50; at++) {
    events.tell('job', `new ${at}`, { id: `new ${at}` });
  }
  await pause(80);
  const lists = server.asked.filter(path => path.includes('/jobs?'));
  expect(lists.length).toBe(1);
  hold.dispose();
});

test('where events end it is asked again', async () => {
  await beginLive();
  const hold = line.watch();
  await until(({ lists }) => lists.jobs.loaded);
  await pause(40);
  server.asked.length = 0;
  events.live = false;
  await pause(100);
  expect(server.asked.length).toBeGreaterThan(3);
  hold.dispose();
});

test('a filter narrows what is asked for, and is asked once typed', async () => {
  await begin();
  line.want('jobs', true);
  line.interval = 60_000;
  await line.refresh();
  for (const typed of ['r', 'ri', 'rid', 'ridge ']) {
    line.narrow(typed);
  }
  expect(line.snapshot.filter).toBe('ridge');
  await pause(400);
  const filtered = server.asked.filter(path => path.includes('filter'));
  expect(filtered).toEqual(['/labline/api/jobs?limit=3&offset=0&filter=ridge']);
});

test('an answer that is older than what was told meanwhile does not hide it', async () => {
  await beginLive();
  const hold = line.watch();
  await until(({ lists }) => lists.jobs.loaded);
  const answers: (() => void)[] = [];
  let status = 'running';
  server.answer = (path, response) => {
    const list = { items: [{ id: 'a', status }], total: 1 };
    if (path.endsWith('status')) {
      json(response, STATUS);
    } else {
      answers.push(() => json(response, list));
    }
  };
  const refreshed = line.refresh();
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  status = 'succeeded';
  events.tell('job', 'a', { id: 'a', status });
  answers.shift()?.();
  await refreshed;
  expect(line.snapshot.lists.jobs.items[0]).toMatchObject({ status });
  // It is asked for once more, as the answer may have told of others.
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  answers.shift()?.();
  await until(({ lists }) => lists.jobs.total === 1);
  expect(line.snapshot.lists.jobs.items).toMatchObject([{ id: 'a', status }]);
  hold.dispose();
});
