// From an adapter to a device with all that the engine can use, and to the facts that plans are made from.
import { AtrousError, describe } from '../errors.ts';
import { OCTETS } from '../kernels/kernel.ts';
import type { AdapterFacts } from '../plan/choose.ts';
import { MATRIX_FEATURE, SIZED } from './flags.ts';

/** Limits worth asking for: the sizes of buffers and pictures. All others stay at WebGPU's defaults, so that plans run everywhere. */
const RAISED = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxTextureDimension2D'] as const;
/** What the engine has a use for. */
export const FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups'];

/** By device what it doesn't say itself: its adapter's matrices, of which Dawn's devices repeat a part, and features of its language, where somebody has looked. */
const learned = new WeakMap<GPUDevice, Partial<AdapterFacts>>();

/** From then on `factsOf` says so. */
export function learn(device: GPUDevice, facts: Partial<AdapterFacts>): void {
  learned.set(device, { ...learned.get(device), ...facts });
}

/** Before `factsOf`, of a device that may have subgroup matrices: how their adapter has them. */
export async function learnMatrices(device: GPUDevice, info: GPUAdapterInfo): Promise<void> {
  if (!device.features.has(MATRIX_FEATURE) || learned.get(device)?.matrices) return;
  const { matricesOf } = await import('./matrices.ts');
  learn(device, { matrices: matricesOf(device, info) });
}

export async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits = Object.fromEntries(RAISED.map(limit => [limit, adapter.limits[limit]]));
  const matrices = adapter.features.has(MATRIX_FEATURE) ? [MATRIX_FEATURE, SIZED] : [];
  const requiredFeatures = [...FEATURES, ...matrices].filter(feature => adapter.features.has(feature));
  try {
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures, label: 'atrous' });
    await learnMatrices(device, adapter.info);
    return device;
  } catch (error) {
    throw new AtrousError('NO_ADAPTER', `${adapterName(adapter.info)} gave no device: ${describe(error)}`, { cause: error });
  }
}

/** All that an adapter says of itself, in one line. */
export function adapterName(info: GPUAdapterInfo): string {
  const about = [info.vendor, info.architecture, info.description].filter(Boolean).join(', ');
  return about ? `${info.device || 'adapter'} (${about})` : info.device || 'adapter';
}

/** Is it a CPU behind a GPU's interface? Dawn calls a Vulkan device of type CPU a fallback; the names are for drivers that report another type. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic[- ]render|\bwarp\b/i.test(adapterName(info));
}

/** `<vendor>-<architecture>` as a file can be called. */
export function adapterId({ vendor, architecture }: Pick<GPUAdapterInfo, 'vendor' | 'architecture'>): string {
  return `${vendor || 'unknown'}-${architecture || 'unknown'}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

export function factsOf(device: GPUDevice): AdapterFacts {
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension, maxTextureDimension2D } = device.limits;
  const { adapterInfo } = device;
  const octets = adapterInfo.subgroupMinSize === 8 && adapterInfo.subgroupMaxSize === 8 ? [OCTETS] : [];
  return {
    name: adapterName(adapterInfo),
    id: adapterId(adapterInfo),
    software: isSoftware(adapterInfo),
    features: [...device.features, ...octets].sort(),
    limits: { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension, maxTextureDimension2D },
    matrices: [],
    ...learned.get(device),
  };
}
