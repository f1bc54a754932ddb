// What this machine can do, and why not more; with a model, what it does with that.
import { type Audit, audit, auditPlan } from '../audit.ts';
import { describe } from '../errors.ts';
import { factsOf } from '../gpu/device.ts';
import { createEngine, destroyEngine } from '../gpu/executor.ts';
import { constantReader } from '../graph/constant.ts';
import type { LoadedWeights } from '../load.ts';
import { driversSay } from '../node/dawn.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { findPackage, installs } from '../node/webgpu.ts';
import { fastestOn, precisionsOf, tuned } from '../plan/choose.ts';
import { type Settled, settled } from '../settle.ts';
import type { Precision } from '../shader/source.ts';
import { toFloat64 } from '../weights/tensor.ts';
import { type Command, onePositional, shared, sharedHelp } from './command.ts';
import { output, percent } from './output.ts';
import { openWeights, refuseWithoutWeights } from './weights.ts';

const PACKAGES = ['webgpu', 'sharp', '@sparticuz/chromium'] as const;

export const doctor: Command = {
  usage: 'doctor [MODEL] [-w WEIGHTS] [--adapter software|hardware|NAME] [--enable a,b] [--disable a,b]',
  about: "adapter, features, limits, software or not, packages; of a model its card's self-test in every precision",
  help: {
    json: sharedHelp.json,
    adapter: sharedHelp.adapter,
    weights: sharedHelp.weights,
    card: sharedHelp.card,
    key: sharedHelp.key,
    'output-name': sharedHelp['output-name'],
    enable: sharedHelp.enable,
    disable: sharedHelp.disable,
  },
  options: {
    json: shared.json,
    adapter: shared.adapter,
    weights: shared.weights,
    card: shared.card,
    key: shared.key,
    'output-name': shared['output-name'],
    enable: shared.enable,
    disable: shared.disable,
  },
  async run(args) {
    const asked = args.positionals.length > 0 || args.text('weights') !== undefined;
    const model = args.positionals.length > 0 ? onePositional('doctor', args, 'MODEL') : undefined;
    if (!asked) refuseWithoutWeights(args, 'card', 'key');
    const weights = asked ? await openWeights(model, args) : null;
    const out = output(args.flag('json'));
    const packages = Object.fromEntries(
      await Promise.all(PACKAGES.map(async name => [name, (await findPackage(name))?.version ?? null] as const)),
    );
    const report: Record<string, unknown> & { auto?: Settled } = {
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      packages,
    };
    out.text(`node      ${process.version} on ${report.platform}`);
    for (const name of PACKAGES) out.text(`package   ${name} ${packages[name] ?? `missing: npm i ${installs[name]}`}`);
    const drivers = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].filter(name => process.env[name]);
    for (const name of drivers) out.text(`drivers   ${name}=${process.env[name]}`);
    const said = (await driversSay()).trimEnd().split('\n').filter(Boolean);
    report.drivers_say = said;
    for (const line of said) out.text(`they say  ${line}`);
    let code = 0;
    let device: GPUDevice | undefined;
    try {
      const opened = await nodeDevice({
        adapter: args.text('adapter'),
        enable: args.list('enable'),
        disable: args.list('disable'),
      });
      device = opened.device;
      const facts = factsOf(device);
      Object.assign(report, {
        adapter: facts.name,
        software: facts.software,
        features: facts.features,
        matrices: facts.matrices,
        limits: facts.limits,
      });
      out.text(`adapter   ${facts.name}`);
      out.text(`software  ${facts.software ? 'yes: right, but slow; it proves results, not speed' : 'no'}`);
      out.text(`features  ${facts.features.join(', ')}`);
      const forms = facts.matrices.map(({ m, n, k, operands, sums }) => `${m}×${n}×${k} ${operands} to ${sums}`);
      out.text(`matrices  ${forms.join(', ') || 'none'}`);
      out.text(`timing    ${facts.features.includes('timestamp-query') ? 'timestamps' : 'no timestamps: wall-clock times only'}`);
      const f16 = facts.features.includes('shader-f16') ? ', f16' : ' (no shader-f16, so no f16)';
      out.text(`precision f32, half${f16}; auto: ${fastestOn(facts)}`);
      for (const [limit, value] of Object.entries(facts.limits)) out.text(`limit     ${limit} ${value}`);
      if (opened.note) out.text(`note      ${opened.note}`);
    } catch (error) {
      code = 1;
      report.problem = describe(error);
      out.text(`adapter   none: ${report.problem}`);
    }
    if (device && weights) {
      const tests = await selfTests(device, weights);
      report.audits = tests;
      if (tests.length === 0) out.text(`self-test ${weights.network.canonical}: its card has none`);
      for (const test of tests) out.text(`self-test ${test.precision}${test.matrices ? ' by matrices' : ''}: ${verdict(test)}`);
      const facts = factsOf(device);
      const fastest = fastestOn(facts);
      report.auto = settled(fastest, facts, tuned, tests.find(({ precision }) => precision === fastest) ?? null);
      out.text(`auto      ${report.auto.precision}: ${report.auto.why}`);
      // f32 is what everything else falls back to.
      if (tests.some(({ precision, passed }) => precision === 'f32' && !passed)) code = 1;
    }
    device?.destroy();
    out.json(report);
    return code;
  },
};

/** `problem`: why the device could not run it; `matrices`: whether subgroup matrices multiply. */
type SelfTest = (Audit | { readonly precision: Precision; readonly passed: false; readonly problem: string }) & {
  readonly matrices: boolean;
};

function verdict(test: SelfTest): string {
  if ('problem' in test) return `could not run: ${test.problem}`;
  const { agreement, least, passed, precision } = test;
  const failed = precision === 'f32' ? 'failed: weights, card or driver are not as they should be' : 'failed: auto never takes it';
  return `${percent(agreement)} of the classes equal, ${percent(least)} asked: ${passed ? 'passed' : failed}`;
}

/** In every precision of the device; none where the card has no such test. */
async function selfTests(device: GPUDevice, { network, tensors, card }: LoadedWeights): Promise<SelfTest[]> {
  const engine = createEngine(device, await shaderLibrary());
  const [facts, read] = [factsOf(device), constantReader(tensors, toFloat64)];
  const tests: SelfTest[] = [];
  for (const precision of precisionsOf(facts.features)) {
    const material = { engine, facts, network, card, variants: 'auto', read, precision } as const;
    const matrices = auditPlan(material)?.steps.some(({ matrix }) => matrix) ?? false;
    try {
      const found = await audit(material);
      if (found) tests.push({ ...found, matrices });
    } catch (error) {
      tests.push({ precision, passed: false, problem: describe(error), matrices });
    }
  }
  destroyEngine(engine);
  return tests;
}
