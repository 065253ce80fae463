import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asRequestError } from '../asking';
import { measured } from '../format';
import type { RequestError } from '../request';
import { send } from '../request';
import { Failure } from '../sidebar/failure';
import { CopyButton, Notice } from '../sidebar/notice';
import { curlOf } from './curl';
import type { IPrediction } from './records';
import type { Known } from './view';

/**
 * How to ask the endpoint: a command to copy, a key for it, and what the example is answered.
 */
export function Trying(props: Known): React.ReactElement {
  const { detail, name, serverSettings, trans } = props;
  const [key, setKey] = React.useState('');
  const [shown, setShown] = React.useState(false);
  const [tried, setTried] = React.useState<IPrediction | null>(null);
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  const [busy, setBusy] = React.useState(false);
  const post = async <T,>(verb: string, done: (answer: T) => void) => {
    setBusy(true);
    try {
      const path = `endpoints/${encodeURIComponent(name)}/${verb}`;
      done(await send<T>(path, {}, serverSettings));
      setFailure(null);
    } catch (error) {
      setFailure(asRequestError(error));
    }
    setBusy(false);
  };
  const { url } = detail.endpoint;
  return (
    <section>
      <h2>{trans.__('Ask it')}</h2>
      <Secret
        text={curlOf(url, key || 'KEY', tried?.rows)}
        hidden={curlOf(url, key && !shown ? DOTS : key || 'KEY', tried?.rows)}
        label={trans.__('Copy the command')}
        trans={trans}
      />
      <div className="jp-labline-actions">
        <button
          type="button"
          className="jp-mod-styled"
          disabled={busy}
          onClick={() => void post<IPrediction>('predict', setTried)}
        >
          {trans.__('Send the Example')}
        </button>
        {!key && (
          <button
            type="button"
            className="jp-mod-styled"
            disabled={busy}
            onClick={() =>
              void post<{ key: string }>('keys', issued => setKey(issued.key))
            }
          >
            {trans.__('Issue a Key')}
          </button>
        )}
        {!key && (
          <span className="jp-labline-quiet">
            {trans.__('A request needs a key; keys are not kept anywhere.')}
          </span>
        )}
      </div>
      {key && (
        <Notice
          tone="warn"
          title={trans.__('Keep this key: it is gone with this page')}
        >
          <Secret
            text={key}
            hidden={shown ? key : DOTS}
            label={trans.__('Copy the key')}
            trans={trans}
          />
          <label className="jp-labline-check">
            <input
              type="checkbox"
              checked={shown}
              onChange={event => setShown(event.target.checked)}
            />
            {trans.__('Show it; the command above has it when it is copied')}
          </label>
        </Notice>
      )}
      <div role="status">{tried && <Answer tried={tried} trans={trans} />}</div>
      {failure && (
        <div role="alert">
          <Failure failure={failure} at={0} trans={trans} />
        </div>
      )}
    </section>
  );
}

const DOTS = '••••••••';

/** A line that is copied whole, though a part of it is not shown. */
function Secret(props: {
  text: string;
  hidden: string;
  label: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { hidden, label, text, trans } = props;
  return (
    <div className="jp-labline-command">
      <code>{hidden}</code>
      <CopyButton text={text} label={label} trans={trans} />
    </div>
  );
}

function Answer(props: {
  tried: IPrediction;
  trans: TranslationBundle;
}): React.ReactElement {
  const { tried, trans } = props;
  return (
    <figure className="jp-labline-answer">
      <figcaption className="jp-labline-quiet">
        {trans._n(
          'Answered in %2 ms, for the example of %1 row:',
          'Answered in %2 ms, for the example of %1 rows:',
          tried.rows.length,
          measured(tried.milliseconds)
        )}
      </figcaption>
      <code>{JSON.stringify(tried.answer)}</code>
    </figure>
  );
}
