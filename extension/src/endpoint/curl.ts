/** Letters that an example may have in a command; beyond, its rows are left out. */
const LONGEST = 600;

/**
 * The command that asks an endpoint, with the rows of an example where they are known and few.
 */
export function curlOf(
  url: string,
  key: string,
  rows: readonly unknown[] = []
): string {
  const first = JSON.stringify({ rows: rows.slice(0, 1) });
  const body =
    rows.length && first.length <= LONGEST ? first : '{"rows": [{…}]}';
  return [
    `curl ${url}/predict`,
    `-H ${quoted(`Authorization: Bearer ${key}`)}`,
    `-H ${quoted('Content-Type: application/json')}`,
    `-d ${quoted(body)}`
  ].join(' ');
}

/** A word as a POSIX shell takes it as it is. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
