import { expect, test, vi } from 'vitest';

import { JobFollower } from '../src/job/follower';
import { FakeEvents } from './events';
import { json, serve } from './server';

const TEXT = 'epoch 0\nepoch 1\n';

test('what is told while a piece of the log is under way does not read it twice', async () => {
  const answers: (() => void)[] = [];
  let text = '';
  const server = await serve((path, response) => {
    const answer = () => {
      const after = Number(/after=(\d+)/.exec(path)?.[1]);
      const piece = text.slice(after);
      const ended = text !== '' && piece === '';
      json(response, { text: piece, next: text.length, more: false, ended });
    };
    if (path.includes('/log')) {
      answers.push(answer);
    } else {
      json(response, { job: { id: 'a', ended: text ? 1 : null } });
    }
  });
  const events = new FakeEvents();
  events.live = true;
  const serverSettings = server.settings;
  const seen = () => true;
  const follower = new JobFollower({ id: 'a', events, serverSettings, seen });
  const asked = () =>
    vi.waitFor(() => expect(answers).not.toEqual([]), { timeout: 5_000 });
  follower.look();
  await asked();
  answers.shift()?.();
  // The next question comes by the clock; while it is under way, an event tells of the end.
  await asked();
  text = TEXT;
  events.tell('job', 'a', {});
  await new Promise(done => setTimeout(done, 50));
  answers.splice(0).forEach(answer => answer());
  await asked();
  answers.splice(0).forEach(answer => answer());
  await vi.waitFor(() => expect(events.listeners).toBe(0));
  expect(follower.tail.text).toBe(TEXT);
  expect(server.asked.at(-1)).toContain(`after=${TEXT.length}`);
  follower.dispose();
  await server.close();
});
