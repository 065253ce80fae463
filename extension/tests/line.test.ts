import { afterEach, expect, test } from 'vitest';

import { Line } from '../src/line';
import type { ISnapshot } from '../src/tokens';
import type { ITestServer } from './server';
import { json, serve } from './server';

const STATUS = { version: '0', project: 'churn', counts: {} };

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
  expect(server.asked).toContain('/labline/api/jobs?limit=7');
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
