// The words of the benchmark: what is refused before anything is opened, and that help names every option.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { description } from '../../src/cli/bench.ts';
import { at, captured, complained, home, type Outcome, repository, save } from '../cli/harness.ts';
import { onnx } from '../onnx/writer.ts';
import { encode, type Field, int, message, text } from '../weights/protobuf.ts';

const { argv, exitCode } = process;
const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));
// Every run listens to its end.
process.stdout.setMaxListeners(0);
let runs = 0;

/** A run in this process, which has its modules already: a program that is imported by another name begins anew. contract.test.ts has processes of its own. */
const bench = (...words: string[]): Promise<Outcome> =>
  captured(async () => {
    try {
      process.argv = [...argv.slice(0, 2), ...words];
      // By its ending the program knows that it is no bundle.
      await import(`../../bench/main.ts?${runs++}.ts`);
      return Number(process.exitCode);
    } finally {
      process.argv = argv;
      process.exitCode = exitCode;
    }
  });

test('usage mistakes', async () => {
  save('no.onnx', 'no network');
  save(
    'tiny.onnx',
    onnx({ inputs: { x: [1, 3, 'h', 'w'] }, outputs: ['y'], nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }] }),
  );
  const wrong: [string[], ...(string | RegExp)[]][] = [
    [['--check', '--tune', '--peers', '--size', '1x1'], '--check', '--tune', '--peers', '--size'],
    [['--tune', '--variants', 'plain'], '--tune', '--variants plain'],
    [['--onnx', 'no.onnx'], '--onnx no.onnx', '--peers'],
    [['--peers', '--onnx', 'no.onnx'], '--onnx', at('no.onnx'), '1×3×H×W'],
    [['--peers', 'regseg', 'regseg-large', '--onnx', 'no.onnx'], '--onnx', 'one network'],
    [['--size', '64x128,12'], '--size 12', '512x1024'],
    [['--size', '64x128,'], '--size', 'height×width'],
    [['--runs', '0'], '--runs 0'],
    [['--against', repository, '--tune', '--steps'], '--against', '--steps --tune'],
    [['--against', repository, '--runs', '14'], '--runs 14', '15 pairs'],
    [['nothing'], '"nothing"'],
    [['tiny.onnx', '--peers', '--onnx', 'no.onnx'], '--onnx no.onnx', 'tiny.onnx is a file'],
    [['-w', 'x.pth'], "Unknown option '-w'", '--tune'],
  ];
  const outcomes = [];
  for (const [words] of wrong) outcomes.push(await bench(...words));
  for (const [n, [, ...parts]] of wrong.entries()) complained(outcomes[n], 2, ...parts);
});

test('files that are not there', async () => {
  complained(await bench('--peers', '--onnx', 'none.onnx'), 1, at('none.onnx'));
  complained(await bench('none.onnx', '--peers'), 1, at('none.onnx'));
  complained(await bench('--json', '/proc/x/y.json'), 1, '/proc/x');
  complained(await bench('--against', 'nowhere'), 1, `--against ${at('nowhere')}`, 'bench/main.ts', 'checkout');
});

test('--onnx and --size must say the same', async () => {
  const port = (id: number, name: string, channels: number): Field => {
    const dims = [1, channels, 128, 256].map(size => message(1, int(1, size)));
    return message(id, text(1, name), message(2, message(1, int(1, 1), message(2, ...dims))));
  };
  save('ports.onnx', encode([int(1, 8), message(8, int(2, 16)), message(7, port(11, 'x', 3), port(12, 'scores', 19))]));
  complained(
    await bench('--peers', '--onnx', 'ports.onnx', '--size', '256x512'),
    2,
    '--size 256x512',
    '128x256',
    'leave --size out',
  );
});

test('help has a line for every option', async () => {
  const { code, out } = await bench('--help');
  assert.is(code, 0);
  for (const option of Object.keys(description.options)) assert.match(out, new RegExp(`^  --${option}(, -\\w)?  +\\S`, 'm'));
});

test.run();
