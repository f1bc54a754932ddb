// Where words go: results to stdout, everything else to stderr, progress only to a terminal.

/** A line of result. With `--json` only `json` writes to stdout. */
export interface Output {
  text(line: string): void;
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
  return {
    text: text => line(asJson ? process.stderr : process.stdout, text),
    json: value => {
      if (asJson) line(process.stdout, JSON.stringify(value));
    },
    note: text => line(process.stderr, text),
    progress: text => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
    },
  };
}

function clear(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
