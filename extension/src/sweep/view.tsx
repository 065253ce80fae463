import { PathExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asRequestError, useAsked } from '../asking';
import { parameters } from '../format';
import { useName } from '../page';
import type { RequestError } from '../request';
import { send } from '../request';
import { Failure } from '../sidebar/failure';
import { CommandLine } from '../sidebar/notice';
import { Figure } from './figure';
import type { ISweep, ISweepDetail } from './records';
import { TrialTable } from './table';

/** What a page of a sweep is given. */
interface IProps {
  id: string;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
  /** It is known which notebook is swept. */
  onNamed: (name: string) => void;
  /** Show a job. */
  onOpen: (job: string) => void;
}

/**
 * One sweep: how far it is, what came of each trial, and which is the best.
 */
export function Sweep(props: IProps): React.ReactElement {
  const { id, onNamed, onOpen, serverSettings, trans } = props;
  // Its end is told by no event of its own.
  const { again, answer, failure } = useAsked<ISweepDetail>(
    `sweeps/${encodeURIComponent(id)}`,
    ({ sweep }) => (sweep.ended === null ? true : null),
    serverSettings
  );
  useName(
    answer && trans.__('Sweep of %1', PathExt.basename(answer.sweep.notebook)),
    onNamed
  );
  if (!answer) {
    return failure ? (
      <Failure failure={failure} at={0} trans={trans} />
    ) : (
      <p className="jp-labline-quiet">{trans.__('Opening the sweep…')}</p>
    );
  }
  const { best, figure, sweep } = answer;
  return (
    <>
      <Head {...props} {...answer} again={again} />
      {failure && <Failure failure={failure} at={0} trans={trans} />}
      <section>
        <h2>{trans.__('Trials')}</h2>
        <TrialTable sweep={sweep} best={best} trans={trans} onOpen={onOpen} />
      </section>
      {figure && (
        <section>
          <h2>{trans.__('Figure')}</h2>
          <Figure svg={figure} />
        </section>
      )}
      <section>
        <p className="jp-labline-quiet">
          {trans.__('The same in a terminal:')}
        </p>
        <CommandLine text={`labline sweeps show ${sweep.id}`} trans={trans} />
      </section>
    </>
  );
}

function Head(
  props: IProps & ISweepDetail & { again: () => void }
): React.ReactElement {
  const { best, headline, onOpen, sweep, trans } = props;
  const done = sweep.trials.filter(trial => isOver(trial.status)).length;
  const { trials } = sweep.search;
  const told = trans.__('%1 of %2 trials', done, trials);
  const winner = sweep.trials.find(trial => trial.number === best);
  return (
    <div className="jp-labline-head">
      <h1>{trans.__('Sweep of %1', sweep.notebook)}</h1>
      <span
        className="jp-labline-state"
        data-state={sweep.status}
        role="status"
      >
        {sweep.status}
      </span>
      <p className="jp-labline-headline">{headline}</p>
      <Space {...props} />
      {sweep.ended === null && (
        <div className="jp-labline-jobProgress">
          <progress value={done} max={trials} aria-label={told} />
          <span>{told}</span>
        </div>
      )}
      <div className="jp-labline-buttons">
        {winner && (
          <button
            type="button"
            className="jp-labline-plainButton"
            onClick={() => onOpen(winner.job)}
          >
            {trans.__('Open the Best Trial')}
          </button>
        )}
        {sweep.ended === null && <Cancel {...props} />}
      </div>
    </div>
  );
}

function isOver(status: ISweep['status']): boolean {
  return status !== 'queued' && status !== 'running';
}

/** What is tried, how, and what is the same in all trials. */
function Space(props: IProps & ISweepDetail): React.ReactElement {
  const { sweep, trans } = props;
  const how = {
    grid: trans.__('every combination'),
    random: trans.__('by chance'),
    optuna: trans.__('near what did well')
  }[sweep.search.kind];
  const given = parameters(sweep.parameters);
  return (
    <dl className="jp-labline-facts">
      {Object.entries(sweep.space).map(([name, axis]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <code>{axis}</code>
          </dd>
        </div>
      ))}
      <div>
        <dt>{trans.__('Points')}</dt>
        <dd>{how}</dd>
      </div>
      {given && (
        <div>
          <dt>{trans.__('In all')}</dt>
          <dd>
            <code>{given}</code>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Cancel(props: IProps & { again: () => void }): React.ReactElement {
  const { again, id, serverSettings, trans } = props;
  const [busy, setBusy] = React.useState(false);
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  const cancel = async () => {
    setBusy(true);
    const path = `sweeps/${encodeURIComponent(id)}/cancel`;
    await send(path, {}, serverSettings).then(
      () => setFailure(null),
      (error: unknown) => setFailure(asRequestError(error))
    );
    setBusy(false);
    again();
  };
  return (
    <>
      <button
        type="button"
        className="jp-labline-plainButton"
        disabled={busy}
        onClick={() => void cancel()}
      >
        {trans.__('Cancel')}
      </button>
      {failure && <Failure failure={failure} at={0} trans={trans} />}
    </>
  );
}
