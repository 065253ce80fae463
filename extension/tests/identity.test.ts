import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { IKernelState } from '../src/notebook/identity';
import { NotebookIdentity } from '../src/notebook/identity';

/** What was said on a comm, and whether it is closed. */
class Comm {
  readonly said: unknown[] = [];
  isDisposed = false;
  onMsg: (message: unknown) => void = () => undefined;
  onClose: () => void = () => undefined;
  open(data: unknown): void {
    this.said.push(data);
  }
  send(data: unknown): void {
    this.said.push(data);
  }
  close(): void {
    this.isDisposed = true;
  }
}

const ANSWER = { version: '0.1.0', recording: { on: true } };

class Kernel {
  readonly comms: Comm[] = [];
  readonly asked: string[] = [];
  handleComms = true;
  isDisposed = false;
  requestExecute({
    user_expressions
  }: {
    user_expressions: { labline: string };
  }) {
    this.asked.push(user_expressions.labline);
    const data = { 'application/json': ANSWER };
    const labline = { status: 'ok', data };
    const content = { status: 'ok', user_expressions: { labline } };
    return { done: Promise.resolve({ content }) };
  }
  createComm(): Comm {
    const comm = new Comm();
    this.comms.push(comm);
    return comm;
  }
}

let kernel: Kernel;
let ids: string[];
let panel: ReturnType<typeof panelOf>;
let identity: NotebookIdentity;

function panelOf(path: string) {
  const owner = {};
  return {
    context: { path, pathChanged: new Signal(owner) },
    sessionContext: {
      session: { kernel },
      kernelChanged: new Signal(owner),
      statusChanged: new Signal<object, string>(owner)
    },
    content: {
      modelContentChanged: new Signal(owner),
      model: {
        get cells() {
          return ids.map(id => ({ id }));
        }
      }
    }
  };
}

beforeEach(() => {
  kernel = new Kernel();
  ids = ['a', 'b'];
  panel = panelOf('RTC:work/draft.ipynb');
  const contents = { localPath: (path: string) => path.replace('RTC:', '') };
  identity = new NotebookIdentity(
    panel as unknown as NotebookPanel,
    contents as unknown as Contents.IManager
  );
});

afterEach(() => identity.dispose());

const said = () => kernel.comms.map(comm => comm.said);

test('the path is told without a drive, with the cells', () => {
  identity.tell();
  expect(said()).toMatchObject([
    [{ path: 'work/draft.ipynb', cells: ['a', 'b'] }]
  ]);
});

test('a rename is told to a kernel that knows the notebook, and to no other', () => {
  panel.context.pathChanged.emit(undefined);
  expect(kernel.comms).toEqual([]);
  identity.tell();
  panel.context.path = 'work/final.ipynb';
  panel.context.pathChanged.emit(undefined);
  expect(kernel.comms[0]?.said[1]).toMatchObject({ path: 'work/final.ipynb' });
});

test('cells that come and go are told, what is typed is not', async () => {
  identity.tell();
  panel.content.modelContentChanged.emit(undefined);
  await new Promise(done => setTimeout(done, 600));
  expect(kernel.comms[0]?.said).toHaveLength(1);
  ids = ['a', 'c', 'b'];
  panel.content.modelContentChanged.emit(undefined);
  await vi.waitFor(() => expect(kernel.comms[0]?.said).toHaveLength(2), 3_000);
  expect(kernel.comms[0]?.said[1]).toMatchObject({ cells: ['a', 'c', 'b'] });
});

test('a kernel that was restarted knows nothing any more', () => {
  identity.tell();
  panel.sessionContext.statusChanged.emit('restarting');
  expect(identity.open).toBe(false);
  identity.tell();
  expect(kernel.comms).toHaveLength(2);
});

test('the kernel’s answers are passed on', () => {
  const told: IKernelState[] = [];
  identity.told.connect((_, state) => told.push(state));
  identity.tell();
  const state = { version: '0.1.0', recording: { on: true } };
  kernel.comms[0]?.onMsg({ content: { data: state } });
  expect(told).toEqual([state]);
});

test('a notebook that is closed leaves the kernel', () => {
  identity.tell();
  identity.dispose();
  expect(kernel.comms[0]?.isDisposed).toBe(true);
  identity.tell();
  expect(kernel.comms).toHaveLength(1);
});

test('a second notebook on the kernel speaks for itself, without a comm', async () => {
  const told: IKernelState[] = [];
  identity.told.connect((_, state) => told.push(state));
  kernel.handleComms = false;
  identity.tell();
  await vi.waitFor(() => expect(told).toEqual([ANSWER]));
  expect(kernel.comms).toEqual([]);
  expect(identity.open).toBe(true);
  expect(kernel.asked[0]).toContain('work/draft.ipynb');

  panel.context.path = 'work/final.ipynb';
  panel.context.pathChanged.emit(undefined);
  expect(kernel.asked[1]).toContain('work/final.ipynb');
  identity.dispose();
  expect(kernel.asked[2]).toContain('.forget(');
});

test('a second notebook that is left alone takes comms up once it can', () => {
  kernel.handleComms = false;
  identity.tell();
  kernel.handleComms = true;
  identity.tell();
  expect(kernel.comms).toHaveLength(1);
});
