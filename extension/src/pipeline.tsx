import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asRequestError } from './asking';
import type { RequestError } from './request';
import { send } from './request';
import { CopyButton, Notice, Prose } from './sidebar/notice';

/** A file for a CI system that does what a dialog would do. */
interface IPipeline {
  /** Where it belongs in the repository. */
  readonly path: string;
  readonly text: string;
  readonly cli: string;
}

type System = 'github' | 'gitlab';

const SYSTEMS: readonly (readonly [System, string])[] = [
  ['github', 'GitHub Actions'],
  ['gitlab', 'GitLab CI']
];

/**
 * “Make this CI”: the pipeline that does what the form around it says, for whoever opens it.
 */
export function Pipeline(props: {
  /** What `POST ci` calls it. */
  action: string;
  body: object;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}): React.ReactElement {
  const { trans } = props;
  const [open, setOpen] = React.useState(false);
  const id = React.useId();
  return (
    <div className="jp-labline-pipeline">
      <button
        type="button"
        className="jp-labline-plainButton"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {trans.__('Make This CI')}
      </button>
      {open && (
        <div id={id}>
          <Written {...props} />
        </div>
      )}
    </div>
  );
}

function Written(
  props: React.ComponentProps<typeof Pipeline>
): React.ReactElement {
  const { trans } = props;
  const [system, setSystem] = React.useState<System>('github');
  const { failure, file } = useFile(system, props);
  const name = React.useId();
  return (
    <>
      <fieldset>
        <legend className="jp-sr-only">{trans.__('CI system')}</legend>
        {SYSTEMS.map(([value, label]) => (
          <label key={value} className="jp-labline-check">
            <input
              type="radio"
              name={name}
              checked={system === value}
              onChange={() => setSystem(value)}
            />
            {label}
          </label>
        ))}
      </fieldset>
      {failure && (
        <div role="alert">
          <Notice tone="error" title={failure.message}>
            <Prose text={failure.fix} />
          </Notice>
        </div>
      )}
      {file && (
        <figure>
          <figcaption>
            <code>{file.path}</code>
            <CopyButton
              text={file.text}
              label={trans.__('Copy the file')}
              trans={trans}
            />
          </figcaption>
          {/* A file that is longer than its place is scrolled by keyboard, too. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre tabIndex={0} aria-label={file.path}>
            {file.text}
          </pre>
        </figure>
      )}
    </>
  );
}

/** The file for what the form says now. */
function useFile(
  system: System,
  props: React.ComponentProps<typeof Pipeline>
): { file: IPipeline | null; failure: RequestError | null } {
  const { action, serverSettings } = props;
  const body = JSON.stringify(props.body);
  const [answer, setAnswer] = React.useState<{
    file: IPipeline | null;
    failure: RequestError | null;
  }>({ file: null, failure: null });
  React.useEffect(() => {
    let gone = false;
    const told = (file: IPipeline | null, failure: RequestError | null) =>
      gone || setAnswer({ file, failure });
    const asked = {
      action,
      body: JSON.parse(body) as object,
      platform: system
    };
    const timer = setTimeout(() => {
      send<IPipeline>('ci', asked, serverSettings).then(
        file => told(file, null),
        (error: unknown) => told(null, asRequestError(error))
      );
    }, SETTLED);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [action, body, serverSettings, system]);
  return answer;
}

/** Milliseconds without a change until the file is asked for. */
const SETTLED = 200;
