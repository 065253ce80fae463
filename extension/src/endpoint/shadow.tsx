import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { useAsked } from '../asking';
import { metric } from '../format';
import type { IShadow } from './records';

interface IProps {
  name: string;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}

/**
 * How a shadow answers what the live release answers.
 *
 * No event tells of it: the releases keep their answers themselves, and are asked while one looks.
 */
export function Shadow(props: IProps): React.ReactElement {
  const { name, serverSettings, trans } = props;
  const { answer, failure } = useAsked<IShadow>(
    `endpoints/${encodeURIComponent(name)}/comparison`,
    () => false,
    serverSettings
  );
  if (!answer) {
    return (
      <p className="jp-labline-quiet" role="status">
        {failure ? failure.message : trans.__('Comparing the answers…')}
      </p>
    );
  }
  return (
    <div className="jp-labline-shadow">
      <Summary {...props} shadow={answer} />
      {answer.changes.length > 0 && <Changes {...props} shadow={answer} />}
      {answer.examples.length > 0 && <Examples {...props} shadow={answer} />}
    </div>
  );
}

type Compared = IProps & { shadow: IShadow };

function Summary({ shadow, trans }: Compared): React.ReactElement {
  const { agreed, agreement, differences, predictions, requests } = shadow;
  if (agreement === null) {
    return (
      <p className="jp-labline-quiet">
        {trans.__('No request yet that both have answered.')}
      </p>
    );
  }
  const failed: readonly (readonly [number, string])[] = [
    [shadow.candidate_failed, shadow.candidate],
    [shadow.live_failed, shadow.live]
  ];
  return (
    <>
      <p>
        <b>
          {trans.__(
            '%1 of %2 predictions differ (%3 %).',
            predictions - agreed,
            predictions,
            metric(100 * (1 - agreement))
          )}
        </b>{' '}
        {trans._n(
          'Compared on the latest request that both answered.',
          'Compared on the latest %1 requests that both answered.',
          requests
        )}
      </p>
      {differences && predictions > agreed && (
        <p className="jp-labline-quiet">
          {trans.__(
            'Candidate minus live: mean %1, 95 % within %2, at most %3.',
            metric(differences.mean),
            metric(differences.p95),
            metric(differences.largest)
          )}
        </p>
      )}
      {failed
        .filter(([count]) => count > 0)
        .map(([count, model]) => (
          <p key={model} data-mark="bad">
            {trans._n(
              'Only %2 could not answer %1 request.',
              'Only %2 could not answer %1 requests.',
              count,
              model
            )}
          </p>
        ))}
    </>
  );
}

/** Which words become which others. */
function Changes({ shadow, trans }: Compared): React.ReactElement {
  return (
    <table className="jp-labline-table">
      <thead>
        <tr>
          <th>{shadow.live}</th>
          <th>{shadow.candidate}</th>
          <th data-numeric>{trans.__('how often')}</th>
        </tr>
      </thead>
      <tbody>
        {shadow.changes.map(({ candidate, count, live }) => (
          <tr key={`${live}\n${candidate}`}>
            <td>{live}</td>
            <td>{candidate}</td>
            <td data-numeric>{count}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The rows on which they differ most. */
function Examples({ shadow, trans }: Compared): React.ReactElement {
  return (
    <details>
      <summary>{trans.__('Rows on which they differ most')}</summary>
      <div className="jp-labline-whole">
        <table className="jp-labline-table">
          <thead>
            <tr>
              <th>{trans.__('row')}</th>
              <th data-numeric>{shadow.live}</th>
              <th data-numeric>{shadow.candidate}</th>
            </tr>
          </thead>
          <tbody>
            {shadow.examples.map(one => (
              <tr key={`${one.request_id}-${one.row}`}>
                <td title={one.request_id}>
                  <code>{JSON.stringify(one.given)}</code>
                </td>
                <td data-numeric>{written(one.live)}</td>
                <td data-numeric>{written(one.candidate)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function written(value: unknown): string {
  if (typeof value === 'number') {
    return metric(value);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
