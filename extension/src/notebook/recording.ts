import type { Kernel } from '@jupyterlab/services';

/**
 * How the recorder of a kernel stands, in the recorder's own words.
 */
export interface IRecording {
  readonly active: boolean;
  readonly experiment: string;
  /** Cells recorded so far. */
  readonly cells: number;
  /** What went wrong, or is worth knowing. */
  readonly message: string;
  /** The run that has just ended; empty while one goes on. */
  readonly ended: string;
}

/**
 * A kernel that cannot record; `name` is the Python exception's.
 */
export class RecordingError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

const FRONT = "__import__('labline.kernel.front', fromlist=['front'])";

/** Begin to record; `notebook` is its file name, which the kernel may know by an older one. */
export function begin(
  kernel: Kernel.IKernelConnection,
  notebook: string
): Promise<IRecording> {
  // A JSON string in ASCII is a Python string, too.
  return ask(kernel, `${FRONT}.begin(${pythonString(notebook)})`);
}

/** End the recording and publish the run. */
export function end(kernel: Kernel.IKernelConnection): Promise<IRecording> {
  return ask(kernel, `${FRONT}.end()`);
}

/** Ask how the recorder stands; where labline is not loaded, leave it so and return null. */
export async function look(
  kernel: Kernel.IKernelConnection
): Promise<IRecording | null> {
  const loaded = "'labline.kernel' in __import__('sys').modules";
  return ask<IRecording | null>(
    kernel,
    `${FRONT}.look() if ${loaded} else None`
  );
}

/**
 * Tell a kernel about the notebook of a page whose connection carries no comms; `page` tells
 * pages apart. Return what the kernel answers.
 */
export function tell<T>(
  kernel: Kernel.IKernelConnection,
  page: string,
  said: object
): Promise<T> {
  const [name, text] = [page, JSON.stringify(said)].map(pythonString);
  return ask<T>(kernel, `${FRONT}.tell(${name}, ${text})`);
}

/** Say that a page is closed which told the kernel about itself. */
export async function forget(
  kernel: Kernel.IKernelConnection,
  page: string
): Promise<void> {
  await ask<null>(kernel, `${FRONT}.forget(${pythonString(page)})`);
}

/**
 * Evaluate an expression beside the user's cells: nothing is shown, counted or recorded.
 */
async function ask<T = IRecording>(
  kernel: Kernel.IKernelConnection,
  expression: string
): Promise<T> {
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    stop_on_error: false,
    user_expressions: { labline: expression }
  });
  const { content } = await future.done;
  if (content.status !== 'ok') {
    throw new RecordingError('KernelError', 'The kernel did not answer.');
  }
  const answer = content.user_expressions['labline'] as IAnswer | undefined;
  if (answer?.status !== 'ok') {
    throw new RecordingError(
      answer?.ename ?? 'KernelError',
      answer?.evalue ?? ''
    );
  }
  return (answer.data?.['application/json'] ?? null) as T;
}

interface IAnswer {
  readonly status: 'ok' | 'error';
  readonly data?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
}

/** A literal of Python: JSON's escapes are Python's, once everything is ASCII. */
export function pythonString(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}
