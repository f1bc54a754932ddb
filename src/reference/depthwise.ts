// Truth for the depthwise convolution: the general one with as many groups as channels.
export { conv as depthwise } from './conv.ts';
