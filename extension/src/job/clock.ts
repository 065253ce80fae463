/**
 * When a notebook is to be run: now, or by a cron rule. Pure: no widget, no server.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

/** A rule as it was typed. */
export interface IClock {
  /** Whether there is one; now else. */
  readonly on: boolean;
  readonly cron: string;
  readonly timezone: string;
  /** Which notebook then runs: as it is saved then, or as it is now. */
  readonly runs: '' | 'latest' | 'snapshot';
  /** Whether to make up for what comes while no worker is up. */
  readonly catchUp: boolean;
  readonly name: string;
}

/** Now; a rule that is begun has the time zone of whoever looks at it. */
export function now(): IClock {
  return {
    on: false,
    cron: '',
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
    runs: '',
    catchUp: false,
    name: ''
  };
}

/** The time zones that a browser knows. */
export function zones(): readonly string[] {
  // Part of the language since 2022; a library for older ones does not say so.
  const known = Intl as { supportedValuesOf?: (key: 'timeZone') => string[] };
  return ['UTC', ...(known.supportedValuesOf?.('timeZone') ?? [])];
}

/** What is wrong with a rule, by the name of the option. */
export function clockComplaints(
  clock: IClock,
  trans: TranslationBundle
): Map<string, string> {
  const found = new Map<string, string>();
  const cron = clock.cron.trim();
  if (!/^\S+(?:\s+\S+){4,5}$/.test(cron)) {
    const says = cron
      ? trans.__(
          '“%1” is no rule: write minute, hour, day, month and weekday.',
          cron
        )
      : trans.__('Write when: minute, hour, day, month and weekday.');
    found.set('option:cron', says);
  }
  if (!clock.runs) {
    found.set('option:runs', trans.__('Say which notebook is to run.'));
  }
  if (!clock.timezone.trim()) {
    found.set('option:timezone', trans.__('Name a time zone.'));
  }
  if (!/^[\w.-]{0,100}$/.test(clock.name.trim())) {
    const says = trans.__('Use letters, digits, “-”, “_” and “.” only.');
    found.set('option:name', says);
  }
  return found;
}
