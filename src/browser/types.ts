// The names of the page's own things: every DOM type that the rest of the house mentions.

/** What a page shows pictures with. The first two are read without a copy where the browser can, the others by a copy on the GPU. */
export type PagePicture =
  | HTMLVideoElement
  | VideoFrame
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | HTMLImageElement
  | ImageData
  | Blob
  | Response;

export type Canvas = HTMLCanvasElement | OffscreenCanvas;

/** What `stream` takes. Frames of a ReadableStream are closed by whoever reads them. */
export type StreamSource = HTMLVideoElement | MediaStream | ReadableStream<VideoFrame>;
