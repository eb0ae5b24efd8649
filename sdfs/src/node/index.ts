/** What SDFS needs of Node: files, block devices, cryptography. */
export { createImageFile, openFileDevice, type OpenedDevice, type OpenMode } from './file-device.ts';
export { nodeCrypto } from './node-crypto.ts';
export { openVolumeDevice, type PlacedVolume } from './open-volume-device.ts';
