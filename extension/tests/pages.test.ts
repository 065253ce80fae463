import { afterEach, expect, test, vi } from 'vitest';

import { RequestError } from '../src/request';
import { Pages } from '../src/sidebar/pages';
import type { IPage } from '../src/tokens';

const TOTAL = 10_000;

let pages: Pages<number>;
let asked: number[];

afterEach(() => pages.dispose());

function begin(
  answer: (offset: number, limit: number) => Promise<IPage<number>> = slice
): void {
  asked = [];
  pages = new Pages<number>(
    (offset, limit) => {
      asked.push(offset);
      return answer(offset, limit);
    },
    { size: 100, total: TOTAL, patience: 10 }
  );
}

const slice = (offset: number, limit: number) =>
  Promise.resolve({
    items: Array.from({ length: limit }, (_, at) => offset + at),
    total: TOTAL
  });

const settled = () =>
  new Promise<void>(done => {
    const look = () => {
      pages.changed.disconnect(look);
      done();
    };
    pages.changed.connect(look);
  });

test('only the pages that are looked at are asked for, and once', async () => {
  begin();
  pages.want(0, 30);
  pages.want(5, 35);
  await settled();
  expect(asked).toEqual([0]);
  expect(pages.at(34)).toBe(34);
  expect(pages.at(134)).toBeUndefined();
  pages.want(9_990, 10_000);
  await settled();
  expect(asked).toEqual([0, 9_900]);
  expect(pages.at(9_999)).toBe(9_999);
});

test('a place at the border of two pages asks for both', () => {
  begin();
  pages.want(90, 110);
  expect(asked).toEqual([0, 100]);
});

test('after a change what is seen is asked for again, and stays meanwhile', async () => {
  begin();
  pages.want(0, 10);
  await settled();
  pages.want(200, 210);
  await settled();
  for (let at = 0; at < 20; at++) {
    pages.renew();
  }
  expect(pages.at(205)).toBe(205);
  await vi.waitFor(() => expect(asked).toEqual([0, 200, 200]));
  expect(pages.at(0)).toBeUndefined();
});

test('a page that fails is told of, and asked for when it is looked at again', async () => {
  let broken = true;
  begin((offset, limit) =>
    broken
      ? Promise.reject(new RequestError('answer', 'Away.'))
      : slice(offset, limit)
  );
  pages.want(0, 10);
  await settled();
  expect(pages.failure?.message).toBe('Away.');
  broken = false;
  pages.want(0, 10);
  await settled();
  expect(pages.failure).toBeNull();
  expect(pages.at(3)).toBe(3);
});
