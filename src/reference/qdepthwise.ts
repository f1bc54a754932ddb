// Truth for the depthwise convolution of codes: the general one with as many groups as channels.
export { qconv as qdepthwise } from './qconv.ts';
