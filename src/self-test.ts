// What a model is held to before anybody sees its classes: the card's check on this adapter, three frames of it, since some drivers are right in the first
// alone. What passed is remembered by all that it depends on, so that it is done once.
import { audit, auditPlan } from './audit.ts';
import type { Material } from './pipeline.ts';
import type { Plan } from './plan/plan.ts';
import { sha256 } from './weights/digest.ts';
import type { Tensors } from './weights/tensor.ts';

/** `once`: unless it passed before; `always`; false: never. */
export type SelfTest = 'once' | 'always' | false;

/** What a platform remembers between programs. Both never throw. */
export interface Memory {
  recall(key: string): Promise<boolean>;
  keep(key: string): Promise<void>;
}

const FRAMES = 3;

/** A model on an adapter, and where what passed is remembered; null: nowhere. */
export interface Subject {
  readonly material: Material;
  readonly tensors: Tensors;
  /** What the platform knows of what is below the adapter. */
  readonly driver: string;
  readonly memory: Memory | null;
}

/** Is it known that the self-test holds? */
export async function passedBefore(subject: Subject): Promise<boolean> {
  const { memory, material } = subject;
  const plan = memory && auditPlan(material);
  return plan ? memory.recall(await keyOf(subject, plan)) : false;
}

/**
 * Runs the self-test of a model, unless it passed before; a card without one has nothing to fail. Throws `BAD_ADAPTER` where classes are wrong, and as
 * `audit` does.
 */
export async function selfTest(subject: Subject): Promise<void> {
  const { material, memory } = subject;
  const plan = auditPlan(material);
  if (!plan) return;
  const key = memory && (await keyOf(subject, plan));
  if (key && (await memory.recall(key))) return;
  const found = (await audit(material, FRAMES))!;
  if (found.passed) {
    if (key) await memory.keep(key);
    return;
  }
  throw (await import('./self-test-failure.ts')).failure(found, plan, material);
}

/** All that a verdict depends on: the adapter and what is below it, the weights, the plan, and its programs. */
async function keyOf({ material, tensors, driver }: Subject, plan: Plan): Promise<string> {
  const { engine, facts } = material;
  const { library } = engine;
  const { precision } = plan;
  await library.load(
    plan.steps.map(({ shader }) => shader),
    precision,
  );
  const programs = new Set(plan.steps.map(({ shader, store }) => library.text(shader, precision, store)));
  const names = [...tensors.keys()].sort();
  const weights = await Promise.all(names.map(name => sha256(tensors.get(name)!.bytes)));
  const text = JSON.stringify([facts.name, facts.features, driver, plan.hash, [...programs], names, weights]);
  return sha256(new TextEncoder().encode(text));
}
