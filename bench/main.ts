// The benchmark as a program: `npm run bench`, `atrous bench`, or `node dist/bench.js` on a machine that has nothing but `webgpu`.

import { description } from '../src/cli/bench.ts';
import { type Arguments, type Command, countOf, parse, precisionOf, sizeOf, usage, variantsOf } from '../src/cli/command.ts';
import { output, percent, runProgram } from '../src/cli/output.ts';
import { AtrousError } from '../src/errors.ts';
import { adapterName, factsOf } from '../src/gpu/device.ts';
import { findNetwork } from '../src/models/registry.ts';
import { nodeDevice, shaderLibrary } from '../src/node/engine.ts';
import { checkFile, resolveFrom, writeAtomic } from '../src/node/files.ts';
import { table } from '../src/plan/print.ts';
import { check } from './check.ts';
import { measureLimits } from './limits.ts';
import { measure, type Result } from './measure.ts';

/** Without --size: the paper's on a GPU, one that takes a second or less on a CPU adapter. */
const SIZES = { hardware: { h: 1024, w: 2048 }, software: { h: 128, w: 256 } };

const bench: Command = {
  ...description,
  async run(args) {
    const out = output(false);
    if (args.flag('help')) {
      out.text(usage(description));
      return 0;
    }
    checkAlone(args);
    const names = args.positionals.length > 0 ? args.positionals : ['regseg'];
    for (const name of names) findNetwork(name);
    const wish = { precision: precisionOf(args, 'f32'), variants: variantsOf(args), steps: args.flag('steps') };
    const runs = args.text('runs') === undefined ? undefined : countOf(args, 'runs', 1);
    const size = sizeOf(args);
    const file = args.text('json') === undefined ? null : resolveFrom(args.text('json')!);
    if (file) await checkFile(file);
    const { device, note } = await nodeDevice({
      adapter: args.text('adapter'),
      enable: args.list('enable'),
      disable: args.list('disable'),
    });
    if (note) out.note(note);
    try {
      const facts = factsOf(device);
      const library = await shaderLibrary();
      out.text(
        `adapter  ${adapterName(device.adapterInfo)}${facts.software ? ' — software: figures prove ratios, not speed' : ''}`,
      );
      if (args.flag('check')) return await check({ device, facts, library }, out);
      const limits = await measureLimits(device, facts.software);
      out.text(
        `limits   ${limits.multiply_add_gflops} GFLOP/s multiply-add, ${limits.copy_gb_per_s} GB/s copy, ${limits.dispatch_us} µs a dispatch`,
      );
      const results: Result[] = [];
      for (const model of names) {
        const result = await measure(
          { device, facts, library, limits },
          { ...wish, model, runs, size: size ?? SIZES[facts.software ? 'software' : 'hardware'] },
        );
        print(result, facts.software, out.text);
        results.push(result);
      }
      if (file) {
        const { limits: sizes, features, software } = facts;
        const toggles = { enable: args.list('enable'), disable: args.list('disable') };
        const report = {
          adapter: facts.name,
          limits: { ...limits, ...sizes, features, software },
          toggles,
          node: process.version,
          results,
          peers: [],
        };
        await writeAtomic(file, `${JSON.stringify(report, null, 1)}\n`);
        out.text(`wrote    ${file}`);
      }
      return 0;
    } finally {
      device.destroy();
    }
  },
};

/** `--check` times nothing, so options of timing are a mistake. */
function checkAlone(args: Arguments): void {
  if (!args.flag('check')) return;
  const unused = ['size', 'precision', 'variants', 'runs', 'json'].filter(option => args.text(option) !== undefined);
  const words = [...args.positionals, ...(args.flag('steps') ? ['--steps'] : []), ...unused.map(option => `--${option}`)];
  if (words.length > 0)
    throw new AtrousError('BAD_USAGE', `--check runs every kernel and the golden, and times nothing: leave out ${words.join(' ')}`);
}

function print(result: Result, software: boolean, line: (text: string) => void): void {
  const { wall_ms: wall, gpu_ms: gpu, cpu_reference: cpu, agreement } = result;
  line('');
  line(`${result.model} ${result.size} ${result.precision}${software ? ' (software adapter)' : ''}`);
  line(
    `  checked      plain rows = CPU reference at 64x128; classes equal ${percent(agreement.classes)}, logits within ${agreement.logits_error} (against ${agreement.against})`,
  );
  line(
    `  wall         median ${wall.median.toFixed(2)} ms, min ${wall.min.toFixed(2)}, p95 ${wall.p95.toFixed(2)}, n ${wall.n}: ${result.fps.toFixed(2)} FPS, ${result.throughput_fps.toFixed(2)} with several in flight`,
  );
  line(
    `  gpu          ${gpu ? `median ${gpu.median.toFixed(2)} ms, min ${gpu.min.toFixed(2)}, p95 ${gpu.p95.toFixed(2)}` : 'no timestamps on this adapter'}`,
  );
  line(
    `  reference    CPU ${cpu.fps} FPS (${cpu.extrapolated ? `measured at ${cpu.size}, scaled by MACs` : 'measured at this size'}): ${result.ratio}× as fast`,
  );
  line(
    `  work         ${result.dispatches} dispatches, ${result.pipelines} pipelines, ${(result.macs / 1e9).toFixed(3)} GMACs, ${(result.bytes / 1e6).toFixed(1)} MB moved, peak ${(result.peak_bytes / 1e6).toFixed(1)} MB, plan ${result.plan}`,
  );
  line(`  roofline     ${percent(result.roofline)} of what the adapter's own limits allow`);
  line(
    `  first frame  ${result.first_frame_ms.toFixed(0)} ms (compile ${result.first_frame.compile_ms.toFixed(0)}, run ${result.first_frame.run_ms.toFixed(0)})`,
  );
  if (!result.steps) return;
  const rows = result.steps.map(({ node, pipeline, us, floor_us: floor, macs }) => [
    node,
    pipeline,
    us.toFixed(0),
    floor.toFixed(0),
    percent(floor / us),
    ((2 * macs) / us / 1e3).toFixed(2),
  ]);
  line('');
  line(table(['step', 'pipeline', 'µs', 'floor µs', 'share', 'GFLOP/s'], rows));
}

await runProgram(() => bench.run(parse('bench', bench, process.argv.slice(2))));
