import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IComparison, IRow } from './records';

/**
 * Data and environment, where they differ: a row for each, a column for each run.
 */
export function Surroundings(props: {
  comparison: IComparison;
  trans: TranslationBundle;
}): React.ReactElement {
  const { comparison, trans } = props;
  const rows = comparison.rows.filter(
    row =>
      (row.kind === 'data' || row.kind === 'environment') &&
      new Set(row.values).size > 1
  );
  if (rows.length === 0) {
    return (
      <p className="jp-labline-quiet">
        {trans.__('Nothing that was recorded of them differs.')}
      </p>
    );
  }
  return (
    <div className="jp-labline-scroller">
      <table className="jp-labline-compareTable" data-plain>
        <caption className="jp-sr-only">
          {trans.__('Data and environment of each run, where they differ')}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('What')}</th>
            {comparison.columns.map((name, at) => (
              <th key={comparison.runs[at]?.id} scope="col" dir="auto">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <Row key={`${row.kind}:${row.name}`} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row }: { row: IRow }): React.ReactElement {
  return (
    <tr>
      <th scope="row">{row.name}</th>
      {row.values.map((value, at) => (
        <td
          key={at}
          data-other={(at > 0 && value !== row.values[0]) || undefined}
        >
          {value || <span className="jp-labline-quiet">–</span>}
        </td>
      ))}
    </tr>
  );
}
