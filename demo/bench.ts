// The visitor's adapter timed as `npm run bench` times: a warm-up, then thirty frames; beside what other machines have had.
/// <reference types="vite/client" />
import type { SegmentResult, Support } from 'atrous';
import type { RemoteSegmenter } from 'atrous/worker';
import { button, make, table, tell, tellError, the } from './page.ts';
import { quantile } from './timing.ts';

const WARM_UP = 5;
const RUNS = 30;
const HEAD = ['adapter', 'model', 'size', 'precision', 'ms, median', 'ms, 95 %', 'frames a second'] as const;

type Row = readonly string[];

interface StoredReport {
  readonly adapter: string;
  readonly results: readonly {
    readonly model: string;
    readonly size: string;
    readonly precision: string;
    readonly wall_ms: { readonly median: number; readonly p95: number };
    readonly fps: number;
  }[];
}

const reports = import.meta.glob<StoredReport>('../bench/results/*.json', { import: 'default' });
let mine: Row[] = [];

/** Rows of the repository's `bench/results`. */
export async function storedResults(): Promise<Row[]> {
  const all = await Promise.all(Object.values(reports).map(read => read()));
  return all.flatMap(({ adapter, results }) =>
    results.map(({ model, size, precision, wall_ms, fps }) =>
      row(adapter, model, size, precision, wall_ms.median, wall_ms.p95, fps),
    ),
  );
}

function row(adapter: string, model: string, size: string, precision: string, median: number, p95: number, fps: number): Row {
  return [adapter, model, size.replace('x', '×'), precision, median.toFixed(1), p95.toFixed(1), fps.toFixed(1)];
}

export function benchTab(
  found: Support | undefined,
  model: RemoteSegmenter | null,
  size: { height: number; width: number } | undefined,
): void {
  void storedResults().then(stored => {
    const start = button(`Time ${RUNS} frames here`, () => {
      start.disabled = true;
      time(model!, size)
        .then(measured => {
          mine = [...mine, measured];
          benchTab(found, model, size);
        })
        .catch(tellError)
        .finally(() => {
          start.disabled = false;
        });
    });
    start.disabled = model === null;
    const copy = button('Copy as Markdown', () => {
      navigator.clipboard.writeText(markdown([HEAD, ...mine, ...stored])).then(() => tell('copied'), tellError);
    });
    the('bench').replaceChildren(
      make(
        'p',
        {},
        `The sample picture, ${WARM_UP} frames to warm up, then ${RUNS}: from the picture to the class map in memory. Nothing is uploaded.`,
      ),
      make('div', { className: 'row' }, start, copy),
      table([HEAD, ...mine, ...stored]),
    );
  });
}

/** Throws what `segment` throws. */
async function time(model: RemoteSegmenter, size: { height: number; width: number } | undefined): Promise<Row> {
  const times: number[] = [];
  let info: SegmentResult['info'] | undefined;
  for (let n = 0; n < WARM_UP + RUNS; n++) {
    const start = performance.now();
    ({ info } = await model.segment(the('still'), size ? { size } : {}));
    if (n >= WARM_UP) times.push(performance.now() - start);
    tell(n < WARM_UP ? `warming up ${n + 1} of ${WARM_UP} …` : `frame ${n + 1 - WARM_UP} of ${RUNS} …`);
  }
  tell('timed');
  const median = quantile(times, 0.5);
  const { adapter, model: name, precision, height, width } = info!;
  return row(`${adapter} (here)`, name, `${height}x${width}`, precision, median, quantile(times, 0.95), 1000 / median);
}

function markdown(rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${line(rows[0]!)}\n|${' --- |'.repeat(HEAD.length)}\n${rows.slice(1).map(line).join('\n')}\n`;
}
