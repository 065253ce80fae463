/**
 * How values are written. Pure: a value in, a string out.
 */

/** The server counts no further than this. */
const COUNT_LIMIT = 1000;

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1]
];

/**
 * How long ago `seconds` (since the epoch) was at `now`, as short as the language allows.
 */
export function ago(seconds: number, now: number, locale?: string): string {
  const past = Math.max(0, now - seconds);
  const [unit, size] = UNITS.find(([, size]) => past >= size) ?? ['second', 1];
  const format = new Intl.RelativeTimeFormat(locale, {
    numeric: 'auto',
    style: 'narrow'
  });
  return format.format(-Math.floor(past / size), unit);
}

/**
 * A moment in full, for a tooltip.
 */
export function moment(
  seconds: number,
  locale?: string,
  style: 'medium' | 'short' = 'medium'
): string {
  return new Date(seconds * 1000).toLocaleString(locale, {
    dateStyle: style,
    timeStyle: style
  });
}

/**
 * A stretch of time in its two largest units: `4.2 s`, `3 min 5 s`, `2 h 10 min`.
 */
export function span(seconds: number): string {
  if (seconds < 59.95) {
    return `${seconds < 9.95 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`;
  }
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * A stretch of time that somebody has set, in its largest unit: `24 h`, `90 min`, `7 d`.
 */
export function lasting(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60]
  ] as const;
  const whole = Math.round(seconds);
  const [unit, size] = units.find(
    ([unit, size]) => whole % size === 0 && (unit !== 'd' || whole > size)
  ) ?? ['s', 1];
  return `${whole / size} ${unit}`;
}

/**
 * A metric, to four significant digits.
 */
export function metric(value: number, locale?: string): string {
  if (!Number.isFinite(value)) {
    return String(value);
  }
  const far = value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6);
  const digits = new Intl.NumberFormat(locale, {
    maximumSignificantDigits: 4,
    notation: far ? 'scientific' : 'standard',
    useGrouping: false
  }).format(value);
  // The sign that is as wide as a plus.
  return digits.replace(/^-/, '−');
}

/**
 * A rate or a time as it was measured: to three digits, for the fourth is chance.
 */
export function measured(value: number, locale?: string): string {
  const near = Math.abs(value) < 100;
  return metric(
    near ? Number(value.toPrecision(3)) : Math.round(value),
    locale
  );
}

/** What `fit` noted by itself, such as `Ridge.training_score`. */
const NOTED = /\.training_/;

/**
 * The metrics of a run as pairs: those that somebody logged before those that were noted.
 */
export function metricsOf(
  values: Readonly<Record<string, number>>
): (readonly [string, number])[] {
  const all = Object.entries(values);
  return [
    ...all.filter(([name]) => !NOTED.test(name)),
    ...all.filter(([name]) => NOTED.test(name))
  ];
}

/**
 * A count as the server tells it; it stops counting at a thousand, and may not know.
 */
export function count(value: number | null): string {
  if (value === null) {
    return '–';
  }
  return value >= COUNT_LIMIT ? `${COUNT_LIMIT}+` : String(value);
}

/**
 * The last part of a path.
 */
export function fileName(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).pop() ?? path;
}

/**
 * What is to be promoted, in few letters: a model and version, or what was asked for.
 */
export function candidateName(promotion: {
  readonly candidate: string;
  readonly model: string | null;
  readonly version: number | null;
}): string {
  const { candidate, model, version } = promotion;
  if (model && version) {
    return `${model}/${version}`;
  }
  // A run without a name that people know it by.
  return /^[0-9a-f]{32}$/.test(candidate) ? candidate.slice(0, 8) : candidate;
}

/**
 * A URL without its scheme, where room is dear.
 */
export function place(url: string): string {
  return url.replace(/^\w+:\/\//, '');
}

/**
 * Parameters on one line: `alpha=0.5, name=a`.
 */
export function parameters(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${plain(value)}`)
    .join(', ');
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The beginning of a job's id; of a trial's, with its number in the sweep: it tells them apart. */
export function jobId(id: string): string {
  return id.replace(/^(.{8})[^-]*/, '$1');
}
