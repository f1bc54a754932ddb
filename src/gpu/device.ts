// From an adapter to a device with all that the engine can use, and to the facts that plans are made from.
import { AtrousError, describe } from '../errors.ts';
import type { AdapterFacts } from '../plan/choose.ts';
import type { MatrixForm } from '../shader/source.ts';

/** Limits worth asking for: the sizes of buffers and pictures. All others stay at WebGPU's defaults, so that plans run everywhere. */
const RAISED = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxTextureDimension2D'] as const;
/** Experimental, behind a flag of browsers and of Dawn: subgroup matrices, and with these a word on the size of subgroups. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;
export const SIZED = 'subgroup-size-control' as GPUFeatureName;
/** What the engine has a use for. */
export const FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups'];

/** What adapters said of themselves, by device: Dawn's devices leave the forms of matrices out of what they repeat of it. */
const origins = new WeakMap<GPUDevice, GPUAdapterInfo>();

export async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits = Object.fromEntries(RAISED.map(limit => [limit, adapter.limits[limit]]));
  const matrices = adapter.features.has(MATRIX_FEATURE) ? [MATRIX_FEATURE, SIZED] : [];
  const requiredFeatures = [...FEATURES, ...matrices].filter(feature => adapter.features.has(feature));
  try {
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures, label: 'atrous' });
    origins.set(device, adapter.info);
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
  return {
    name: adapterName(device.adapterInfo),
    id: adapterId(device.adapterInfo),
    software: isSoftware(device.adapterInfo),
    features: [...device.features].sort(),
    limits: { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension, maxTextureDimension2D },
    matrices: matricesOf(device),
  };
}

/** What a version of the browser that has the feature says of it. */
interface MatrixInfo extends GPUAdapterInfo {
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

/** Forms that fit the tiles of `shaders/lib/matrix.product.wgsl`, in subgroups whose size is known. */
function matricesOf(device: GPUDevice): MatrixForm[] {
  const { features, adapterInfo } = device;
  const { subgroupMatrixConfigs = [], subgroupMinSize, subgroupMaxSize } = (origins.get(device) ?? adapterInfo) as MatrixInfo;
  const sized = subgroupMinSize !== subgroupMaxSize;
  if (!features.has(MATRIX_FEATURE) || (sized && !features.has(SIZED))) return [];
  return [...subgroupMatrixConfigs].flatMap(({ componentType: operands, resultComponentType: sums, M: m, N: n, K: k }) => {
    const form = { m, n, k, operands, sums, lanes: subgroupMinSize, sized } as MatrixForm;
    return isUsable(form) ? [form] : [];
  });
}

const SIDES: readonly number[] = [8, 16];

export function isUsable({ m, n, k, operands, sums, lanes }: MatrixForm): boolean {
  if (operands !== 'f16' || sums !== 'f32') return false;
  return [m, n, k].every(side => SIDES.includes(side)) && [8, 16, 32, 64].includes(lanes) && (m * n) / 4 >= lanes;
}
