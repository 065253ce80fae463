import { expect, test } from 'vitest';

import { inTurn } from '../src/turn';

test('work never runs twice at once, and who asks meanwhile gets what comes next', async () => {
  const ends: ((value: number) => void)[] = [];
  const ask = inTurn(() => new Promise<number>(end => ends.push(end)));
  const first = ask();
  await Promise.resolve();
  expect(ends).toHaveLength(1);
  const second = ask();
  const third = ask();
  await Promise.resolve();
  expect(ends).toHaveLength(1);
  ends[0]!(1);
  expect(await first).toBe(1);
  ends[1]!(2);
  expect([await second, await third]).toEqual([2, 2]);
});

test('work that failed is done again for who asks next', async () => {
  let count = 0;
  const ask = inTurn(() => {
    count += 1;
    return count === 1
      ? Promise.reject(new Error('away'))
      : Promise.resolve(count);
  });
  const [failed, next] = [ask(), Promise.resolve().then(ask)];
  await expect(failed).rejects.toThrow('away');
  expect(await next).toBe(2);
});
