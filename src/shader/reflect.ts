// What a shader says of itself, read from its text: the only source of bind-group layouts and parameter offsets.
import { ArrayInfo, TemplateInfo, type TypeInfo, WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { AtrousError } from '../errors.ts';

export interface Binding {
  readonly name: string;
  readonly binding: number;
  /** `integers`: a texture of u32; `texels`: a storage texture of four float32 that is read. */
  readonly kind: 'uniform' | 'read' | 'write' | 'texture' | 'integers' | 'external' | 'texels';
}

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly type: string;
}

/** Plain JSON, so that builds can embed it and browsers never load the parser. */
export interface ShaderFacts {
  readonly bindings: readonly Binding[];
  /** The uniform struct `Params`, with its size in bytes. */
  readonly params: { readonly size: number; readonly fields: readonly Field[] };
  readonly overrides: Readonly<Record<string, 'bool' | 'u32'>>;
  /** Invocations of a workgroup, or the override that says how many. */
  readonly workgroup: number | string;
}

const PARAMETER_TYPES = new Set(['u32', 'f32', 'vec2u', 'vec4u', 'vec4f']);

/**
 * What the parser has no words for: types of subgroup matrices, and which a call is of. Neither says anything of bindings, parameters or overrides; a device
 * holds what is read of those against its own reading when it makes the pipeline with these layouts.
 */
const UNREAD = /^alias \w+ = subgroup_matrix_.*$|(?<=\bsubgroupMatrix\w+)<[^>]*>/gm;

/** Throws `BAD_SHADER` where the house's rules are broken: one entry `main`, group 0, bindings 0, 1, 2 …, params first, outputs last. */
export function reflect(text: string, shader: string): ShaderFacts {
  const fail = (sentence: string): never => {
    throw new AtrousError('BAD_SHADER', `shaders/${shader}.wgsl: ${sentence}`);
  };
  let module: WgslReflect;
  try {
    module = new WgslReflect(text.replace(UNREAD, ''));
  } catch (error) {
    return fail(`does not parse: ${error instanceof Error ? error.message : error}`);
  }
  if (module.entry.compute.length !== 1 || module.entry.compute[0].name !== 'main') fail('must have exactly one entry point, main');
  const variables = [...module.uniforms, ...module.storage, ...module.textures].sort((a, b) => a.binding - b.binding);
  const bindings = variables.map(({ name, binding, group, access, type }, index): Binding => {
    if (group !== 0 || binding !== index)
      fail(`"${name}" is @group(${group}) @binding(${binding}), expected @group(0) @binding(${index})`);
    if (module.textures.some(texture => texture.name === name)) return { name, binding, kind: textureKind(type) };
    if (module.uniforms.some(uniform => uniform.name === name)) return { name, binding, kind: 'uniform' };
    if (type.name === 'texture_storage_2d') return { name, binding, kind: 'texels' };
    if (!(type instanceof ArrayInfo)) fail(`"${name}" must be an array`);
    return { name, binding, kind: access === 'read' ? 'read' : 'write' };
  });
  const order = bindings.map(({ kind }) => (kind === 'uniform' ? 0 : kind === 'write' ? 2 : 1));
  if (bindings[0]?.kind !== 'uniform' || order.some((rank, n) => n > 0 && (rank < order[n - 1] || rank === 0)))
    fail('bindings must be params, inputs, weights, outputs');
  const struct = module.structs.find(({ name }) => name === 'Params');
  if (!struct) return fail('has no struct Params');
  const fields = struct.members.map(({ name, offset, type }): Field => {
    if (!PARAMETER_TYPES.has(type.name))
      fail(`parameter "${name}" is ${type.name}, allowed are ${[...PARAMETER_TYPES].join(', ')}`);
    return { name, offset, type: type.name };
  });
  const overrides = Object.fromEntries(
    module.overrides.map(({ name, type }) => [name, type?.name === 'bool' ? ('bool' as const) : ('u32' as const)]),
  );
  const workgroup = workgroupSize(module, text);
  if (!(typeof workgroup === 'string' ? overrides[workgroup] === 'u32' : workgroup > 0))
    fail('needs a @workgroup_size that is a number, a const or an override');
  // A uniform's binding is a multiple of 16 bytes.
  return { bindings, params: { size: Math.ceil(struct.size / 16) * 16, fields }, overrides, workgroup };
}

function textureKind(type: TypeInfo): Binding['kind'] {
  if (type.name === 'texture_external') return 'external';
  return type instanceof TemplateInfo && type.format?.name === 'u32' ? 'integers' : 'texture';
}

/** The first dimension of @workgroup_size: a number, or the name of a constant of the text, or of what may be an override. */
function workgroupSize(module: WgslReflect, text: string): number | string {
  const attribute = module.entry.compute[0]?.attributes?.find(({ name }) => name === 'workgroup_size');
  const size = String([attribute?.value ?? []].flat()[0]);
  const constant = /^\d+$/.test(size) ? size : new RegExp(`const ${size} = (\\d+)u;`).exec(text)?.[1];
  return constant === undefined ? size : Number(constant);
}
