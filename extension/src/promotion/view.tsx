import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asRequestError, useAsked } from '../asking';
import { candidateName, metric, moment } from '../format';
import { useName } from '../page';
import type { RequestError } from '../request';
import { send } from '../request';
import { Failure } from '../sidebar/failure';
import { Notice, Prose } from '../sidebar/notice';
import type { IEvents } from '../tokens';
import { Diff } from './diff';
import type { IPromotion } from './records';
import { isUnderWay } from './records';

interface IProps {
  events: IEvents;
  id: string;
  /** It is known what is to be promoted, and to which stage. */
  onNamed: (name: string) => void;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}

/**
 * One promotion: how far it is, what each gate says, and what people decide.
 */
export function Promotion(props: IProps): React.ReactElement {
  const { events, id, onNamed, serverSettings, trans } = props;
  const { again, answer, failure } = useAsked<IPromotion>(
    `promotions/${encodeURIComponent(id)}`,
    found => isUnderWay(found.promotion.state),
    serverSettings,
    { events, about: event => event.type === 'promotion' && event.id === id }
  );
  useName(answer && nameOf(answer.promotion), onNamed);
  if (!answer) {
    return failure ? (
      <Failure failure={failure} at={0} trans={trans} />
    ) : (
      <p className="jp-labline-quiet">{trans.__('Opening the promotion…')}</p>
    );
  }
  return (
    <>
      <Head {...answer} trans={trans} />
      {failure && <Failure failure={failure} at={0} trans={trans} />}
      {answer.failure && (
        <Notice tone="error" title={answer.failure.message}>
          <Prose text={answer.failure.fix} />
        </Notice>
      )}
      <Verdicts {...answer} trans={trans} />
      <Decide {...props} {...answer} onDone={again} />
      {answer.diff ? (
        <Diff diff={answer.diff} />
      ) : (
        <Metrics {...answer} trans={trans} />
      )}
      <Timeline {...answer} trans={trans} />
    </>
  );
}

function nameOf(promotion: IPromotion['promotion']): string {
  return `${candidateName(promotion)} → ${promotion.stage}`;
}

type Known = IPromotion & { trans: TranslationBundle };

function Head(props: Known): React.ReactElement {
  const { promotion, trans } = props;
  const { stage, state } = promotion;
  const name = candidateName(promotion);
  return (
    <div className="jp-labline-head">
      <h1>
        <span title={promotion.candidate}>{name}</span> → {stage}
      </h1>
      <span className="jp-labline-state" data-state={state} role="status">
        {isUnderWay(state) && promotion.progress ? promotion.progress : state}
      </span>
      <p className="jp-labline-quiet">
        {whoHolds(props)}
        {promotion.dry_run && ` ${trans.__('Dry run: nothing is changed.')}`}
      </p>
      {isUnderWay(state) && (
        <progress aria-label={trans.__('The candidate is being judged')} />
      )}
    </div>
  );
}

/** Who asked, and what the stage holds, or held until this one took it. */
function whoHolds(props: Known): string {
  const { champion, promotion, trans } = props;
  const { actor, stage, state } = promotion;
  if (state === 'promoted') {
    return champion
      ? trans.__('%1 asked; %2 held %3 before.', actor, champion, stage)
      : trans.__('%1 asked; nothing held %2 before.', actor, stage);
  }
  return champion
    ? trans.__('%1 asked; %2 holds %3.', actor, champion, stage)
    : trans.__('%1 asked; nothing holds %2.', actor, stage);
}

function Verdicts(props: Known): React.ReactElement | null {
  const { trans, verdicts } = props;
  if (verdicts.length === 0) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('Gates')}</h2>
      <ul className="jp-labline-verdicts">
        {verdicts.map((verdict, position) => (
          <li key={position} data-outcome={verdict.outcome}>
            <b>{verdict.gate}</b>
            <span className="jp-labline-outcome">{verdict.outcome}</span>
            <div>
              <p>{verdict.reason}</p>
              {verdict.outcome !== 'passed' && <Prose text={verdict.fix} />}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Metrics(props: Known): React.ReactElement | null {
  const { champion, champion_metrics: held, metrics, trans } = props;
  const rows = Object.entries(metrics);
  if (rows.length === 0) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('Metrics')}</h2>
      <table className="jp-labline-table">
        <thead>
          <tr>
            <th>{trans.__('metric')}</th>
            <th data-numeric>{trans.__('candidate')}</th>
            {champion && <th data-numeric>{champion}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <td>{name}</td>
              <td data-numeric>{metric(value)}</td>
              {champion && (
                <td data-numeric>
                  {name in held ? metric(held[name] ?? NaN) : '–'}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Decide(
  props: Known & IProps & { onDone: () => void }
): React.ReactElement | null {
  const { decision, id, onDone, promotion, serverSettings, trans } = props;
  const [comment, setComment] = React.useState('');
  const [busy, setBusy] = React.useState(false);
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  if (promotion.state !== 'needs approval') {
    return null;
  }
  const decide = async (verb: 'approve' | 'reject', button: HTMLElement) => {
    const body = verb === 'approve' ? { comment } : { why: comment };
    // The buttons go once it is decided: whoever pressed one by keys must not be left nowhere.
    button.closest<HTMLElement>('.jp-labline-view')?.focus();
    setBusy(true);
    try {
      const path = `promotions/${encodeURIComponent(id)}/${verb}`;
      await send(path, body, serverSettings);
      setFailure(null);
      onDone();
    } catch (error) {
      setFailure(asRequestError(error));
    }
    setBusy(false);
  };
  return (
    <section>
      <h2>{trans.__('Approval')}</h2>
      <p>
        {trans.__('%1 of %2 missing.', decision.missing, decision.required)}{' '}
        {decision.why}
      </p>
      <Prose text={decision.fix} />
      <textarea
        value={comment}
        aria-label={trans.__('Comment')}
        placeholder={trans.__('A comment; a rejection must say why')}
        onChange={event => setComment(event.target.value)}
      />
      <div className="jp-labline-actions">
        <button
          type="button"
          className="jp-mod-styled jp-mod-accept"
          disabled={busy || !decision.may_approve}
          onClick={event => void decide('approve', event.currentTarget)}
        >
          {trans.__('Approve')}
        </button>
        <button
          type="button"
          className="jp-mod-styled jp-mod-warn"
          disabled={busy || !decision.may_reject || !comment.trim()}
          onClick={event => void decide('reject', event.currentTarget)}
        >
          {trans.__('Reject')}
        </button>
      </div>
      {failure && <Failure failure={failure} at={0} trans={trans} />}
    </section>
  );
}

function Timeline(props: Known): React.ReactElement | null {
  const { timeline, trans } = props;
  if (timeline.length === 0) {
    return null;
  }
  const locale = document.documentElement.lang || undefined;
  return (
    <section>
      <h2>{trans.__('Timeline')}</h2>
      <ol className="jp-labline-timeline">
        {timeline.map((one, position) => (
          <li key={position}>
            <time dateTime={new Date(one.at * 1000).toISOString()}>
              {moment(one.at, locale)}
            </time>
            <span>
              <b>{one.actor}</b> {one.action}
              {one.comment && `: ${one.comment}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
