const COMMAND = /^(?:(.*?:)\s*)?(pip install \S+|(?:labline|%log) .+?)\s*$/s;

/** What a fix says, and the command at its end; empty where it has none. */
export function parted(fix: string): readonly [string, string] {
  const found = COMMAND.exec(fix);
  return found ? [found[1] ?? '', found[2] as string] : [fix, ''];
}
