import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { asRequestError, useAsked } from '../asking';
import { moment } from '../format';
import type { RequestError } from '../request';
import { send } from '../request';
import { Failure } from '../sidebar/failure';
import { CommandLine, Notice, Prose } from '../sidebar/notice';
import { Charts } from './charts';
import type { IDeployment, IEndpointDetail } from './records';

/**
 * One endpoint: what it serves, on whose share of the traffic, and how to ask it.
 */
export class EndpointView extends ReactWidget {
  constructor(readonly options: EndpointView.IOptions) {
    super();
    this.addClass('jp-labline');
    this.addClass('jp-labline-view');
  }

  protected override render(): React.ReactElement {
    return <Endpoint {...this.options} />;
  }
}

/**
 * A namespace for `EndpointView` statics.
 */
export namespace EndpointView {
  export interface IOptions {
    name: string;
    serverSettings: ServerConnection.ISettings;
    trans: TranslationBundle;
  }
}

function isUnderWay(one: IDeployment): boolean {
  return one.state === 'queued' || one.state === 'running';
}

function Endpoint(props: EndpointView.IOptions): React.ReactElement {
  const { name, serverSettings, trans } = props;
  const path = encodeURIComponent(name);
  const work = useAsked<readonly IDeployment[]>(
    `deployments?endpoint=${path}`,
    found => found.some(isUnderWay),
    serverSettings
  );
  const asked = useAsked<IEndpointDetail>(
    `endpoints/${path}`,
    () => work.answer?.some(isUnderWay) ?? true,
    serverSettings
  );
  const { answer, failure } = asked;
  const newest = work.answer?.[0];
  const again = () => {
    asked.again();
    work.again();
  };
  const settled = newest?.state;
  const askAgain = asked.again;
  React.useEffect(() => askAgain(), [settled, askAgain]);
  return (
    <>
      <Head {...props} detail={answer} newest={newest} />
      {newest?.failure && (
        <Notice tone="error" title={newest.failure.message}>
          <Prose text={newest.failure.fix} />
        </Notice>
      )}
      {failure && !(newest && isUnderWay(newest)) && (
        <Failure failure={failure} at={0} trans={trans} />
      )}
      {answer && (
        <>
          <Traffic detail={answer} trans={trans} />
          <Actions {...props} detail={answer} onDone={again} />
          {answer.live && <Charts {...props} />}
          <Asking {...props} detail={answer} />
        </>
      )}
      <History work={work.answer ?? []} trans={trans} />
    </>
  );
}

function Head(
  props: EndpointView.IOptions & {
    detail: IEndpointDetail | null;
    newest?: IDeployment;
  }
): React.ReactElement {
  const { detail, name, newest, trans } = props;
  const busy = newest !== undefined && isUnderWay(newest);
  const { model, serving, state, url } = detail?.endpoint ?? {};
  const agrees = model !== null && serving === model;
  return (
    <header>
      <h1>
        <span title={name}>{name}</span>
      </h1>
      <span
        className="jp-labline-state"
        data-state={busy ? 'running' : state}
        role="status"
      >
        {busy ? newest.progress || trans.__('queued') : (state ?? '…')}
      </span>
      {detail && (
        <p className="jp-labline-quiet">
          <code>{url}</code>{' '}
          {serving && agrees && trans.__('serves %1, as recorded.', serving)}
          {serving &&
            !agrees &&
            trans.__('serves %1; the record says %2.', serving, model)}
        </p>
      )}
      {busy && <progress aria-label={newest.progress} />}
    </header>
  );
}

function Traffic(props: {
  detail: IEndpointDetail;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { detail, trans } = props;
  if (detail.traffic.length === 0) {
    return null;
  }
  const says = (release: number) =>
    detail.instances
      .filter(one => one.release === release)
      .map(one => one.serving ?? one.state)
      .join(', ');
  return (
    <section>
      <h2>{trans.__('Traffic')}</h2>
      <table className="jp-labline-table">
        <thead>
          <tr>
            <th>{trans.__('model')}</th>
            <th data-numeric>{trans.__('release')}</th>
            <th data-numeric>{trans.__('share')}</th>
            <th>{trans.__('its instances say')}</th>
          </tr>
        </thead>
        <tbody>
          {detail.traffic.map(share => (
            <tr key={share.release}>
              <td>{share.model}</td>
              <td data-numeric>{share.release}</td>
              <td data-numeric>
                {share.mirrored ? trans.__('shadow') : `${share.weight} %`}
              </td>
              <td>{says(share.release) || '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type Detailed = EndpointView.IOptions & { detail: IEndpointDetail };

function Actions(props: Detailed & { onDone: () => void }): React.ReactElement {
  const { detail, name, onDone, serverSettings, trans } = props;
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  const candidate = detail.traffic.find(
    share => share.release !== detail.live?.id
  );
  const path = `endpoints/${encodeURIComponent(name)}`;
  const act = async (verb: string, body: object) => {
    try {
      await send(`${path}/${verb}`, body, serverSettings);
      setFailure(null);
      onDone();
    } catch (error) {
      setFailure(asRequestError(error));
    }
  };
  const rollBack = async () => {
    if (await confirmed(detail, trans)) {
      await act('rollback', {});
    }
  };
  return (
    <section>
      <div className="jp-labline-actions">
        {candidate && (
          <>
            <Weight
              key={candidate.release}
              weight={candidate.weight}
              trans={trans}
              onChange={weight =>
                void act('traffic', { action: 'shift', weight })
              }
            />
            <button
              type="button"
              className="jp-mod-styled jp-mod-accept"
              onClick={() => void act('traffic', { action: 'finish' })}
            >
              {trans.__('Let %1 take over', candidate.model)}
            </button>
            <button
              type="button"
              className="jp-mod-styled jp-mod-warn"
              onClick={() => void act('traffic', { action: 'abort' })}
            >
              {trans.__('Abort')}
            </button>
          </>
        )}
        <button
          type="button"
          className="jp-mod-styled jp-mod-reject"
          disabled={!detail.previous}
          title={
            detail.previous
              ? trans.__('Bring back %1', detail.previous.model)
              : trans.__('Nothing served here before')
          }
          onClick={() => void rollBack()}
        >
          {trans.__('Roll back…')}
        </button>
      </div>
      {failure && <Failure failure={failure} at={0} trans={trans} />}
    </section>
  );
}

async function confirmed(
  detail: IEndpointDetail,
  trans: TranslationBundle
): Promise<boolean> {
  const result = await showDialog({
    title: trans.__('Roll back %1?', detail.endpoint.name),
    body: trans.__(
      '%1 is started and proven first; until then %2 goes on.',
      detail.previous?.model,
      detail.live?.model
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Roll back') })
    ]
  });
  return result.button.accept;
}

function Weight(props: {
  weight: number;
  trans: TranslationBundle;
  onChange: (weight: number) => void;
}): React.ReactElement {
  const { onChange, trans, weight } = props;
  const [chosen, setChosen] = React.useState(weight);
  return (
    <label className="jp-labline-weight">
      {trans.__('Candidate’s share')}
      <input
        type="range"
        min={0}
        max={100}
        value={chosen}
        onChange={event => setChosen(Number(event.target.value))}
        onPointerUp={() => chosen !== weight && onChange(chosen)}
        onKeyUp={() => chosen !== weight && onChange(chosen)}
      />
      <output>{chosen} %</output>
    </label>
  );
}

function Asking(props: Detailed): React.ReactElement {
  const { detail, name, serverSettings, trans } = props;
  const [key, setKey] = React.useState('');
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  const issue = async () => {
    try {
      const path = `endpoints/${encodeURIComponent(name)}/keys`;
      const issued = await send<{ key: string }>(path, {}, serverSettings);
      setKey(issued.key);
      setFailure(null);
    } catch (error) {
      setFailure(asRequestError(error));
    }
  };
  return (
    <section>
      <h2>{trans.__('Ask it')}</h2>
      <CommandLine text={detail.curl} trans={trans} />
      {key ? (
        <Notice tone="warn" title={trans.__('Keep this key: it is shown once')}>
          <CommandLine text={key} trans={trans} />
        </Notice>
      ) : (
        <div className="jp-labline-actions">
          <button
            type="button"
            className="jp-mod-styled"
            onClick={() => void issue()}
          >
            {trans.__('Issue a key')}
          </button>
        </div>
      )}
      {failure && <Failure failure={failure} at={0} trans={trans} />}
    </section>
  );
}

function History(props: {
  work: readonly IDeployment[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { trans, work } = props;
  if (work.length === 0) {
    return null;
  }
  const locale = document.documentElement.lang || undefined;
  return (
    <section>
      <h2>{trans.__('Timeline')}</h2>
      <ol className="jp-labline-timeline">
        {work.map(one => (
          <li key={one.id}>
            <time dateTime={new Date(one.asked * 1000).toISOString()}>
              {moment(one.asked, locale)}
            </time>
            <span>
              <b>{one.actor}</b> {one.kind} {one.model} · {one.state}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
