import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { moment } from '../format';
import type { Mark } from '../sidebar/dot';
import { Dot } from '../sidebar/dot';
import type { IGlance } from './records';

const MARKS: Readonly<Record<string, Mark>> = {
  fine: 'good',
  'not judged': 'off',
  failed: 'warn'
};

/**
 * The looks that are kept: one mark each, and in words when they are opened.
 */
export function Looks(props: {
  history: readonly IGlance[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { history, trans } = props;
  if (history.length === 0) {
    return null;
  }
  const locale = document.documentElement.lang || undefined;
  return (
    <details className="jp-labline-looks">
      <summary>
        {trans._n('%1 look', '%1 looks', history.length)}{' '}
        <span aria-hidden>
          {[...history].reverse().map(one => (
            <Dot key={one.at} mark={MARKS[one.state] ?? 'bad'} />
          ))}
        </span>
      </summary>
      <ol className="jp-labline-timeline">
        {history.map(one => (
          <li key={one.at}>
            <time dateTime={new Date(one.at * 1000).toISOString()}>
              {moment(one.at, locale)}
            </time>
            <span>
              <Dot mark={MARKS[one.state] ?? 'bad'} />{' '}
              <b>{one.state.replace('metric_drop', trans.__('metric drop'))}</b>{' '}
              · {one.model && `${one.model} · `}
              {asker(one.by, trans)}
              <span className="jp-labline-note" title={one.says}>
                {one.says}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}

/** Who asked for a look. */
export function asker(by: string, trans: TranslationBundle): string {
  return by === 'clock' ? trans.__('by the clock') : trans.__('by hand');
}
