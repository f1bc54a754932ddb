// Truth for the convolution of any geometry: it is the dense one's too.
export { conv as slide } from './conv.ts';
