import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';

import type { RequestError } from '../src/request';
import { request } from '../src/request';
import type { ITestServer } from './server';
import { json, serve } from './server';

let server: ITestServer;

afterEach(() => server.close());

async function failureFrom(
  answer: (path: string, response: ServerResponse) => void
): Promise<RequestError> {
  server = await serve(answer);
  return request('status', {}, server.settings).then(
    () => expect.fail('It should have failed'),
    (error: RequestError) => error
  );
}

test('a query travels in the address', async () => {
  server = await serve((_, response) => json(response, { items: [] }));
  const answer = await request('runs', { limit: 8 }, server.settings);
  expect(answer).toEqual({ items: [] });
  expect(server.asked).toEqual(['/labline/api/runs?limit=8']);
});

test('an error of labline keeps its name, its words and its fix', async () => {
  const failure = await failureFrom((_, response) =>
    json(
      response,
      {
        error: 'NoProject',
        message: 'No project.',
        fix: 'Run `labline init`.'
      },
      404
    )
  );
  expect(failure).toMatchObject({
    kind: 'answer',
    name: 'NoProject',
    message: 'No project.',
    fix: 'Run `labline init`.',
    status: 404
  });
});

test('a 404 in the words of Jupyter means that labline is missing', async () => {
  const failure = await failureFrom((_, response) =>
    json(response, { message: 'Not Found', reason: null }, 404)
  );
  expect(failure.kind).toBe('missing');
});

test('a page where JSON was due means that labline is missing', async () => {
  const failure = await failureFrom((_, response) => response.end('<html>'));
  expect(failure.kind).toBe('missing');
});

test.each([401, 403])(
  'a %i means that the page is not signed in',
  async code => {
    const failure = await failureFrom((_, response) =>
      json(
        response,
        { error: 'HTTPError', message: 'Forbidden', fix: '' },
        code
      )
    );
    expect(failure.kind).toBe('stranger');
  }
);

test('a proxy that finds no server means that it is away', async () => {
  const failure = await failureFrom((_, response) => {
    response.writeHead(502).end('Bad Gateway');
  });
  expect(failure).toMatchObject({ kind: 'away', status: 502 });
});

test('a server that is gone means that it is away', async () => {
  const failure = await failureFrom((_, response) => response.destroy());
  expect(failure.kind).toBe('away');
  expect(failure.cause).toBeDefined();
});
