import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { VERSION } from '../src/version';

const read = (path: string) =>
  readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

test.each([
  'base',
  'views',
  'comparison',
  'drift',
  'endpoint',
  'jobs',
  'sidebar'
])('every colour in %s.css is a variable of the theme', name => {
  const css = read(`style/${name}.css`).replace(/\/\*[\s\S]*?\*\//g, '');
  expect(css.match(/#[\da-f]{3,8}\b|\brgba?\(|\bhsla?\(/gi)).toBeNull();
  const colours = css.match(/(?:^|[\s-])(?:color|background):\s*[^;]+;/g) ?? [];
  expect(colours.length).toBeGreaterThan(0);
  for (const colour of colours) {
    expect(colour).toMatch(/var\(--|inherit|none|transparent|color-mix/);
  }
});

test('the version compiled in is that of the package', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(VERSION).toBe(version);
});
