import { expect, test } from 'vitest';

import { parted } from '../src/platform/fix';

test('a command at the end of a fix is told apart', () => {
  expect(
    parted(
      "Install the same in the kernel's environment: pip install labline==2.0"
    )
  ).toEqual([
    "Install the same in the kernel's environment:",
    'pip install labline==2.0'
  ]);
  expect(parted('Reload the page.')).toEqual(['Reload the page.', '']);
});
