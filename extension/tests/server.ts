import { ServerConnection } from '@jupyterlab/services';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A real HTTP server to ask, and how to reach it.
 */
export interface ITestServer {
  settings: ServerConnection.ISettings;
  /** The paths that were asked for, in order. */
  asked: string[];
  /** How it answers; a test may have it answer otherwise from now on. */
  answer: (path: string, response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function serve(
  answer: (path: string, response: ServerResponse) => void
): Promise<ITestServer> {
  const asked: string[] = [];
  const server: Server = createServer((request: IncomingMessage, response) => {
    // JupyterLab ends every address with the time, against caches.
    const path = (request.url ?? '').replace(/[?&]\d+$/, '');
    asked.push(path);
    it.answer(path, response);
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const it: ITestServer = {
    asked,
    answer,
    settings: ServerConnection.makeSettings({
      baseUrl: `http://127.0.0.1:${port}/`,
      appendToken: false
    }),
    close: () =>
      new Promise(done => {
        server.closeAllConnections();
        server.close(() => done());
      })
  };
  return it;
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200
): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}
