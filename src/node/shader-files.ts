// In development shaders are read from their folder and reflected as they are used; a build has both embedded.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reflect, type ShaderFacts } from '../shader/reflect.ts';
import { assemble, type Codec, type ShaderLibrary, type ShaderTexts } from '../shader/source.ts';

export function readShaders(folder = fileURLToPath(new URL('../../shaders', import.meta.url))): ShaderTexts {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.wgsl'));
  return new Map(
    files.sort().map(file => [file.slice(0, -'.wgsl'.length).replaceAll('\\', '/'), readFileSync(`${folder}/${file}`, 'utf8')]),
  );
}

export function fileLibrary(texts: ShaderTexts = readShaders()): ShaderLibrary {
  const known = new Map<string, ShaderFacts>();
  const facts = (shader: string, precision: Codec): ShaderFacts => {
    const key = `${shader}/${precision}`;
    const found = known.get(key) ?? reflect(assemble(texts, shader, precision), shader);
    known.set(key, found);
    return found;
  };
  return {
    brief: shader => facts(shader, 'f32'),
    load: async () => {},
    text: (...wanted) => assemble(texts, ...wanted),
    facts,
  };
}
