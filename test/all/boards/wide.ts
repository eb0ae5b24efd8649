/**
 * A PC with one of each kind of hardware that people attach: `npm run test:all` compiles its
 * kernel, because what a type offers has to compile. Nothing boots from it.
 */
import { defineBoard, type Demand, type KernelSymbols } from '@cocon-os/engine';

import { board as pc } from '../../../boards/pc.ts';

/** Of five makers and more. */
function networkCards(k: KernelSymbols): readonly Demand[] {
  return [
    k.ETHERNET,
    k.NET_VENDOR_INTEL,
    k.E1000,
    k.E1000E,
    k.IGB,
    k.IGC,
    k.NET_VENDOR_REALTEK,
    k['8139CP'],
    k['8139TOO'],
    k.R8169,
    k.NET_VENDOR_BROADCOM,
    k.TIGON3,
    k.BNXT,
    k.NET_VENDOR_MELLANOX,
    k.MLX4_EN,
    k.MLX5_CORE,
    k.MLX5_CORE_EN,
    k.NET_VENDOR_AQUANTIA,
    k.AQTION,
    k.NET_VENDOR_AMD,
    k.PCNET32,
    k.INFINIBAND,
    k.MLX4_INFINIBAND,
  ];
}

function radio(k: KernelSymbols): readonly Demand[] {
  return [
    k.WIRELESS,
    k.CFG80211,
    k.MAC80211,
    k.WLAN,
    k.WLAN_VENDOR_ATH,
    k.ATH9K,
    k.ATH9K_PCI,
    k.WLAN_VENDOR_BROADCOM,
    k.BRCMFMAC,
    k.BRCMFMAC_PCIE,
    k.WLAN_VENDOR_INTEL,
    k.IWLWIFI,
    k.IWLMVM,
    k.WLAN_VENDOR_REALTEK,
    k.RTL8XXXU,
    k.BT,
    k.BT_BREDR,
    k.BT_LE,
    k.BT_HCIBTUSB,
  ];
}

function sensors(k: KernelSymbols): readonly Demand[] {
  return [
    k.I2C,
    k.SPI,
    k.IIO,
    k.IIO_BUFFER,
    k.IIO_TRIGGERED_BUFFER,
    k.BME680,
    k.BMP280,
    k.IIO_ST_LSM6DSX,
    k.MCP3422,
    k.TSL2583,
    k.SCD4X,
    k.HWMON,
    k.SENSORS_LM75,
  ];
}

function sound(k: KernelSymbols): readonly Demand[] {
  return [
    k.SOUND,
    k.SND,
    k.SND_PCI,
    k.SND_HDA_INTEL,
    k.SND_HDA_CODEC_REALTEK,
    k.SND_HDA_CODEC_HDMI,
    k.SND_USB,
    k.SND_USB_AUDIO,
    k.SND_SOC,
    k.SND_SIMPLE_CARD,
    k.SND_SOC_PCM5102A,
    k.SND_SOC_WM8960,
  ];
}

function displays(k: KernelSymbols): readonly Demand[] {
  return [
    k.DRM,
    k.DRM_SIMPLEDRM,
    k.DRM_VIRTIO_GPU,
    k.DRM_I915,
    k.DRM_PANEL,
    k.FB,
    k.FRAMEBUFFER_CONSOLE,
    k.VT,
    k.BACKLIGHT_CLASS_DEVICE,
  ];
}

function usbAndCameras(k: KernelSymbols): readonly Demand[] {
  return [
    k.USB_SUPPORT,
    k.USB,
    k.USB_XHCI_HCD,
    k.USB_EHCI_HCD,
    k.USB_STORAGE,
    k.USB_UAS,
    k.USB_SERIAL,
    k.USB_SERIAL_FTDI_SIO,
    k.USB_SERIAL_CP210X,
    k.USB_ACM,
    k.HID_SUPPORT,
    k.HID,
    k.USB_HID,
    k.HID_GENERIC,
    k.USB_NET_DRIVERS,
    k.USB_USBNET,
    k.USB_NET_CDCETHER,
    k.USB_RTL8152,
    k.MEDIA_SUPPORT,
    k.MEDIA_USB_SUPPORT,
    k.MEDIA_CAMERA_SUPPORT,
    k.VIDEO_DEV,
    k.USB_VIDEO_CLASS,
    k.STAGING,
  ];
}

export const board = defineBoard({
  name: 'wide',
  summary: 'PC with network cards, Wi-Fi, sensors, sound, displays, USB and cameras',
  target: 'x86_64',
  commandLine: pc.commandLine,
  kernel: (k) => [
    ...pc.kernel(k),
    ...networkCards(k),
    ...radio(k),
    ...sensors(k),
    ...sound(k),
    ...displays(k),
    ...usbAndCameras(k),
  ],
});
