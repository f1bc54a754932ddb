// The package has no types of its own; these are of what is used here.
declare module 'picomatch' {
  function picomatch(
    pattern: string,
    options?: { readonly nocase?: boolean; readonly windows?: boolean },
  ): (path: string) => boolean;
  export default picomatch;
}
