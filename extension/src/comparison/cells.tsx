import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ICellChange, IComparison } from './records';

interface IProps {
  comparison: IComparison;
  trans: TranslationBundle;
}

/**
 * The cells that another run's notebook does not have in common with that of the baseline.
 */
export function Cells({ comparison, trans }: IProps): React.ReactElement {
  const { columns, runs } = comparison;
  const [chosen, setChosen] = React.useState('');
  const others = runs.slice(1);
  const run = others.find(one => one.id === chosen) ?? others[0];
  const changes = run && comparison.cells[run.id];
  return (
    <>
      <div className="jp-labline-compareTools">
        <span className="jp-labline-name" dir="auto">
          {columns[0]}
        </span>
        <span aria-hidden>→</span>
        {others.length > 1 ? (
          <HTMLSelect
            aria-label={trans.__('Run whose notebook is compared')}
            value={run?.id ?? ''}
            onChange={event => setChosen(event.target.value)}
          >
            {others.map((one, at) => (
              <option key={one.id} value={one.id}>
                {counted(columns[at + 1] ?? one.id, comparison, one.id, trans)}
              </option>
            ))}
          </HTMLSelect>
        ) : (
          <span className="jp-labline-name" dir="auto">
            {columns[1]}
          </span>
        )}
      </div>
      {!changes && (
        <p className="jp-labline-quiet">
          {trans.__(
            'The notebook of one of the two was not kept: only recorded runs have one.'
          )}
        </p>
      )}
      {changes?.length === 0 && (
        <p className="jp-labline-quiet">
          {trans.__('The cells of both notebooks are the same.')}
        </p>
      )}
      {changes?.map((change, at) => (
        <Change key={at} change={change} trans={trans} />
      ))}
    </>
  );
}

function counted(
  name: string,
  { cells }: IComparison,
  id: string,
  trans: TranslationBundle
): string {
  const changes = cells[id];
  return changes
    ? trans._n('%2 (%1 cell)', '%2 (%1 cells)', changes.length, name)
    : name;
}

function Change(props: {
  change: ICellChange;
  trans: TranslationBundle;
}): React.ReactElement {
  const { change, trans } = props;
  const title = titleOf(change, trans);
  return (
    <figure className="jp-labline-cell" data-kind={change.kind}>
      <figcaption>{title}</figcaption>
      {/* A long line is scrolled to by keyboard, too. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0} aria-label={title}>
        {change.lines.map((line, at) => (
          <Line key={at} line={line} />
        ))}
      </pre>
    </figure>
  );
}

function Line({ line }: { line: string }): React.ReactElement {
  const [sign, text] = [line.charAt(0), line.slice(1)];
  const Tag = sign === '+' ? 'ins' : sign === '-' ? 'del' : 'span';
  return (
    <Tag>
      <i aria-hidden>{sign}</i>
      {text}
      {'\n'}
    </Tag>
  );
}

function titleOf(change: ICellChange, trans: TranslationBundle): string {
  const { after, before, kind } = change;
  switch (kind) {
    case 'added':
      return trans.__('Cell %1 added', after);
    case 'removed':
      return trans.__('Cell %1 removed', before);
    case 'changed':
      return before === after
        ? trans.__('Cell %1 changed', after)
        : trans.__('Cell %1 changed, was cell %2', after, before);
  }
}
