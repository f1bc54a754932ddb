// Truth for the depthwise convolution: the general one with as many groups as channels.
export { slide as depthwise } from './slide.ts';
