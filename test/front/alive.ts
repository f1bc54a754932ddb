// What a test counts on a device: buffers and textures that were made and not destroyed.

/** Enters what the device makes from now on into `alive`, with its label, and takes it out as it is destroyed. */
export function watchMade(device: GPUDevice, alive: Map<object, string>): void {
  for (const make of ['createBuffer', 'createTexture'] as const) {
    const create = device[make].bind(device) as (descriptor: object) => GPUBuffer | GPUTexture;
    Object.assign(device, {
      [make](descriptor: GPUObjectDescriptorBase) {
        const made = create(descriptor);
        alive.set(made, descriptor.label ?? '');
        const destroy = made.destroy.bind(made);
        return Object.assign(made, {
          destroy() {
            alive.delete(made);
            destroy();
          },
        });
      },
    });
  }
}
