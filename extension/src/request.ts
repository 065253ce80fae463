import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { IFailure } from './records';

const API = 'labline/api';
/** Milliseconds until a question is given up: while it waits, nobody could ask anew. */
const PATIENCE = 60_000;

/**
 * Why a request came to nothing.
 *
 * - `away`: the Jupyter server does not answer.
 * - `stranger`: it answers, and does not know this browser (any more).
 * - `missing`: it has no labline.
 * - `answer`: labline answered with an error of its own; `name` says which.
 */
export type FailureKind = 'away' | 'stranger' | 'missing' | 'answer';

/**
 * A request that failed; `message` and `fix` are the server's words where it gave any.
 */
export class RequestError extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    options: {
      name?: string;
      fix?: string;
      details?: Readonly<Record<string, unknown>>;
      status?: number;
      cause?: unknown;
    } = {}
  ) {
    super(message);
    this.name = options.name ?? 'RequestError';
    this.fix = options.fix ?? '';
    this.details = options.details ?? {};
    this.status = options.status ?? 0;
    this.cause = options.cause;
  }

  readonly fix: string;
  /** What it is about, for whoever can show that in its place. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly cause: unknown;
}

/**
 * Ask labline's API for `path`.
 *
 * @throws RequestError for everything that can go wrong.
 */
export async function request<T>(
  path: string,
  query: Readonly<Record<string, string | number>> = {},
  settings: ServerConnection.ISettings = ServerConnection.makeSettings()
): Promise<T> {
  const found = path + URLExt.objectToQueryString(query);
  const signal = AbortSignal.timeout(PATIENCE);
  return answered<T>(found, { method: 'GET', signal }, settings);
}

/**
 * Post `body` to `path` of labline's API.
 *
 * @throws RequestError for everything that can go wrong.
 */
export async function send<T>(
  path: string,
  body: object,
  settings: ServerConnection.ISettings = ServerConnection.makeSettings()
): Promise<T> {
  const init = { method: 'POST', body: JSON.stringify(body) };
  return answered<T>(path, init, settings);
}

/**
 * Remove what `path` of labline's API stands for.
 *
 * @throws RequestError for everything that can go wrong.
 */
export async function remove<T>(
  path: string,
  settings: ServerConnection.ISettings = ServerConnection.makeSettings()
): Promise<T> {
  return answered<T>(path, { method: 'DELETE' }, settings);
}

async function answered<T>(
  path: string,
  init: RequestInit,
  settings: ServerConnection.ISettings
): Promise<T> {
  const url = URLExt.join(settings.baseUrl, API, path);
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
  } catch (cause) {
    throw new RequestError('away', 'The Jupyter server does not answer.', {
      cause
    });
  }
  const body = await readJSON(response);
  if (response.ok && body !== undefined) {
    return body as T;
  }
  throw failureOf(response, body);
}

async function readJSON(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function failureOf(response: Response, body: unknown): RequestError {
  const { status } = response;
  if (isFailure(body) && body.error !== 'HTTPError') {
    return new RequestError('answer', body.message, {
      name: body.error,
      fix: body.fix,
      details: body.details,
      status
    });
  }
  if (status === 401 || status === 403) {
    const message = 'The Jupyter server does not let this page in.';
    return new RequestError('stranger', message, { status });
  }
  if (status === 404 || response.ok) {
    const message = 'The server part of labline is missing.';
    return new RequestError('missing', message, { status });
  }
  const message = `The Jupyter server answered ${status} ${response.statusText}`;
  return new RequestError('away', message.trimEnd() + '.', { status });
}

function isFailure(body: unknown): body is IFailure {
  return (
    typeof body === 'object' &&
    body !== null &&
    typeof (body as Partial<IFailure>).error === 'string' &&
    typeof (body as Partial<IFailure>).message === 'string'
  );
}
