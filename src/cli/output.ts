// Where words go: results to stdout, everything else to stderr, progress only to a terminal.

import { AtrousError, describe, printable } from '../errors.ts';

/**
 * Lines for people. With `--json` only `json` writes to stdout. What moves a cursor is escaped, because file names and labels are in most lines; line
 * breaks around a line of text and between those of a block are ours.
 */
export interface Output {
  text(line: string): void;
  /** Several lines that we have laid out ourselves. */
  block(text: string): void;
  json(value: unknown): void;
  note(line: string): void;
  /** One line that is written over; nothing where stderr is a file or a pipe. */
  progress(line: string): void;
}

export function output(asJson: boolean): Output {
  const line = (stream: NodeJS.WriteStream, text: string): void => {
    clear();
    stream.write(`${text}\n`);
  };
  const people = asJson ? process.stderr : process.stdout;
  return {
    text: text =>
      line(
        people,
        text.replace(/^(\n*)([\s\S]*?)(\n*)$/, (_, before, own, after) => before + printable(own) + after),
      ),
    block: text => line(people, text.split('\n').map(printable).join('\n')),
    json: value => {
      if (asJson) line(process.stdout, JSON.stringify(value));
    },
    note: text => line(process.stderr, printable(text)),
    progress: text => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${printable(text)}`);
    },
  };
}

function clear(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** An error as one line on stderr, whatever file names and quoted parts hold. Returns the exit code. */
export function complain(error: unknown): number {
  const known = error instanceof AtrousError;
  const text = printable(
    describe(error)
      .trim()
      .replace(/\s*\n\s*/g, ' '),
  );
  process.stderr.write(`atrous: ${known ? '' : 'unexpected error, please report it: '}${text}\n`);
  return known && error.code === 'BAD_USAGE' ? 2 : 1;
}

/** A program's exit code. A closed pipe (`| head`) ends it in silence, a full disk behind stdout with a line, neither with a stack trace. */
export async function runProgram(work: () => Promise<number>): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') complain(new AtrousError('NOT_WRITABLE', `standard output can't be written: ${describe(error)}`));
    process.exit(1);
  });
  // Options are read before there is a promise to reject.
  process.exitCode = await (async () => work())().catch(complain);
}
