import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asRequestError } from '../asking';
import type { ISeries } from '../chart/lines';
import { Lines } from '../chart/lines';
import type { ILook } from '../chart/look';
import { span } from '../format';
import type { RequestError } from '../request';
import { request } from '../request';
import { Failure } from '../sidebar/failure';
import { Prose } from '../sidebar/notice';
import type { Along } from './series';
import { seriesOf } from './series';
import type { Curves as Histories, IComparison } from './records';

/** Metrics that are drawn at once; more come when asked for. */
const PAGE = 12;

interface IProps {
  comparison: IComparison;
  looks: readonly ILook[];
  lit: string | null;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}

/**
 * A chart for each metric that was logged more than once: how it went in every run.
 */
export function Curves(props: IProps): React.ReactElement {
  const { comparison, lit, looks, trans } = props;
  const { failure, histories } = useHistories(props);
  const [along, setAlong] = React.useState<Along>('step');
  const [shown, setShown] = React.useState(PAGE);
  const charts = React.useMemo(
    () => seriesOf(comparison, histories ?? {}, looks, along),
    [comparison, histories, looks, along]
  );
  if (failure) {
    return <Failure failure={failure} at={0} trans={trans} />;
  }
  if (!histories) {
    return (
      <p className="jp-labline-quiet" role="status">
        {trans.__('Reading the metrics…')}
      </p>
    );
  }
  if (charts.length === 0) {
    return (
      <div className="jp-labline-quiet">
        <Prose
          text={trans.__(
            'No metric was logged more than once. To draw how one goes, log it in a loop, such as `%log loss=loss`.'
          )}
        />
      </div>
    );
  }
  return (
    <>
      <Choice along={along} trans={trans} onAlong={setAlong} />
      <div className="jp-labline-charts">
        {charts.slice(0, shown).map(({ name, series }) => (
          <Chart
            key={name}
            name={name}
            series={series}
            along={along}
            lit={lit}
            trans={trans}
          />
        ))}
      </div>
      {charts.length > shown && (
        <button
          type="button"
          className="jp-mod-styled jp-labline-plainButton"
          onClick={() => setShown(shown + PAGE)}
        >
          {trans.__('Show %1 more', charts.length - shown)}
        </button>
      )}
    </>
  );
}

function Chart(props: {
  name: string;
  series: readonly ISeries[];
  along: Along;
  lit: string | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { along, name, trans } = props;
  return (
    <Lines
      title={name}
      along={along === 'step' ? trans.__('step') : trans.__('after')}
      series={props.series}
      lit={props.lit}
      sayX={along === 'step' ? String : span}
    />
  );
}

/** Whether curves go by step or by time. */
function Choice(props: {
  along: Along;
  trans: TranslationBundle;
  onAlong: (along: Along) => void;
}): React.ReactElement {
  const { along, onAlong, trans } = props;
  const name = React.useId();
  const choices: readonly (readonly [Along, string])[] = [
    ['step', trans.__('By step')],
    ['time', trans.__('By time')]
  ];
  return (
    <fieldset className="jp-labline-compareTools">
      <legend className="jp-sr-only">{trans.__('Curves go')}</legend>
      {choices.map(([value, label]) => (
        <label key={value} className="jp-labline-check">
          <input
            type="radio"
            name={name}
            checked={along === value}
            onChange={() => onAlong(value)}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function useHistories(props: IProps): {
  histories: Readonly<Record<string, Histories>> | null;
  failure: RequestError | null;
} {
  const { comparison, serverSettings } = props;
  const [histories, setHistories] = React.useState<Readonly<
    Record<string, Histories>
  > | null>(null);
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  React.useEffect(() => {
    let gone = false;
    const ask = async (id: string) => {
      const path = `runs/${encodeURIComponent(id)}/metrics`;
      return [id, await request<Histories>(path, {}, serverSettings)] as const;
    };
    Promise.all(comparison.runs.map(run => ask(run.id))).then(
      found => {
        if (!gone) {
          setFailure(null);
          setHistories(Object.fromEntries(found));
        }
      },
      (error: unknown) => {
        if (!gone) {
          setFailure(asRequestError(error));
        }
      }
    );
    return () => {
      gone = true;
    };
  }, [comparison, serverSettings]);
  return { histories, failure };
}
