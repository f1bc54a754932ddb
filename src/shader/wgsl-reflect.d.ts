// The package declares types for its main entry only, which does not load in Node; its module has the same exports.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
