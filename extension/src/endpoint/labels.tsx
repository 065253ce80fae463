import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { metric } from '../format';
import { Dot } from '../sidebar/dot';
import { Prose } from '../sidebar/notice';
import { OUTCOME_MARKS } from './columns';
import { Fix } from './fix';
import type { IRealised, IRealisedReport } from './records';

/**
 * What the labels that came later say of the model, beside what its run said.
 */
export function Labels(props: {
  name: string;
  report: IRealisedReport;
  trans: TranslationBundle;
}): React.ReactElement {
  const { name, report, trans } = props;
  const { fix, labels, metrics, outcome, remarks, says } = report;
  return (
    <div className="jp-labline-realised">
      <h3>{trans.__('Metrics by labels')}</h3>
      {labels === 0 ? (
        <>
          <p className="jp-labline-quiet">
            {trans.__(
              'Nobody has told what turned out to be true. With that, by request id, the metrics of the run are seen on live requests:'
            )}
          </p>
          <Fix
            fix={`labline labels FILE --endpoint ${name} --on request_id`}
            trans={trans}
          />
        </>
      ) : (
        <>
          <p className="jp-labline-says">
            <Dot mark={OUTCOME_MARKS[outcome] ?? 'off'} label={outcome} />
            <span>{says}</span>
          </p>
          <Fix fix={fix} trans={trans} />
        </>
      )}
      {remarks.map(remark => (
        <Prose key={remark} text={remark} />
      ))}
      {metrics.length > 0 && (
        <div className="jp-labline-whole">
          <Table metrics={metrics} trans={trans} />
        </div>
      )}
    </div>
  );
}

function Table(props: {
  metrics: readonly IRealised[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { metrics, trans } = props;
  return (
    <table className="jp-labline-table">
      <thead>
        <tr>
          <th scope="col">{trans.__('metric')}</th>
          <th scope="col">{trans.__('verdict')}</th>
          <th scope="col" data-numeric>
            {trans.__('in the run')}
          </th>
          <th scope="col" data-numeric>
            {trans.__('by labels')}
          </th>
          <th scope="col" data-numeric>
            {trans.__('95 % interval')}
          </th>
        </tr>
      </thead>
      <tbody>
        {metrics.map(one => (
          <tr key={one.metric} title={one.says}>
            <td data-name>{one.metric}</td>
            <td data-word>
              <Dot mark={OUTCOME_MARKS[one.outcome] ?? 'off'} /> {one.outcome}
            </td>
            <td data-numeric>{metric(one.logged)}</td>
            <td data-numeric>{one.value === null ? '–' : metric(one.value)}</td>
            <td data-numeric>{interval(one, trans)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function interval({ high, low }: IRealised, trans: TranslationBundle): string {
  return low === null || high === null
    ? '–'
    : trans.__('%1 to %2', metric(low), metric(high));
}
