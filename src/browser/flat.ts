// 2-D canvases of a page, which take what another canvas shows.

export type Flat = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Every pixel becomes the picture's, whatever else is drawn with the context. */
export function replace(flat: Flat, picture: CanvasImageSource): void {
  flat.save();
  Object.assign(flat, { globalCompositeOperation: 'copy', globalAlpha: 1, filter: 'none', shadowColor: 'transparent' });
  flat.resetTransform();
  flat.drawImage(picture, 0, 0);
  flat.restore();
}
