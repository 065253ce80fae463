import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';

import {
  BLANK,
  bodyOf,
  complaintsOf,
  jobsOf,
  typeOf,
  withEntry,
  withLimit
} from '../src/job/form';
import { shownPath } from '../src/job/place';
import type { INotebookForm, IParameterField } from '../src/job/records';
import { Tail } from '../src/job/tail';

const trans = nullTranslator.load('labline');

function field(change: Partial<IParameterField>): IParameterField {
  return {
    name: 'alpha',
    kind: 'float',
    default: 0.5,
    help: '',
    required: false,
    source: '0.5',
    choices: [],
    ...change
  };
}

function formOf(...parameters: IParameterField[]): INotebookForm {
  return { notebook: 'train.ipynb', has_cell: true, parameters };
}

test.each([
  ['bool', [], 'bool'],
  ['int | None', [], 'int'],
  ['None | float', [], 'float'],
  ['Optional[int]', [], 'int'],
  ["Literal['a', 'b']", ['a', 'b'], 'choice'],
  ['list[int]', [], 'text'],
  ['Any', [], 'text']
])('a parameter of kind %s with choices %j is a %s', (kind, choices, type) => {
  expect(typeOf(field({ kind, choices }))).toBe(type);
});

test('what was left alone is not sent, so that the notebook says it', () => {
  const form = formOf(field({}), field({ name: 'name', kind: 'str' }));
  expect(bodyOf(form, withEntry(BLANK, 'name', { text: ' a ' }))).toEqual({
    notebook: 'train.ipynb',
    parameters: { name: ' a ' },
    sweep: {},
    options: {}
  });
});

test('a sweep is a job for each combination', () => {
  const form = formOf(field({}), field({ name: 'depth', kind: 'int' }));
  let draft = withEntry(BLANK, 'alpha', { sweep: true, text: '0.1, 1,10,' });
  draft = withEntry(draft, 'depth', { sweep: true, text: '2,3' });
  const body = bodyOf(form, draft);
  expect(body.search).toEqual({});
  expect(body.sweep).toEqual({ alpha: ['0.1', '1', '10'], depth: ['2', '3'] });
  expect(body.parameters).toEqual({});
  expect(jobsOf(body, draft)).toBe(6);
});

test('limits are sent where they are given, retries as a number', () => {
  let draft = withLimit(BLANK, 'timeout', ' 2h ');
  draft = withLimit(draft, 'retries', '0');
  expect(bodyOf(formOf(), draft).options).toEqual({
    timeout: '2h',
    retries: 0
  });
});

test.each([
  ['float', '1e-3', false],
  ['float', '.5', false],
  ['float', 'a lot', true],
  ['float', '', false],
  ['int', '1_000', false],
  ['int', '1.5', true],
  ['int', 'None', true],
  ['int | None', 'None', false],
  ['str', 'whatever', false]
])('%s with “%s” is wrong: %s', (kind, text, wrong) => {
  const draft = withEntry(BLANK, 'alpha', { text });
  const complaints = complaintsOf(formOf(field({ kind })), draft, trans);
  expect(complaints.has('alpha')).toBe(wrong);
});

test('a required value, an empty sweep and wrong retries are told by name', () => {
  const form = formOf(
    field({ name: 'data', kind: 'str', required: true }),
    field({})
  );
  let draft = withEntry(BLANK, 'alpha', { sweep: true, text: ' , ' });
  draft = withLimit(draft, 'retries', 'two');
  const complaints = complaintsOf(form, draft, trans);
  expect([...complaints.keys()]).toEqual(['data', 'alpha', 'option:retries']);
  expect(complaints.get('option:retries')).toContain('“two”');
});

test('one wrong value of a sweep is named', () => {
  const draft = withEntry(BLANK, 'alpha', { sweep: true, text: '1,x,2' });
  const complaints = complaintsOf(formOf(field({})), draft, trans);
  expect(complaints.get('alpha')).toContain('“x”');
});

test('a log keeps its last lines and counts the others', () => {
  const tail = new Tail(3, 1);
  tail.append('one\ntw');
  tail.append('o\nthree\n');
  expect([tail.text, tail.dropped]).toEqual(['one\ntwo\nthree\n', 0]);
  tail.append('four\nfive\n');
  expect([tail.text, tail.dropped]).toEqual(['three\nfour\nfive\n', 2]);
});

test('a piece that is longer than the log may be is cut as well', () => {
  const tail = new Tail(2, 1);
  tail.append('a\nb\nc\nd\n');
  expect([tail.text, tail.dropped]).toEqual(['c\nd\n', 2]);
});

test('blocks of a log stay as they are while lines come', () => {
  const tail = new Tail(6, 2);
  tail.append('a\nb\nc\nd\ne');
  const [first, second, open] = tail.blocks;
  expect(tail.blocks.map(({ at }) => at)).toEqual([0, 2, 4]);
  tail.append('!\n');
  expect(tail.blocks[0]).toBe(first);
  expect(tail.blocks[1]).toBe(second);
  expect([open?.text, tail.blocks[2]?.text]).toEqual(['e', 'e!\n']);
});

test('what the server passed over is counted, the line that was open too', () => {
  const tail = new Tail(100, 2);
  tail.append('a\nb\nc\nhalf a li');
  tail.append('x\ny', 7);
  // Three lines were whole, seven more ended up to x.
  expect([tail.text, tail.dropped]).toEqual(['x\ny', 10]);
});

test('a log is shown without the colours of a terminal', () => {
  const tail = new Tail();
  const escape = String.fromCharCode(27);
  tail.append(`${escape}[31mred${escape}[0m\n`);
  expect(tail.text).toBe('red\n');
});

test.each([
  ['/srv/lab/.labline/out.ipynb', '/srv/lab', '.labline/out.ipynb'],
  ['/home/ada/lab/out.ipynb', '~/lab', 'out.ipynb'],
  ['/elsewhere/out.ipynb', '/srv/lab', null],
  ['/out.ipynb', '/', 'out.ipynb']
])('%s below %s is shown as %s', (file, root, shown) => {
  expect(shownPath(file, root)).toBe(shown);
});
